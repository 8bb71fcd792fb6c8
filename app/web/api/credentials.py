"""`/v1/requests/{id}/credentials`: what the target needs to let the requester in, told to them once."""

from fastapi import APIRouter, Request, Response, Security

from app.domain.token import Scope
from app.handing import From
from app.web.api.models import Credentials, Id, OwnKey
from app.web.api.services import BEARER, Services


def routes(services: Services) -> APIRouter:
    """Make the route."""
    api = APIRouter(prefix="/requests/{request_id}", tags=["requests"], dependencies=[Security(BEARER)])

    @api.post("/credentials")
    async def take(
        request: Request, response: Response, request_id: Id, sent: OwnKey | None = None
    ) -> Credentials:
        """Take the credentials of one's own live access: whoever calls first gets them, and nobody again.

        Where the target takes keys and `public_key` is sent, they are for that key, and hold no private one.
        Of access that is bound to an exact command or parameters they are told to whoever says these.
        """
        calling = await services.calling(request)
        calling.caller.require(Scope.REQUEST)
        where = From(calling.address.ip, calling.address.told_by)
        public_key, digest = (sent.public_key or "", sent.said) if sent else ("", "")
        given = await services.handing.hand_out(request_id, calling.caller.by, where, public_key, digest)
        response.headers["Cache-Control"] = "no-store"
        return Credentials(environment=given["environment"], files=given["files"])

    return api
