"""The verbs: load, judge, transition, save. The only writer of requests.

Whoever calls, through whatever channel, meets the same checks here: state, policy and actor are read again
at every verb. Every verb raises a `Refused` when the answer is no. One short file for each kind of verb.
"""

from app.workflow.beating import Beating
from app.workflow.deciding import NO_WHY, Deciding
from app.workflow.deputising import Deputising
from app.workflow.emergency import Emergency
from app.workflow.ending import Ending
from app.workflow.following import Following
from app.workflow.more_time import MoreTime
from app.workflow.offline import Offline
from app.workflow.seeing import Seeing
from app.workflow.taking import Taking
from app.workflow.wish import Wish, check_start

__all__ = ["NO_WHY", "Wish", "Workflow", "check_start"]


class Workflow(
    Emergency, Deciding, MoreTime, Ending, Beating, Offline, Deputising, Seeing, Taking, Following
):
    """Verbs over one store and the policy in force."""
