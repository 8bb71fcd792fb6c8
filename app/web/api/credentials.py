"""`/v1/requests/{id}/credentials`: what the target needs to let the requester in, told to them once."""

from fastapi import APIRouter, Request, Response, Security

from app.domain.refusals import NoCredentials
from app.domain.request import State
from app.domain.token import Scope
from app.web.api.models import Credentials, Id
from app.web.api.services import BEARER, Services


def routes(services: Services) -> APIRouter:
    """Make the route."""
    api = APIRouter(prefix="/requests/{request_id}", tags=["requests"], dependencies=[Security(BEARER)])

    @api.post("/credentials")
    async def take(request: Request, response: Response, request_id: Id) -> Credentials:
        """Take the credentials of one's own live access: whoever calls first gets them, and nobody again."""
        calling = await services.calling(request)
        calling.caller.require(Scope.REQUEST)
        by = calling.caller.by
        own = await services.workflow.own(request_id, by)
        secret = await services.secrets.take(own.id) if own.state is State.ACTIVE else None
        if secret is None:
            raise NoCredentials(own.id)
        await services.workflow.note_credentials_taken(own.id, by)
        response.headers["Cache-Control"] = "no-store"
        return Credentials(environment=secret["environment"], files=secret["files"])

    return api
