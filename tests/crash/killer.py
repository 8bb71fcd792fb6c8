"""Kills a bot at chosen steps or random moments, and starts it again each time."""

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from app.cli.bot import BotProcess
from app.playground import Playground
from tests.crash.steps import SlackWatch, Step, StoreWatch

AT_RANDOM = "at a random moment"
AFTER_ITS_SERVER = "some time after its server"
WHILE_STARTING = "while it starts"
AT_MOST = 7.0
"""A life in which the step does not come ends all the same after so many seconds."""
CONNECTED_WITHIN = 60.0
"""Far above what a start takes: a machine of others' may stand still for some while."""


class Aim(NamedTuple):
    """When to kill: at the `nth` time of a step, or after `seconds`; and whether its server dies with it."""

    step: Step | None
    nth: int
    seconds: float
    name: str
    with_server: bool


class Aims:
    """Draws where to kill: each step gets its turn, random moments between."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._left: list[str | Step] = []

    def draw(self) -> Aim:
        if not self._left:
            self._left = [*Step, *[AT_RANDOM] * 4, AFTER_ITS_SERVER, WHILE_STARTING]
            self._chance.shuffle(self._left)
        drawn, chance = self._left.pop(), self._chance
        with_server = chance.random() < 0.25
        if isinstance(drawn, Step):
            return Aim(drawn, chance.choice([1, 1, 1, 2, 3, 5]), AT_MOST, drawn, with_server)
        longest = 0.9 if drawn == WHILE_STARTING else 5.0
        return Aim(None, 0, chance.uniform(0, longest), drawn, with_server)


class Killer:
    """One bot's lives and deaths."""

    def __init__(self, playground: Playground, bot: BotProcess, data: Path, chance: random.Random) -> None:
        self._playground = playground
        self._bot = bot
        self._redis = data / "redis"
        self._chance = chance
        self._aims = Aims(chance)
        self._aim: Aim | None = None
        self._left = 0
        self._struck = asyncio.Event()
        self.kills: Counter[str] = Counter()
        slack = SlackWatch(playground, self._at_the_door)
        slack.after = self._reached
        self._store = StoreWatch(self._reached)

    async def kill(self, times: int) -> None:
        """Live and die so many times; at the end a life that nobody ends has begun."""
        for _ in range(times):
            await self._one_life(self._aims.draw())
        self._aim = None
        await self._bot.start()
        await self._connected(CONNECTED_WITHIN)

    async def _one_life(self, aim: Aim) -> None:
        self._aim, self._left = None, aim.nth
        self._struck.clear()
        await self._bot.start()
        process = self._bot.process
        assert process is not None
        watch: asyncio.Task[None] | None = None
        try:
            if aim.name != WHILE_STARTING:
                await self._connected(CONNECTED_WITHIN)
                watch = asyncio.create_task(self._store.watch(self._redis / "redis.sock"))
            if aim.name == AFTER_ITS_SERVER:
                await asyncio.sleep(self._chance.uniform(0, 3))
                self._strike_server()
            self._aim = aim
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._struck.wait(), aim.seconds)
            name = aim.name if self._struck.is_set() or aim.step is None else f"{aim.name} (not reached)"
            self._strike()
            assert await process.wait() == -signal.SIGKILL, f"it ended by itself: {self._bot.last_words()}"
            await self._disconnected()
            self.kills[name + (", its server too" if aim.with_server else "")] += 1
        finally:
            self._aim = None
            if watch:
                watch.cancel()

    async def _connected(self, within: float) -> None:
        """Wait until the bot is connected, or it ended: then there is something to tell."""
        sockets, app, process = self._playground.sockets, self._playground.apps[0], self._bot.process
        assert process is not None
        ends = asyncio.get_running_loop().time() + within
        while not sockets.connected(app):
            assert process.returncode is None, f"it ended by itself: {self._bot.last_words()}"
            assert asyncio.get_running_loop().time() < ends, f"not connected: {self._bot.last_words()}"
            await asyncio.sleep(0.03)

    async def _disconnected(self) -> None:
        while self._playground.sockets.connected(self._playground.apps[0]):  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)

    def _reached(self, step: Step) -> None:
        """A step is done: kill if it is the one."""
        aim = self._aim
        if aim is None or aim.step is not step or self._struck.is_set():
            return
        self._left -= 1
        if self._left <= 0:
            self._strike()
            self._struck.set()

    async def _at_the_door(self, step: Step) -> bool:
        struck_before = self._struck.is_set()
        self._reached(step)
        struck_now = self._struck.is_set() and not struck_before
        if struck_now and step is Step.LATE:
            await asyncio.sleep(self._chance.uniform(0.1, 4))
        return struck_now

    def _strike_server(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            os.kill(server_of(self._redis), signal.SIGKILL)

    def _strike(self) -> None:
        """SIGKILL, in the same instant, to the bot and where it is wanted to its server, either one first."""
        process, aim = self._bot.process, self._aim
        assert process is not None
        pids = [process.pid]
        if aim is not None and aim.with_server:
            with contextlib.suppress(OSError, ValueError):
                pids.append(server_of(self._redis))
        self._chance.shuffle(pids)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def server_of(folder: Path) -> int:
    """Find the server that runs on a folder. Raises OSError or ValueError where none does."""
    pid = int((folder / "redis.pid").read_text())
    if Path(f"/proc/{pid}/cwd").readlink() != folder.resolve():
        raise ValueError(f"{pid} is another process by now")
    return pid
