"""Running the bot: what each role takes and does, from the addresses it listens at to the signal that ends it."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, closing
from enum import StrEnum
from typing import Any

import aiohttp
import structlog

from app.audit.log import AuditLog, AuditLogError
from app.bot.bot import Bot
from app.bot.web import FIRST_LOOK
from app.connectors.settings import ConnectorsError
from app.policy import PolicyError, PolicySource, shipped_policies
from app.settings import Settings
from app.store.connection import Connection, OwnServer, connect
from app.store.embedded import DataInUse
from app.together import run_together
from app.web.server import CannotListen, listen, run_web

CANNOT_START = (PolicyError, ConnectorsError, DataInUse, AuditLogError, CannotListen)
"""What `serve` raises when it cannot start, each with what to do about it."""
Job = Coroutine[Any, Any, None]
log = structlog.get_logger(__name__)


class Role(StrEnum):
    """What a process does: take what people do, work on what follows, or both."""

    ALL = "all"
    WEB = "web"
    WORKER = "worker"


async def serve(settings: Settings, role: Role = Role.ALL) -> None:
    """Run the bot until SIGINT or SIGTERM. Raises one of CANNOT_START when it cannot start."""
    policies = PolicySource(settings.policies or shipped_policies())
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as stack:
        listening = None
        if role is not Role.WORKER:
            listening = stack.enter_context(closing(listen(settings.http_host, settings.http_port)))
        scraped = None
        if settings.metrics_port is not None:
            scraped = stack.enter_context(closing(listen(settings.http_host, settings.metrics_port)))
        connection = await stack.enter_async_context(_connection(settings))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        audit_log = stack.enter_context(closing(AuditLog(settings.data / "audit.sqlite3")))
        bot = Bot(settings, policies, connection, http, audit_log)
        log.info("policy_in_force", digest=policies.current.digest[:12])
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, bot.reload_policies)
        await _until_signalled(
            [
                bot.watch_policies(),
                bot.watch_directory(),
                *_work(bot, role),
                *_ways_in(bot, listening),
                *([run_web(bot.web_of_metrics(), scraped)] if scraped else []),
            ]
        )
        log.info("stopping")


def _work(bot: Bot, role: Role) -> list[Job]:
    return [] if role is Role.WEB else [bot.work()]


def _ways_in(bot: Bot, listening: socket.socket | None) -> list[Job]:
    """HTTP for health, and Slack by Socket Mode where there is an app-level token, by HTTP where not."""
    if listening is None:
        return []
    web = run_web(bot.web(), listening)
    if bot.socket_mode:
        return [web, bot.hear(), _once_looked(bot, bot.socket_mode.run())]
    return [_once_looked(bot, web), bot.hear()]


async def _once_looked(bot: Bot, job: Job) -> None:
    """Take what people do once it is known who is in groups, or cannot be found out soon."""
    try:
        await bot.directory.looked(FIRST_LOOK)
    except asyncio.CancelledError:
        job.close()
        raise
    await job


@asynccontextmanager
async def _connection(settings: Settings) -> AsyncIterator[Connection]:
    """Connect to the server that is named, or run our own."""
    if settings.redis_url is None:
        async with OwnServer(settings.data) as own:
            yield own.connection
        return
    async with aclosing(connect(settings.redis_url.get_secret_value())) as connection:
        yield connection


async def _until_signalled(jobs: Sequence[Job]) -> None:
    """Run jobs until a signal; one that fails ends all, and is raised."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    running = asyncio.create_task(run_together(jobs))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    running.cancel()
    try:
        await running
    except asyncio.CancelledError:
        return
