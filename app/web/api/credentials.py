"""`/v1/requests/{id}/credentials`: what the target needs to let the requester in, told to them once."""

from fastapi import APIRouter, Request, Response, Security

from app.domain.refusals import NoCredentials
from app.domain.request import State
from app.domain.token import Scope
from app.store.secrets import in_clear
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
        by = calling.caller.by
        own = await services.workflow.own(request_id, by)
        if own.state is State.ACTIVE:
            await services.workflow.must_be_bound_to(own, by, sent.said if sent else "")
        is_live, public_key = own.state is State.ACTIVE, sent.public_key if sent else None
        certified = await services.certify(own, public_key) if is_live and public_key else None
        secret = await services.secrets.take(own.id) if is_live else None
        if secret is None:
            raise NoCredentials(own.id)
        await services.workflow.note_credentials_taken(own.id, by)
        response.headers["Cache-Control"] = "no-store"
        given = in_clear(certified) if certified else secret
        return Credentials(environment=given["environment"], files=given["files"])

    return api
