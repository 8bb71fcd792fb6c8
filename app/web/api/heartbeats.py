"""`/v1/requests/{id}/heartbeat`: access that was asked for with `heartbeat` lasts as long as these come."""

from fastapi import APIRouter, Request, Security

from app.domain.token import Scope
from app.web.api.models import Heard, Id
from app.web.api.services import BEARER, Services
from app.web.limits import BEATS


def routes(services: Services) -> APIRouter:
    """Make the route."""
    api = APIRouter(prefix="/requests/{request_id}", tags=["requests"], dependencies=[Security(BEARER)])

    @api.post("/heartbeat")
    async def beat(request: Request, request_id: Id) -> Heard:
        """Say that one's own live access is still used. Without it for as long as was asked, access ends.

        The first is waited for a little longer. Once access is over the answer is 409 `wrong_state`, for good.
        It goes on while Slack is away: who has left is found otherwise, and their access taken back.
        """
        calling = await services.calling(request, BEATS, verified=False)
        calling.caller.require(Scope.REQUEST)
        found, within = await services.workflow.beat(request_id, calling.caller.by)
        return Heard(within=within, ends_at=found.ends_at)

    return api
