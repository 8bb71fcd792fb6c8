"""What the bot does, step by step, as its store and Slack see it: the points between which it is killed.

The store's side is read from MONITOR, so a step is known a fraction of a millisecond after it is done;
Slack's side is the workspace in this process, so there the bot is stopped exactly before or after a call.
"""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path

from app.playground import Playground
from app.playground.errors import OutageError
from app.playground.model import Json

POSTING = {"chat.postMessage", "chat.update"}
LINE = re.compile(r'^\+\S+ \[\d+ (\S+)\] "(\w+)"(?: "([^"]*)")?(.*)$')


class Step(StrEnum):
    """One thing that is done and cannot be undone."""

    SAVED = "a transition is saved"
    GRANTING = "granting is begun, nothing is created"
    ENDING = "an end is begun, nothing is taken back"
    CLAIMED = "a deadline is claimed, nothing is done"
    RESERVED = "a message is begun, nothing is posted or changed"
    PLACED = "a message's place is noted"
    ACKNOWLEDGED = "an event is acknowledged"
    ASKED = "Slack is asked, and does nothing"
    DONE = "Slack did it, and its answer is not heard"
    LATE = "Slack is asked, and does it later"


class StoreWatch:
    """Reads MONITOR and turns commands into steps."""

    def __init__(self, tell: Callable[[Step], None]) -> None:
        self._tell = tell
        self._before = ""

    async def watch(self, socket: Path) -> None:
        """Watch one life of a server, until it ends."""
        with contextlib.suppress(OSError, ValueError):
            reader, writer = await asyncio.open_unix_connection(socket)
            with contextlib.closing(writer):
                writer.write(b"MONITOR\r\n")
                async for line in reader:
                    self.read(line.decode(errors="replace"))

    def read(self, line: str) -> None:
        """Take one line of MONITOR."""
        match = LINE.match(line)
        if match is None:
            return
        who, command, key, rest = match.groups()
        key = key or ""
        step = _by_script(command, key, rest, self._before) if who == "lua" else _by_client(command, key)
        self._before = command
        if step:
            self._tell(step)


def _by_script(command: str, key: str, rest: str, before: str) -> Step | None:
    if command == "HSET" and ":messages:" in key:
        return Step.RESERVED
    if command == "XADD":
        begun = {"grant_begun": Step.GRANTING, "end_begun": Step.ENDING}
        return next((step for kind, step in begun.items() if f'\\"kind\\":\\"{kind}\\"' in rest), Step.SAVED)
    return Step.CLAIMED if command == "ZADD" and before == "ZRANGEBYSCORE" else None


def _by_client(command: str, key: str) -> Step | None:
    if command == "HSET" and ":messages:" in key:
        return Step.PLACED
    return Step.ACKNOWLEDGED if command == "XACK" else None


class SlackWatch:
    """Stands in the workspace's door: tells each call that posts, before and after it is done."""

    def __init__(self, playground: Playground, tell: Callable[[Step], Awaitable[bool]]) -> None:
        """`tell` says whether the bot was killed at this step."""
        self._tell = tell
        self._board = playground.board
        self._suffer, self._note = self._board.faults.suffer, self._board.note_call
        self._board.faults.suffer = self._before  # type: ignore[method-assign]
        self._board.note_call = self._after  # type: ignore[method-assign]
        self.after: Callable[[Step], None] = lambda _: None

    async def _before(self, method: str, now: float) -> bool:
        if method in POSTING:
            if await self._tell(Step.ASKED):
                raise OutageError
            await self._tell(Step.LATE)
        return await self._suffer(method, now)

    def _after(self, call: Json) -> None:
        self._note(call)
        if call["method"] in POSTING and call["ok"]:
            self.after(Step.DONE)
