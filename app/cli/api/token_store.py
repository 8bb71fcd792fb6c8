"""Makes, lists and ends tokens where the bot's store can be reached: its machine, or any that reaches its Redis."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

from app.cli.api.telling import fail
from app.domain.refusals import Refused
from app.logs import set_up
from app.policy import PolicyError, PolicySource, shipped_policies
from app.store.checks import Checks
from app.store.connection import Connection, OwnServer, connect
from app.store.embedded import DataInUse
from app.store.tokens import TokenStore
from app.tokens import Tokens

T = TypeVar("T")


def ask_tokens(data: Path, redis_url: str, policies: Path | None, do: Callable[[Tokens], Awaitable[T]]) -> T:
    """Do something with the bot's tokens."""
    set_up("console", "warning")

    async def ask() -> T:
        source = PolicySource(policies or shipped_policies())
        async with _reached(data, redis_url) as connection:
            return await do(
                Tokens(
                    TokenStore(connection.calls), Checks(connection.calls), lambda: source.current, _nobody
                )
            )

    try:
        return asyncio.run(ask())
    except (Refused, PolicyError, DataInUse) as error:
        fail(str(error))


async def _nobody(_: str) -> NoReturn:
    raise AssertionError("no call is answered here, so nobody is to be verified")


@asynccontextmanager
async def _reached(data: Path, redis_url: str) -> AsyncIterator[Connection]:
    """Reach the bot's store: the one that is named, the running bot's own, or its own while it does not run."""
    async with AsyncExitStack() as stack:
        socket = data / "redis" / "redis.sock"
        if redis_url or await _answers(socket):
            yield await stack.enter_async_context(aclosing(connect(redis_url or f"unix://{socket}")))
        elif not (data / "redis").is_dir():
            fail(f"{data}: no bot has run here; give --data or --redis-url as the bot has them")
        else:
            yield (await stack.enter_async_context(OwnServer(data))).connection


async def _answers(socket: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    writer.close()
    return True
