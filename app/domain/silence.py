"""Access that lives by heartbeats: when its holder falls silent it ends, long before its time is up.

Whoever asks says that heartbeats will come, and how far apart they may be. They are kept in the store, beside the
request, with a TTL of their own; here is only what follows when none comes any more.
"""

from datetime import datetime, timedelta

from app.domain import events
from app.domain.people import SYSTEM
from app.domain.refusals import NoHeartbeat, WrongState
from app.domain.request import EndCause, Ending, Request, State
from app.domain.standing import standing
from app.domain.transitions import FIRST_RETRY, Step

SHORTEST, LONGEST = timedelta(seconds=4), timedelta(minutes=5)
"""Between heartbeats. At the shortest, access has ended 5 s after its holder was killed."""
FIRST_WITHIN = timedelta(seconds=15)
"""After the start of access: whoever waited may have to ask once more before it knows that it has begun."""


def fall_silent(request: Request, now: datetime) -> Step:
    """End access whose heartbeats have stopped. That none came is the store's to know, which writes it only then."""
    if request.state is not State.ACTIVE:
        raise WrongState(request.id, request.state, "end", standing(request))
    if request.heartbeat is None:
        raise WrongState(request.id, "without heartbeats", "end")
    ending = Ending(cause=EndCause.EXPIRED, by=SYSTEM, silent=True, retry_at=now + FIRST_RETRY)
    silent = request.model_copy(
        update={"state": State.ENDING, "ending": ending, "warns_at": None, "extension": None}
    )
    return silent, events.WentSilent(request_id=request.id, at=now, by=SYSTEM, seconds=request.heartbeat)


def must_beat(request: Request, now: datetime) -> int:
    """Give how many seconds a heartbeat keeps access for. Raises NoHeartbeat, or WrongState once it is over."""
    if request.state is not State.ACTIVE:
        raise WrongState(request.id, request.state, "keep alive", standing(request))
    if request.ends_at is None or now >= request.ends_at:
        raise WrongState(request.id, "expired", "keep alive", f"the time of {request.id} is up")
    if request.heartbeat is None:
        raise NoHeartbeat(request.id)
    return request.heartbeat
