"""Somebody's terminal: `jit` as a process, with a home of its own."""

import asyncio
import os
import sys
from pathlib import Path
from typing import NamedTuple


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Terminal:
    """Runs `jit` against one server as whoever's token it has."""

    def __init__(self, home: Path, **environment: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("JIT_", "XDG_"))}
        self.environment = {**kept, "HOME": str(home), "NO_COLOR": "1", "COLUMNS": "200", **environment}

    async def starts(self, *words: str) -> asyncio.subprocess.Process:
        """Start a command."""
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app", *words,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip

    async def runs(self, *words: str) -> Ended:
        """Run a command to its end."""
        return await ended(await self.starts(*words))


async def ended(process: asyncio.subprocess.Process, within: float = 40) -> Ended:
    out, err = await asyncio.wait_for(process.communicate(), within)
    return Ended(process.returncode or 0, out.decode(), err.decode())
