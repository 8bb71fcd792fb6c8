"""The bot as a process of its own, beside a local workspace: for the demo, and for tests that kill it."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from app.child import DIES_WITH_PARENT
from app.playground import Playground

STOPS_WITHIN = 10.0


def environment(playground: Playground, data: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Settings of a bot of the playground's first app; ours win over those around us, `more` over ours."""
    app = playground.apps[0]
    around = {name: value for name, value in os.environ.items() if not name.startswith(("JIT_", "SLACK_"))}
    ours = {
        "SLACK_BOT_TOKEN": app.bot_token,
        "JIT_SLACK_API_URL": playground.api_url,
        "JIT_DATA": str(data),
        "JIT_HTTP_PORT": "0",
        "PYTHONUNBUFFERED": "1",
    }
    way_in = (
        {"SLACK_SIGNING_SECRET": app.signing_secret}
        if app.request_url
        else {"SLACK_APP_TOKEN": app.app_token}
    )
    return around | ours | way_in | dict(more or {})


class BotProcess:
    """`jit serve` in a process; its log goes to a file. It does not outlive this process."""

    def __init__(self, settings: Mapping[str, str], log: Path, role: str = "all") -> None:
        self._settings = dict(settings)
        self._role = role
        self.log = log
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; whether it is ready shows in the workspace."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "app",
                "serve",
                "--role",
                self._role,
                env=self._settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C at the terminal is ours to pass on, once and in order
                preexec_fn=DIES_WITH_PARENT,
            )

    async def ended(self) -> int:
        """Wait until it ends; gives its exit status."""
        return await self._running().wait()

    async def stop(self) -> int:
        """End it in good order."""
        process = self._running()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            return await asyncio.wait_for(process.wait(), STOPS_WITHIN)
        except TimeoutError:
            return await self.kill()

    async def kill(self) -> int:
        """End it as a crash would: no handler runs."""
        process = self._running()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        return await process.wait()

    def last_words(self, lines: int = 12) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _running(self) -> asyncio.subprocess.Process:
        if self.process is None:
            raise RuntimeError("start() comes first")
        return self.process


@asynccontextmanager
async def running(bot: BotProcess) -> AsyncIterator[BotProcess]:
    """Run a bot for as long as the context is open."""
    await bot.start()
    try:
        yield bot
    finally:
        await bot.stop()
