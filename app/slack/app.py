"""The Bolt app: listeners over services, and what happens to what none of them foresaw."""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from app.slack.answers import answer_to
from app.slack.listeners import (
    again,
    break_glass,
    commands,
    credentials,
    decisions,
    events,
    extension,
    home,
    modal,
    proving,
    questions,
    shorter,
    tokens,
    why,
)
from app.slack.services import Services

REMEMBERED = 10_000
log = structlog.get_logger(__name__)


def make_app(services: Services, bot_token: str, signing_secret: str | None) -> AsyncApp:
    """Make the app. With a signing secret it verifies deliveries over HTTP; Socket Mode needs none."""
    logging.getLogger("slack_bolt.AsyncApp").addFilter(_is_news)
    app = AsyncApp(
        client=services.client,
        authorize=_authorize(bot_token),
        signing_secret=signing_secret or "socket-mode-verifies-no-signature",
    )
    app.middleware(_once())
    for listeners in (
        again,
        break_glass,
        commands,
        credentials,
        decisions,
        events,
        extension,
        home,
        modal,
        proving,
        questions,
        shorter,
        tokens,
        why,
    ):
        listeners.listen(app, services)
    app.error(_tell_bug(services.client))
    return app


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out Bolt's warnings of two tokens: it reads SLACK_BOT_TOKEN by itself, unasked."""
    return "`token`" not in str(record.msg)


def _authorize(bot_token: str) -> Callable[..., Awaitable[AuthorizeResult]]:
    """Authorize from what we hold: acknowledging must not wait for Slack's Web API."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=bot_token)

    return authorize


def _once() -> Callable[..., Awaitable[BoltResponse | None]]:
    """Acknowledge a repeated delivery and do nothing: it is the same click. The store has the last word."""
    seen: OrderedDict[str, None] = OrderedDict()

    async def once(
        req: AsyncBoltRequest, next_: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse | None:
        body: dict[str, Any] = req.body
        key = str(body.get("trigger_id") or body.get("event_id") or "")
        if key and key in seen:
            log.info("repeated_delivery", key=key)
            return BoltResponse(status=200, body="")
        if key:
            seen[key] = None
            if len(seen) > REMEMBERED:
                seen.popitem(last=False)
        await next_()
        return None

    return once


def _tell_bug(client: AsyncWebClient) -> Callable[..., Awaitable[None]]:
    async def tell_bug(error: Exception, body: dict[str, Any]) -> None:
        log.error("bug_in_listener", exc_info=error)
        if "user_id" in body or "user" in body:
            await answer_to(client, body).say(
                "💥 Something went wrong on my side, and it is in my log. "
                "`/jit list` shows what was done and what was not."
            )

    return tell_bug
