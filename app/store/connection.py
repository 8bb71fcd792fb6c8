"""Connections to Redis: one pool for calls, one for reads that wait."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple, Self

import structlog
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ReadOnlyError

from app.store.embedded import NoServer, start_server

CALL_TIMEOUT = 3.0
WAIT = 5.0
"""How long a waiting read waits, in seconds."""
CALLS_AT_ONCE = 64
"""More calls than this wait their turn; a pool that does not let them wait refuses them as if Redis were away."""
TURN_WITHIN = 10.0
WAITS_AT_ONCE = 1000
"""Above the number of partitions times consumers: each waits on a connection of its own."""
log = structlog.get_logger(__name__)


class Connection(NamedTuple):
    """Clients of one server. `calls` answers within the time it was made with or raises; `waits` may wait longer."""

    calls: Redis
    waits: Redis
    kind: str

    async def aclose(self) -> None:
        await self.calls.aclose()
        await self.waits.aclose()


def connect(url: str, answers_within: float = CALL_TIMEOUT) -> Connection:
    """Make clients of a server that answers a call within so many seconds; nothing is sent yet.

    A lost connection is opened again at the next call, and so is one to a server that has become a replica:
    after a failover another one is behind the address.
    """

    def settings(timeout: float) -> dict[str, Any]:
        return {
            "decode_responses": True,
            "protocol": 2,
            "socket_timeout": timeout,
            "socket_connect_timeout": answers_within,
            "health_check_interval": 15,
            "retry": Retry(ExponentialWithJitterBackoff(base=0.01, cap=0.1), retries=2),
            "retry_on_error": [ReadOnlyError],
        }

    calls = BlockingConnectionPool.from_url(
        url, max_connections=CALLS_AT_ONCE, timeout=TURN_WITHIN, **settings(answers_within)
    )
    waits = ConnectionPool.from_url(url, max_connections=WAITS_AT_ONCE, **settings(WAIT + answers_within))
    return Connection(Redis.from_pool(calls), Redis.from_pool(waits), "server")


class OwnServer:
    """The store of an installation without `JIT_REDIS_URL`: its own server, else fakeredis."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            server = await self._stack.enter_async_context(start_server(self._data))
        except NoServer as missing:
            log.warning("store_in_memory", why=str(missing), consequence="nothing survives a restart")
            self.connection = _in_memory()
        else:
            log.info("store_started", program=str(server.program), socket=str(server.socket))
            self.connection = connect(f"unix://{server.socket}")
        self._stack.push_async_callback(self.connection.aclose)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()


def _in_memory() -> Connection:
    from fakeredis import FakeAsyncRedis, FakeServer  # noqa: PLC0415  only where nothing else is there

    server = FakeServer()
    client = FakeAsyncRedis(server=server, decode_responses=True)
    return Connection(client, FakeAsyncRedis(server=server, decode_responses=True), "memory")
