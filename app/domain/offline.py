"""A token of a grant that a service believes without a look at the store: for minutes, and never past the grant's end.

Nothing takes it back. So policy has to say that an action's grants may be had so, and grants for one use never are.
"""

from datetime import datetime, timedelta

from app.domain import events
from app.domain.people import Principal
from app.domain.refusals import NotOffline, WrongState
from app.domain.request import Request, State
from app.domain.standing import standing
from app.domain.transitions import Step
from app.domain.value import Value

LASTS_AT_MOST = timedelta(minutes=5)


class Claims(Value):
    """What a token says; times are whole seconds, as NumericDate has them (RFC 7519, section 2)."""

    token: str
    audience: str
    subject: str
    action: str
    resource: str
    environment: str
    grant: str
    issued_at: datetime
    expires_at: datetime


def issue(
    request: Request, by: Principal, audience: str, token: str, now: datetime, ip: str = ""
) -> tuple[Claims, Step]:
    """Say what a token of a live grant says, and note it. `token` is its id, `audience` whom it is for.

    Who may have it is the caller's to check. Raises NotOffline, or WrongState where there is no live grant.
    """
    if request.verdict.obligations.single_use:
        raise NotOffline(request.id, "it is good for one use, which a token cannot count")
    if request.binding is not None:
        raise NotOffline(
            request.id, "it is for one exact command or set of parameters, which a token does not say"
        )
    if request.state is not State.ACTIVE:
        raise WrongState(request.id, request.state, "sign", standing(request))
    issued_at = now.replace(microsecond=0)
    ends_at = request.ends_at.replace(microsecond=0) if request.ends_at else issued_at
    expires_at = min(issued_at + LASTS_AT_MOST, ends_at)
    if expires_at <= now:
        raise WrongState(request.id, "expired", "sign", f"the time of {request.id} is up")
    claims = Claims(
        token=token,
        audience=audience,
        subject=request.requester.id,
        action=request.action,
        resource=request.resource,
        environment=request.environment,
        grant=request.id,
        issued_at=issued_at,
        expires_at=expires_at,
    )
    issued = events.OfflineTokenIssued(
        request_id=request.id, at=now, by=by.id, audience=audience, token=token, expires_at=expires_at, ip=ip
    )
    until = max(expires_at, request.offline_until or expires_at)
    return claims, (request.model_copy(update={"offline_until": until}), issued)
