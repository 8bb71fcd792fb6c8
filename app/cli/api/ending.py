"""Ends a command with all that it started, as they all have its credentials.

On Linux alone: what descends from it, and what has its request in the environment, so also what was left by its
parent. It stays in the terminal's process group, by which Ctrl-C, Ctrl-Z and reading passwords work; so that group is
not what is ended, which a script or a pipe may share. Elsewhere the command itself is ended.
"""

import asyncio
import os
import signal
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

STOPS_WITHIN = 10.0
LOOKS_EVERY = 0.1
DIES_WITHIN = 2.0
PROC = Path("/proc")


class Process(NamedTuple):
    """A process by when it began (clock ticks since boot) and its number, which together are nobody else's."""

    began: int
    number: int


async def end(child: asyncio.subprocess.Process, request_id: str) -> set[int]:
    """End a command and all that it started: by SIGTERM, 10 s later by SIGKILL; gives what runs on nonetheless."""
    command = _Command(child, f"JIT_REQUEST={request_id}".encode())
    await command.ended_by(signal.SIGTERM, STOPS_WITHIN)
    return await command.ended_by(signal.SIGKILL, DIES_WITHIN)


class _Command:
    """A command, and what was seen of what it started."""

    def __init__(self, child: asyncio.subprocess.Process, mark: bytes) -> None:
        self._child = child
        self._mark = mark
        self._seen: set[Process] = set()

    async def ended_by(self, number: signal.Signals, within: float) -> set[int]:
        """Send each process a signal, once, until none is left or so many seconds have passed; gives who is left.

        Whoever began first gets it first: a script whose step is ended would go on to the next.
        """
        clock = asyncio.get_running_loop().time
        until, told = clock() + within, set[Process]()
        while (living := self._living()) and clock() < until:
            _send(number, sorted(living - told))
            told |= living
            await asyncio.sleep(LOOKS_EVERY)
        return {each.number for each in living}

    def _living(self) -> set[Process]:
        """Look what runs of it: the command, what was seen before, what descends from those or has the mark."""
        found = _processes()
        runs = self._child.returncode is None
        family = {self._child.pid} if runs else set()
        family |= {each.number for each in self._seen if each in found}
        family |= {each.number for each in found if _has(each.number, self._mark)}
        while born := {each.number for each, parent in found.items() if parent in family} - family:
            family |= born
        living = {each for each in found if each.number in family}
        self._seen |= living
        is_hidden = runs and all(each.number != self._child.pid for each in living)  # where there is no /proc
        return living | ({Process(0, self._child.pid)} if is_hidden else set())


def _processes() -> Mapping[Process, int]:
    """Give all processes that run, with their parents' numbers; nothing where /proc is not Linux's (proc(5))."""
    found = {}
    for number in _numbers():
        folder = PROC / number
        try:
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        state, parent, began = fields[0], int(fields[1]), int(fields[19])
        if state not in "ZX":
            found[Process(began, int(number))] = parent
    return found


def _numbers() -> list[str]:
    try:
        return [each for each in os.listdir(PROC) if each.isdecimal()]  # noqa: PTH208  names are all that is wanted
    except OSError:
        return []


def _has(number: int, mark: bytes) -> bool:
    try:
        return mark in (PROC / str(number) / "environ").read_bytes().split(b"\0")
    except OSError:  # another user's, or it has ended meanwhile
        return False


def _send(number: signal.Signals, processes: Iterable[Process]) -> None:
    for each in processes:
        try:
            os.kill(each.number, number)
        except (ProcessLookupError, PermissionError):  # those of other users are told of in the end
            continue
