"""Tells people, in a message that only they see. A refusal is told; anything else is a bug and goes on."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from app.domain.refusals import Refused
from app.slack.views.blocks import Block
from app.slack.views.text import escape

log = structlog.get_logger(__name__)
done: ContextVar[Callable[[], object]] = ContextVar("done", default=lambda: None)
"""Is called once what somebody did is done, or refused; set where their delivery comes in."""


class Answer:
    """One person's ear: the `response_url` of what they did, else a direct message."""

    def __init__(self, client: AsyncWebClient, user: str, response_url: str = "") -> None:
        self._client = client
        self._user = user
        self._response_url = response_url

    async def say(self, text: str, blocks: list[Block] | None = None) -> None:
        """Say something to this person alone."""
        if self._response_url and await self._by_response_url(text, blocks):
            return
        await self._client.chat_postMessage(channel=self._user, text=text, blocks=blocks)

    async def _by_response_url(self, text: str, blocks: list[Block] | None) -> bool:
        """Use the response_url: five answers within 30 minutes (interactivity/handling-user-interaction)."""
        try:
            sent = await AsyncWebhookClient(self._response_url, session=self._client.session).send(
                text=text, blocks=blocks, response_type="ephemeral", replace_original=False
            )
        except Exception as error:  # noqa: BLE001  any way in which it fails leaves the other way
            log.info("response_url_failed", error=str(error))
            return False
        return sent.status_code == 200


@asynccontextmanager
async def telling_refusals(answer: Answer) -> AsyncIterator[None]:
    """Tell a refusal to the one who asked."""
    try:
        yield
        done.get()()
    except Refused as refusal:
        done.get()()
        log.info("refused", code=refusal.code, why=str(refusal))
        await answer.say(f"🚫 {escape(str(refusal))}")


def answer_to(client: AsyncWebClient, body: dict[str, Any]) -> Answer:
    """Find the ear of whoever sent a payload, a command's or an interaction's."""
    user = body["user_id"] if "user_id" in body else body["user"]["id"]
    return Answer(client, user, body.get("response_url", ""))
