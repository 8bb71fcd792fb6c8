"""A grant that is good for one use: whoever uses it first ends it, and nobody uses it again."""

from datetime import datetime

from app.domain import events
from app.domain.binding import must_be_bound_to
from app.domain.people import Principal
from app.domain.refusals import AlreadyUsed, NotSingleUse, WrongState
from app.domain.request import EndCause, Ending, Request, State
from app.domain.standing import standing
from app.domain.transitions import FIRST_RETRY, Step


def consume(request: Request, by: Principal, now: datetime, ip: str = "", digest: str = "") -> Step:
    """Use a grant up. Its end begins with its use, so that the target takes it back.

    Who may is the caller's to check: the requester's own tools, and machines whom policy lets consume.
    `digest` tells what it is used for, where it is bound to one exact command or parameters.
    Raises NotSingleUse, AlreadyUsed, DigestNeeded, DigestMismatch, or WrongState where there is nothing to use.
    """
    if not request.verdict.obligations.single_use:
        raise NotSingleUse(request.id)
    if request.ending is not None and request.ending.used:
        raise AlreadyUsed(request.id)
    if request.state is not State.ACTIVE:
        raise WrongState(request.id, request.state, "use", standing(request))
    if request.ends_at is None or now >= request.ends_at:
        raise WrongState(request.id, "expired", "use", f"the time of {request.id} is up")
    must_be_bound_to(request.id, request.binding, digest)
    ending = Ending(cause=EndCause.DONE, by=by.id, used=True, retry_at=now + FIRST_RETRY)
    used = request.model_copy(
        update={"state": State.ENDING, "ending": ending, "warns_at": None, "extension": None}
    )
    return used, events.Consumed(request_id=request.id, at=now, by=by.id, ip=ip)
