"""A workspace with the bot, and with a bare app where one is asked for, each a process of its own."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from app.child import DIES_WITH_PARENT
from app.cli.bot import BotProcess, environment, running
from app.playground import App, AppRegistration, Playground, demo_workspace
from app.playground.user_side.commands import run_command
from app.playground.user_side.names import Asked
from app.playground.workspace import Workspace
from app.shipped import shipped

BARE = {
    "display_information": {"name": "Bare"},
    "features": {"bot_user": {"display_name": "bare"}, "slash_commands": [{"command": "/noop"}]},
    "oauth_config": {"scopes": {"bot": ["commands"]}},
    "settings": {"interactivity": {"is_enabled": True}, "socket_mode_enabled": True},
}
QUIET = 0.25


class Stage:
    """The workspace in this process, and the bot beside it."""

    def __init__(self, playground: Playground, bot: BotProcess) -> None:
        self.playground = playground
        self.bot = bot

    @property
    def workspace(self) -> Workspace:
        return self.playground.workspace

    @property
    def bot_pid(self) -> int:
        assert self.bot.process is not None
        return self.bot.process.pid

    async def types(self, user: str, command: str) -> None:
        """Type a slash command in #general and wait for its acknowledgement; here, without HTTP between."""
        name, _, text = command.partition(" ")
        body = {"user": user, "channel": "#general", "command": name, "text": text}
        answered = await run_command(Asked(self.playground.board, body))
        if not answered["acked"]:
            raise RuntimeError(
                f"{command}: not acknowledged ({answered.get('error')})\n{self.bot.last_words()}"
            )

    async def until_quiet(self, for_: float = QUIET) -> None:
        """Wait until nothing has changed in the workspace for a while: the bot has said its all."""
        version = self.workspace.version
        while True:
            try:
                async with asyncio.timeout(for_):
                    version = await self.workspace.change_after(version)
            except TimeoutError:
                return


@asynccontextmanager
async def staged(
    workspace: Workspace | None = None,
    *,
    data: Path | None = None,
    more: Mapping[str, str] | None = None,
    with_bare: bool = False,
) -> AsyncIterator[Stage]:
    """Run a workspace with the bot connected to it, and `/noop` of a bare app."""
    apps = [AppRegistration(manifest=shipped("manifest.yml"))]
    if with_bare:
        apps.append(AppRegistration(manifest=BARE, key="bare"))
    with tempfile.TemporaryDirectory(prefix="jit-bench-", ignore_cleanup_errors=True) as temporary:
        folder = data or Path(temporary)
        async with Playground(workspace or demo_workspace(), apps) as playground:
            bot = BotProcess(environment(playground, folder, more), Path(temporary) / "bot.log")
            async with running(bot):
                await _connected(playground, playground.apps[0], bot)
                if not with_bare:
                    yield Stage(playground, bot)
                    return
                async with _bare_app(playground):
                    yield Stage(playground, bot)


async def _connected(playground: Playground, app: App, bot: BotProcess) -> None:
    ended = asyncio.create_task(bot.ended())
    here = asyncio.create_task(playground.sockets.until_connected(app))
    try:
        await asyncio.wait({ended, here}, timeout=30, return_when=asyncio.FIRST_COMPLETED)
        if not here.done():
            raise RuntimeError(f"the bot did not connect; its last words:\n{bot.last_words()}")
    finally:
        ended.cancel()
        here.cancel()


@asynccontextmanager
async def _bare_app(playground: Playground) -> AsyncIterator[None]:
    app = playground.apps[1]
    settings = {
        "BARE_BOT_TOKEN": app.bot_token,
        "BARE_APP_TOKEN": app.app_token,
        "BARE_API_URL": playground.api_url,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        Path(__file__).parent / "bare_app.py",
        env=os.environ | settings,
        stdin=subprocess.DEVNULL,
        preexec_fn=DIES_WITH_PARENT,
    )
    try:
        async with asyncio.timeout(15):
            await playground.sockets.until_connected(app)
        yield
    finally:
        process.terminate()
        await process.wait()
