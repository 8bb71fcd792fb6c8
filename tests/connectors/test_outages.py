"""Targets of every kind that are away: at the grant, at the end, in between; and that do what is asked and die then.

Contract: whatever is away when, nobody is told that access is there before it stands, or that it is gone while it
does. A grant that is not confirmed is taken back, and told as failed once nothing is left; an end is tried again,
told on the card and paged, until it is confirmed. What was done and not heard of is done once.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from app.domain.request import State
from tests.connectors.targets import KINDS, Real, bot_with
from tests.workplace import Workplace

POSTING = {"chat.postMessage", "chat.update"}
ANSWERING = [kind for kind in KINDS if kind not in {"ssh", "sudo"}]
"""These two are files of the bot's own: they send no answer that could be lost."""
LIVE, GONE = ("Access is live", "You have access"), "Access is gone"


class Witness:
    """Looks at the target before each thing that is said in Slack is taken, and hears what it was."""

    def __init__(self, work: Workplace, real: Real) -> None:
        self.lies: list[str] = []
        self.said_live: set[str] = set()
        self.watched: set[str] = set()
        self._stand: set[str] = set()
        self._real, self._key = real, work.bot.connectors.mark.key
        self._suffer, self._note = work.board.faults.suffer, work.board.note_call
        work.board.faults.suffer = self._look  # type: ignore[method-assign]
        work.board.note_call = self._hear  # type: ignore[method-assign]

    async def _look(self, method: str, now: float) -> bool:
        if self.watched and method in POSTING:
            self._stand = set(await asyncio.to_thread(self._real.stands))
        return await self._suffer(method, now)

    def _hear(self, call: Any) -> None:
        self._note(call)
        if call["method"] not in POSTING or "thread_ts" in call["args"]:
            return  # a thread tells what was, line after line
        said = repr(call["args"])
        for request_id in (each for each in self.watched if each in said):
            is_live, is_gone = any(each in said for each in LIVE), GONE in said
            stands = self._key(request_id) in self._stand
            if is_live:
                self.said_live.add(request_id)
            if (is_live and not stands) or (is_gone and stands):
                self.lies.append(f"{'live' if is_live else 'gone'}, which is not so: {said[:300]}")


class Scene:
    """A bot, its people, and a target that goes away."""

    def __init__(self, work: Workplace, real: Real) -> None:
        self.work, self.real = work, real
        self.witness = Witness(work, real)

    async def asked(self) -> tuple[str, Any]:
        """Ask; gives the id and the card that offers to approve."""
        request_id = await self.work.asks()
        self.witness.watched.add(request_id)
        return request_id, await self.work.card(request_id, offering="jit_approve")

    async def live(self) -> str:
        request_id, card = await self.asked()
        await self.work.clicks("@ben", card, "jit_approve")
        await self.work.card(request_id, "Access is live")
        return request_id

    async def gives_back(self, request_id: str) -> None:
        message = await self.work.told("@ana", "You have access", request_id, offering="jit_done")
        await self.work.clicks("@ana", message, "jit_done")

    async def paged(self, request_id: str) -> None:
        """Wait until those who run the bot are told, in Slack and by its health."""
        await self.work.posted("#security", request_id, "has not ended at its target")
        assert request_id in (await self.work.bot.readiness()).warnings["targets"]


@pytest.fixture
async def scene(
    real: Real, redis: Any, redis_server: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    """Nobody was told what was not so, and nothing is left to be done."""
    monkeypatch.setattr("app.domain.transitions.FIRST_RETRY", timedelta(milliseconds=100))
    monkeypatch.setattr("app.connectors.postgres.servers.WAITS", 0.5)
    monkeypatch.setattr("app.domain.transitions.LONGEST_RETRY", timedelta(milliseconds=400))
    async with bot_with(real, f"unix://{redis_server.socket}", tmp_path) as work:
        opened = Scene(work, real)
        yield opened
        await work.settled()
        assert [] == opened.witness.lies
        assert "targets" not in (await work.bot.readiness()).warnings


async def test_away_at_the_grant(scene):
    """It may have been created all the same, so it counts as ending until the target is back; then as failed."""
    request_id, card = await scene.asked()
    await scene.real.down()
    await scene.work.clicks("@ben", card, "jit_approve")
    await scene.work.card(request_id, "could not be created", "The target has not confirmed")
    await scene.paged(request_id)
    await scene.real.up()
    await scene.work.reaches(request_id, State.GRANT_FAILED)
    await scene.work.card(request_id, "The access could not be created", without="jit_revoke")
    told = await scene.work.events(request_id)
    assert (False, set()) == ("activated" in told, scene.witness.said_live)
    again = await scene.live()
    await scene.gives_back(again)
    await scene.work.card(again, GONE)


async def test_away_at_the_end_and_in_between(scene):
    """An absence in between harms nothing; one at the end is tried again, told and paged until it is over."""
    request_id = await scene.live()
    await scene.real.down()
    (drift,) = await scene.work.bot.reconciler.run()
    assert (False, True) == (drift.settled, "could not be compared" in drift.said)
    await scene.real.up()
    assert [] == await scene.work.bot.reconciler.run()
    assert State.ACTIVE == (await scene.work.request(request_id)).state

    await scene.real.down()
    await scene.gives_back(request_id)
    await scene.work.card(request_id, "Taking the access back", "The target has not confirmed")
    await scene.paged(request_id)
    assert State.ENDING == (await scene.work.request(request_id)).state
    await scene.real.up()
    await scene.work.card(request_id, GONE)
    told = await scene.work.events(request_id)
    assert told.count("end_failed") >= 3
    assert ("ended", 1, 1) == (told[-1], told.count("activated"), told.count("ended"))


@pytest.mark.parametrize("real", ANSWERING, indirect=True)
async def test_answers_that_are_lost(scene):
    """What was created and not heard of is taken back and never told; what was removed is found removed."""
    request_id, card = await scene.asked()
    scene.real.lose("grant")
    await scene.work.clicks("@ben", card, "jit_approve")
    await scene.work.reaches(request_id, State.GRANT_FAILED)
    scene.real.lose("")
    assert [] == list(await asyncio.to_thread(scene.real.stands))
    assert set() == scene.witness.said_live

    request_id = await scene.live()
    scene.real.lose("revoke")
    await scene.gives_back(request_id)
    await scene.work.card(request_id, "Taking the access back", "The target has not confirmed")
    assert [] == list(await asyncio.to_thread(scene.real.stands))
    scene.real.lose("")
    await scene.work.card(request_id, GONE)
    assert 1 == (await scene.work.events(request_id)).count("ended")
