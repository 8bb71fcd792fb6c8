"""Whether something waits for a person: asked of the same transitions that would decide it."""

from datetime import datetime

from app.domain import transitions
from app.domain.extension import decide_extension
from app.domain.people import Principal
from app.domain.refusals import Refused
from app.domain.request import Request, State
from app.domain.transitions import Entitled


def waits_for(request: Request, by: Principal, entitled: Entitled, now: datetime) -> bool:
    """Tell whether this person may decide the request now."""
    if request.state is not State.PENDING:
        return False
    try:
        transitions.approve(request, by, entitled, now)
    except Refused:
        return False
    return True


def extension_waits_for(request: Request, by: Principal, entitled: Entitled, now: datetime) -> bool:
    """Tell whether this person may decide now on the more time that is asked for."""
    if request.extension is None:
        return False
    try:
        decide_extension(request, by, entitled, now, approved=True)
    except Refused:
        return False
    return True
