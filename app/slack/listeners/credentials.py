"""The button that leads to the credentials of one's own access."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from app.slack import actions
from app.slack.answers import answer_to, telling_refusals
from app.slack.listeners.decisions import request_id
from app.slack.services import Services
from app.slack.views.credentials import no_page, page_blocks, page_text

Body = dict[str, Any]


def listen(app: AsyncApp, services: Services) -> None:
    """Listen to the button."""

    @app.action(actions.CREDENTIALS)
    async def credentials(ack: AsyncAck, body: Body) -> None:
        await ack()
        answer = answer_to(services.client, body)
        async with telling_refusals(answer):
            by = await services.who(body)
            made = await services.credential_pages.make(request_id(body), by)
            if made.url:
                await answer.say(page_text(made), page_blocks(made))
            else:
                await answer.say(no_page(made.request))
