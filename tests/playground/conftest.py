"""A workspace for each test: it starts in milliseconds, and its clock stands still."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from app.playground import Playground
from tests.playground.stage import Clock, Person, web_client, workspace_with


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def playground(clock: Clock) -> AsyncIterator[Playground]:
    """A workspace with one app that may do everything."""
    async with workspace_with(clock=clock) as running:
        yield running


@pytest.fixture
def client(playground: Playground) -> AsyncWebClient:
    return web_client(playground)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def person(playground: Playground, session: aiohttp.ClientSession) -> Person:
    return Person(playground.url, session)


@pytest.fixture
async def trigger(playground: Playground, person: Person) -> AsyncIterator:
    """Click for trigger ids: each call is a fresh slash command of Ana's."""
    from tests.playground.stage import bolt, connected

    app = bolt(playground)
    seen: list[str] = []

    @app.command("/any")
    async def note(ack, command) -> None:
        seen.append(command["trigger_id"])
        await ack()

    async def fresh(user: str = "@ana") -> str:
        await person("command", user=user, channel="#general", command="/any", text="")
        return seen[-1]

    async with connected(playground, app):
        yield fresh
