"""What a gate is told, as a function of the request alone, and the one use of its grant.

The grant of a gate is good for one use, and the use is letting the deployment through. It is used before the vendor
is told: a revocation comes before the use and then the answer is no, or after it and is refused. So whatever is tried
again later, over however many processes, no answer turns from no to yes.
"""

from datetime import datetime

from app.domain.consumption import consume
from app.domain.gate import Answer
from app.domain.people import SYSTEM, Principal
from app.domain.refusals import WrongState
from app.domain.request import Request, State
from app.domain.transitions import Step

BOT = Principal(id=SYSTEM, name="the bot", slack="")


def answer_to(request: Request, now: datetime) -> Answer | None:
    """Give what the vendor is to be told; None while it is open, and while the grant is there and unused.

    A yes that has not reached the vendor when the grant's time is up is a no: nothing outlives its grant.
    """
    if not (request.is_final or request.state is State.ENDING):
        return None
    if not is_let_through(request) or request.ends_at is None or now >= request.ends_at:
        return Answer.REJECTED
    return Answer.APPROVED


def is_let_through(request: Request) -> bool:
    """Tell whether the grant was used by the gate, and by nothing else."""
    ending = request.ending
    return request.gate is not None and ending is not None and ending.used and ending.by == SYSTEM


def let_through(request: Request, now: datetime) -> Step:
    """Use the grant up for the gate. Raises WrongState, NotSingleUse or AlreadyUsed."""
    if request.gate is None:
        raise WrongState(request.id, "at no gate", "let through")
    return consume(request, BOT, now)
