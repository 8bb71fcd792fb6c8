"""The Bolt app: listeners over services, and what happens to what none of them foresaw."""

import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from app.slack.answers import answer_to, done
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


class Told(Protocol):
    """Is told how many seconds things took."""

    def acknowledged(self, seconds: float) -> None:
        """A delivery was acknowledged."""

    def handled(self, what: str, seconds: float) -> None:
        """What somebody did is done or refused: a button's, a form's or a command's name, since its delivery."""


class _App(AsyncApp):
    """Tells how long each delivery took."""

    told: Told | None = None

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        told = self.told
        if told is None:
            return await super().async_dispatch(req)
        began, what = time.perf_counter(), _named(req.body)
        done.set(lambda: told.handled(what, time.perf_counter() - began))  # the listener's task has it too
        try:
            return await super().async_dispatch(req)
        finally:
            told.acknowledged(time.perf_counter() - began)


def _named(body: Mapping[str, Any]) -> str:
    match body:
        case {"actions": [{"action_id": str(name)}, *_]} | {"view": {"callback_id": str(name)}}:
            return name
        case {"command": str(name)}:
            return name
        case _:
            return "other"


def make_app(
    services: Services,
    bot_token: str,
    signing_secret: str | None,
    told: Told | None = None,
) -> AsyncApp:
    """Make the app. With a signing secret it verifies deliveries over HTTP; Socket Mode needs none."""
    logging.getLogger("slack_bolt.AsyncApp").addFilter(_is_news)
    app = _App(
        client=services.client,
        authorize=_authorize(bot_token),
        signing_secret=signing_secret or "socket-mode-verifies-no-signature",
    )
    app.told = told
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
