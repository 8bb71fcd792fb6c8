"""The playground put together: one loopback server for the app's side, the user's side and the page."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from app.playground.api.dispatch import WebApi
from app.playground.api.side_doors import SideDoors
from app.playground.delivery.deliveries import RETRY_AFTER, Deliveries
from app.playground.delivery.envelope import ACK_WITHIN
from app.playground.delivery.sockets import CONNECTION_SECONDS, Sockets
from app.playground.faults import Faults
from app.playground.guard import guard, harden
from app.playground.model import User
from app.playground.pacing import Pacing
from app.playground.registration import App, AppRegistration
from app.playground.switchboard import Switchboard
from app.playground.user_side.routes import UserSide
from app.playground.workspace import Workspace

PAGE = Path(__file__).parent / "page"
UPLOAD_MAX = 64 * 1024 * 1024
SHUTDOWN_WITHIN = 0.3


@dataclass(frozen=True)
class Options:
    """How much like a stern Slack to be: `paced` asks for a message a second, retries wait in seconds.

    `ack_within`: how many seconds an app may take to acknowledge, and a trigger lives; 3 as in Slack by default.
    """

    paced: bool = False
    retry_after: Sequence[float] = RETRY_AFTER
    connection_seconds: float = CONNECTION_SECONDS
    ack_within: float | None = None
    clock: Callable[[], float] = time.time


class Playground:
    """A local workspace that runs while its context is open.

    `url` is where its page is, `api_url` what an app takes for Slack's Web API, `apps` carry their tokens.
    """

    def __init__(
        self,
        workspace: Workspace,
        apps: Sequence[AppRegistration] = (AppRegistration(),),
        *,
        port: int = 0,
        options: Options | None = None,
    ) -> None:
        self._options = options or Options()
        self._port = port
        self.workspace = workspace
        self.workspace.clock = self._options.clock
        self.apps = [App.install(registration) for registration in apps]
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The page's address, without a slash at its end."""
        return self.board.base_url

    @property
    def api_url(self) -> str:
        """The Web API's base address, with a slash at its end as SDKs want it."""
        return f"{self.url}/api/"

    async def __aenter__(self) -> Self:
        options = self._options
        faults = Faults()
        self.sockets = Sockets(options.connection_seconds, options.ack_within)
        self.deliveries = Deliveries(
            self.sockets,
            faults,
            clock=options.clock,
            retry_after=options.retry_after,
            ack_within=options.ack_within,
        )
        pacing = Pacing() if options.paced else None
        self.board = Switchboard(
            self.workspace, self.apps, faults, self.deliveries, clock=options.clock, pacing=pacing
        )
        self.board.triggers.lifetime = options.ack_within or ACK_WITHIN
        self._seat_bots()
        self._user_side = UserSide(self.board)
        self._runner = web.AppRunner(self._application(), shutdown_timeout=SHUTDOWN_WITHIN, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        port = self._runner.addresses[0][1]
        self.board.base_url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._user_side.stop()
        self.board.faults.clear()
        await self.deliveries.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _seat_bots(self) -> None:
        """Give every app its bot user, a member of every channel."""
        self.workspace.add_user(User(id="USLACKBOT", name="slackbot", real_name="Slackbot", is_bot=True))
        for app in self.apps:
            bot = User(
                id=app.bot_user_id,
                name=app.name.lower().replace(" ", "-"),
                real_name=app.name,
                is_bot=True,
                bot_id=app.bot_id,
                app_id=app.app_id,
            )
            self.workspace.add_user(bot)
            for channel in self.workspace.channels.values():
                if channel.kind != "im" and app.bot_user_id not in channel.members:
                    channel.members.append(app.bot_user_id)

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[guard], client_max_size=UPLOAD_MAX)
        application.on_response_prepare.append(harden)
        api, doors = WebApi(self.board), SideDoors(self.board)
        application.add_routes(
            [
                web.get("/api/{method}", api.serve),
                web.post("/api/{method}", api.serve),
                web.get("/link/", self._link),
                web.post("/response/{app_id}/{token}", doors.respond),
                web.post("/upload/{file_id}", doors.upload),
                web.get("/files-pri/{file_id}/{name}", doors.download),
                *self._user_side.routes(),
                web.get("/", self._page),
                web.static("/page", PAGE),
            ]
        )
        return application

    async def _link(self, request: web.Request) -> web.StreamResponse:
        if self.board.clock() < self.board.faults.sockets_refused_until:
            return web.Response(status=503, text="Service Unavailable")
        return await self.sockets.serve(request)

    async def _page(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGE / "index.html")
