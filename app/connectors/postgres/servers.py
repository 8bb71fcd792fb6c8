"""Connections to PostgreSQL servers: a pool for each database, and every failure as one sentence."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from app.connectors.postgres.settings import Server, Settings
from app.connectors.protocol import ConnectorFailed
from app.connectors.settings import ConnectorsError

MOST = 8
WAITS = 8.0
IDLE = 60.0
SHOWN = 300
Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]


class Servers:
    """Connects as the admin, where and when it is needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pools: dict[tuple[Server, str], Pool] = {}

    @asynccontextmanager
    async def connection(self, server: Server, database: str) -> AsyncIterator[AsyncConnection[TupleRow]]:
        """Lend a connection, each statement a transaction of its own. Raises ConnectorFailed for all that fails."""
        try:
            pool = await self._pool(server, database)
            async with pool.connection() as connection:
                yield connection
        except PoolTimeout:
            raise ConnectorFailed(
                f"PostgreSQL at {server} does not answer, or not as {self._settings.admin}"
            ) from None
        except psycopg.Error as error:
            raise ConnectorFailed(f"PostgreSQL at {server}: {_said(error)}") from None
        except ConnectorsError as error:
            raise ConnectorFailed(str(error)) from None

    async def close(self) -> None:
        """Close all."""
        for pool in self._pools.values():
            await pool.close()
        self._pools.clear()

    async def _pool(self, server: Server, database: str) -> Pool:
        pool = self._pools.get((server, database))
        if pool is None:
            pool = AsyncConnectionPool(
                kwargs=self._settings.options(server, database) | {"autocommit": True},
                min_size=0,
                max_size=MOST,
                timeout=WAITS,
                max_idle=IDLE,
                reconnect_timeout=WAITS,
                check=AsyncConnectionPool.check_connection,
                open=False,
                name=f"{server}/{database}",
            )
            self._pools[server, database] = pool
            await pool.open()
        return pool


def _said(error: psycopg.Error) -> str:
    """Give the server's own sentence, without statement and values."""
    said = error.diag.message_primary or str(error) or type(error).__name__
    return " ".join(said.split())[:SHOWN]
