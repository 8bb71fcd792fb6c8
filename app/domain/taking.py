"""Taking the credentials of live access: by its requester, once."""

from app.domain import events
from app.domain.people import Principal
from app.domain.refusals import CredentialsGone, NoAccessNow, UnknownRequest
from app.domain.request import Request, State, Taken
from app.domain.transitions import Step


def must_be_takeable(request: Request, by: Principal) -> None:
    """Raise UnknownRequest for others' requests, and NoAccessNow or CredentialsGone where it is too late."""
    if not by.is_same_person(request.requester):
        raise UnknownRequest(request.id)
    if request.state is not State.ACTIVE:
        raise NoAccessNow(request.id, request.state)
    if request.taken is not None:
        raise CredentialsGone(request.id, request.taken.told)


def take_credentials(request: Request, by: Principal, taken: Taken) -> Step:
    """Note that the requester takes the credentials, before they get them."""
    must_be_takeable(request, by)
    event = events.CredentialsTaken(
        request_id=request.id,
        at=taken.at,
        by=by.id,
        ip=taken.ip,
        ip_told_by=taken.ip_told_by,
        on_page=taken.on_page,
    )
    return request.model_copy(update={"taken": taken}), event
