"""What the tests of the workspace share: a clock that stands still, the user side raw, an app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.playground import App, AppRegistration, Options, Playground, demo_workspace

START = 1_767_000_000.0


class Clock:
    """Time that passes only when a test says so, in seconds since the epoch."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Person:
    """The user side as JSON: `await person("command", …)` gives the HTTP status and the body."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.session = session

    async def __call__(self, verb: str, **body: Any) -> tuple[int, dict[str, Any]]:
        async with self.session.post(f"{self.url}/workspace/{verb}", json=body) as answer:
            return answer.status, await answer.json()

    async def state(self) -> dict[str, Any]:
        async with self.session.get(f"{self.url}/workspace/state") as answer:
            return await answer.json()

    async def messages(self, channel: str) -> list[dict[str, Any]]:
        return next(each["messages"] for each in (await self.state())["channels"] if each["name"] == channel)


def workspace_with(*registrations: AppRegistration, **options: Any) -> Playground:
    """A workspace with these apps (one that may do all, unless told) and quick retries."""
    quick = {"retry_after": (0.0, 0.0, 0.0)} | options
    return Playground(demo_workspace(), registrations or (AppRegistration(),), options=Options(**quick))


def web_client(playground: Playground, token: str | None = None) -> AsyncWebClient:
    return AsyncWebClient(
        token=playground.apps[0].bot_token if token is None else token, base_url=playground.api_url
    )


def bolt(playground: Playground, app: App | None = None, **settings: Any) -> AsyncApp:
    """An ordinary Bolt app of this workspace, with nothing listening yet."""
    registered = app or playground.apps[0]
    return AsyncApp(
        **settings,
        client=web_client(playground, registered.bot_token),
        token=registered.bot_token,
        signing_secret=registered.signing_secret,
    )


@asynccontextmanager
async def connected(playground: Playground, app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    """Run a Bolt app over Socket Mode."""
    handler = AsyncSocketModeHandler(
        app, playground.apps[0].app_token, web_client=web_client(playground, playground.apps[0].app_token)
    )
    await handler.connect_async()
    try:
        yield handler
    finally:
        await handler.close_async()


async def error_of(call: Any) -> str:
    """Slack's error code that a call ends in; `ok` when it does not."""
    try:
        await call
    except SlackApiError as error:
        return str(error.response["error"])
    return "ok"


async def refusal_of(call: Any) -> dict[str, Any]:
    """Slack's whole answer to a call that must be refused."""
    try:
        await call
    except SlackApiError as error:
        return dict(error.response.data)
    raise AssertionError("the call was not refused")


def section(text: str = "words", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(action_id: str = "go", text: str = "Go", **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": text}, **more}


def actions(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements), **more}


def text_input(block_id: str = "why", action_id: str = "reason", **element: Any) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": block_id,
        "label": {"type": "plain_text", "text": "Why"},
        "element": {"type": "plain_text_input", "action_id": action_id, **element},
    }


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": "ask",
        "title": {"type": "plain_text", "text": "Ask"},
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": list(blocks) or [text_input()],
        **more,
    }


def home(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "home", "blocks": list(blocks) or [section("Welcome")], **more}
