"""Messages are posted once and end as they should be, also where a call of a bot that died arrives late.

Contract: what a dead bot had under way is waited for; then a message is posted only if it is not there, and
changed last by whoever lives. However much was said in the channel meanwhile, the message is found.
"""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from app.outbox import TryAgain
from app.playground import Playground, demo_workspace
from app.playground.posting import post_as_person
from app.slack import posting as module
from app.slack.delivery import make_client
from app.slack.posting import Posting
from app.store.connection import Connection
from app.store.messages import Messages, Place

REQUEST, ROLE, CHANNEL = "R07-4KX9TQZ", "card", "#prod-approvals"
SETTLES = 1.2


class Desk:
    """A workspace, and bots that post into it one after the other."""

    def __init__(self, playground: Playground, http: aiohttp.ClientSession, messages: Messages) -> None:
        self.playground = playground
        self.messages = messages
        self._http = http

    async def show(self, text: str, places: dict[str, str] | None = None) -> Place:
        """What one bot does that has just started: it knows what is in the store, now or a while ago."""
        client = make_client(self.playground.apps[0].bot_token, self.playground.api_url, self._http)
        places = places if places is not None else await self.messages.places(REQUEST)
        return await Posting(client, self.messages).show(REQUEST, ROLE, places, channel=CHANNEL, text=text)

    async def show_at_last(self, text: str) -> Place:
        """The same, as the outbox does it: again when it is told to."""
        while True:
            try:
                return await self.show(text)
            except TryAgain as again:
                await asyncio.sleep(again.after)

    async def die_while_showing(self, text: str, method: str, slow: float) -> None:
        """A bot is killed with a call on its way, which Slack carries out after `slow` seconds."""
        self.playground.board.faults.add("slow", now=0, method=method, count=1, seconds=slow)
        under_way = self.playground.board.faults._faults[-1]
        dying = asyncio.create_task(self.show(text))
        while under_way.left:  # noqa: ASYNC110  the workspace tells nobody that a fault struck
            await asyncio.sleep(0.01)
        dying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dying

    def said(self) -> list[str]:
        channel = self.playground.workspace.channel_named(CHANNEL.removeprefix("#"))
        assert channel is not None
        return [message.text for message in channel.messages]


@pytest.fixture
async def desk(redis: Connection, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(module, "SETTLES", SETTLES)
    async with Playground(demo_workspace()) as playground, aiohttp.ClientSession() as http:
        yield Desk(playground, http, Messages(redis.calls))


async def test_late_post_is_not_posted_again(desk):
    """A post that arrives after the successor has looked is found, and the message is there once."""
    await desk.die_while_showing("old", "chat.postMessage", slow=0.6)
    await desk.show_at_last("new")
    await asyncio.sleep(0.7)
    assert ["new"] == desk.said()


async def test_late_change_is_overwritten(desk):
    """A change that arrives after the successor began does not stay: the last state is shown."""
    await desk.show("first")
    await desk.die_while_showing("old", "chat.update", slow=0.6)
    await desk.show_at_last("new")
    await asyncio.sleep(0.7)
    assert ["new"] == desk.said()


async def test_post_that_never_arrived_is_posted(desk):
    """What Slack never did is done, once it can no longer come."""
    await desk.messages.reserve(REQUEST, ROLE)
    with pytest.raises(TryAgain) as waits:
        await desk.show("new")
    assert 0 < waits.value.after <= SETTLES
    await desk.show_at_last("new")
    assert ["new"] == desk.said()


async def test_refused_change_is_not_waited_for(desk):
    """Slack said no, so nothing is under way and the next try may follow at once."""
    await desk.show("first")
    desk.playground.board.faults.add("error:is_inactive", now=0, method="chat.update", count=1)
    with pytest.raises(module.GiveUp):
        await desk.show("new")
    await desk.show("new")
    assert ["new"] == desk.said()


async def test_found_however_much_was_said_since(desk):
    """A post in doubt is found behind more messages than one page of the history holds."""
    await desk.messages.reserve(REQUEST, ROLE)
    known = await desk.messages.places(REQUEST)
    await desk.messages.forget(REQUEST, ROLE)
    await desk.show("old")
    await desk.messages.put(REQUEST, ROLE, known[ROLE])
    board = desk.playground.board
    channel = board.workspace.channel_named(CHANNEL.removeprefix("#"))
    for number in range(module.A_PAGE + 5):
        post_as_person(board, channel, "U0ANA", f"chat {number}")
    await desk.show_at_last("new")
    assert ["new"] == [text for text in desk.said() if not text.startswith("chat")]


async def test_who_was_overtaken_does_not_post(desk):
    """A bot cut off from the store while another took over posts nothing on top of what that one posted."""
    stale = await desk.messages.places(REQUEST)
    await desk.show("new")
    with pytest.raises(TryAgain):
        await desk.show("old", stale)
    assert ["new"] == desk.said()


async def test_who_was_overtaken_does_not_change(desk):
    """Nor does it change the message back, which would bring buttons back that no longer work."""
    await desk.show("first")
    stale = await desk.messages.places(REQUEST)
    await desk.show("new")
    with pytest.raises(TryAgain):
        await desk.show("old", stale)
    assert ["new"] == desk.said()
