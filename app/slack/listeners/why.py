"""«Why?»: policy explains what it says of a request, to those who may see the request."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from app.slack import actions
from app.slack.answers import answer_to, telling_refusals
from app.slack.listeners.decisions import request_id
from app.slack.services import Services
from app.slack.views.why import why_modal

Body = dict[str, Any]


def listen(app: AsyncApp, services: Services) -> None:
    """Listen to the button."""

    @app.action(actions.WHY)
    async def why(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            request, explanation = await services.workflow.explain(request_id(body), await services.who(body))
            await services.open_view(body["trigger_id"], why_modal(request, explanation))
