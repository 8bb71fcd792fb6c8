"""Where a request stands and who brought it there, as a clause for whoever was too late or too early."""

from app.domain.people import SYSTEM
from app.domain.request import SILENT, EndCause, Request, State


def standing(request: Request) -> str:
    """Say where a request stands, without a full stop: `Ben Okafor has approved R07-4KX9TQZ already`."""
    what = request.id
    match request.state:
        case State.PENDING:
            return f"{what} still waits for a decision"
        case State.APPROVED | State.GRANTING | State.ACTIVE if request.glass is not None:
            return f"{request.requester.name} has broken the glass for {what}"
        case State.APPROVED | State.SCHEDULED | State.GRANTING | State.ACTIVE:
            return f"{_approvers(request)} approved {what} already"
        case State.DENIED:
            return f"{_name(request, request.settled_by)} has denied {what} already"
        case State.CANCELLED:
            return f"{what} was cancelled by {_name(request, request.settled_by)}"
        case State.LAPSED if request.confirms_by is not None:
            return f"{what} has lapsed: {request.requester.name} did not confirm it in time"
        case State.LAPSED:
            return f"{what} has lapsed: nobody decided in time"
        case State.GRANT_FAILED:
            return f"{what} was approved, but its access could not be created"
        case State.ENDING:
            return f"the access of {what} is being taken back already"
        case State.COMPLETED | State.EXPIRED | State.REVOKED:
            return f"the access of {what} is over: {how_it_ended(request)}"


def _approvers(request: Request) -> str:
    names = [decision.by.name for decision in request.decisions if decision.approved]
    if not names:
        return "policy has"
    return f"{' and '.join(names)} {'has' if len(names) == 1 else 'have'}"


def how_it_ended(request: Request) -> str:
    """Say how a grant ended, or ends."""
    ending = request.ending
    if ending is not None and ending.silent:
        return f"{SILENT} (no heartbeat for {request.heartbeat} s)"
    if ending is None or ending.cause is EndCause.EXPIRED:
        return "its time was up"
    by = _name(request, ending.by)
    if ending.used and ending.by == SYSTEM and request.gate:
        return f"{request.gate.what} was let through"
    if ending.used:
        return f"it was good for one use, and {by} used it"
    return f"{by} gave it back" if ending.cause is EndCause.DONE else f"{by} revoked it"


def _name(request: Request, person: str) -> str:
    known = [request.requester, *(decision.by for decision in request.decisions)]
    names = {each.id: each.name for each in known} | {SYSTEM: "policy"}
    return names.get(person, person)
