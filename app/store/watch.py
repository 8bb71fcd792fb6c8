"""Waits until something happens to a request, however many wait: one blocked read for each partition in demand."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.domain.ids import partition_in
from app.store import keys
from app.store.connection import WAIT

AT_ONCE = 500
PAUSE = 0.5
log = structlog.get_logger(__name__)


class Watch:
    """Wakes those who wait for a request. It reads the events themselves, and leaves the groups' reading alone."""

    def __init__(self, waits: Redis) -> None:
        self._redis = waits
        self._waiting: dict[int, dict[str, set[asyncio.Event]]] = {}
        self._reading: dict[int, asyncio.Task[None]] = {}
        self._begun: dict[int, asyncio.Event] = {}

    @asynccontextmanager
    async def on(self, request_id: str) -> AsyncIterator[asyncio.Event]:
        """Give a flag that is set whenever something may have happened to a request since this began."""
        partition, flag = partition_in(request_id), asyncio.Event()
        waiting = self._waiting.setdefault(partition, {})
        waiting.setdefault(request_id, set()).add(flag)
        if partition not in self._reading:
            self._begun[partition] = asyncio.Event()
            self._reading[partition] = asyncio.create_task(self._read(partition))
        try:
            await self._begun[partition].wait()
            yield flag
        finally:
            waiting[request_id].discard(flag)
            if not waiting[request_id]:
                del waiting[request_id]
            if not waiting and partition in self._reading:
                self._reading.pop(partition).cancel()

    async def _read(self, partition: int) -> None:
        begun = self._begun[partition]
        while self._reading.get(partition) is asyncio.current_task():
            try:
                last = await self._last(partition)
                begun.set()
                self._wake(partition)
                while self._reading.get(partition) is asyncio.current_task():
                    last = await self._next(partition, last)
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("watch_interrupted", partition=partition, error=str(error))
                begun.set()
                self._wake(partition)  # they look for themselves, and are told that the store is away
                await asyncio.sleep(PAUSE)

    async def _last(self, partition: int) -> str:
        newest = await self._redis.xrevrange(keys.events(partition), count=1)
        return str(newest[0][0]) if newest else "0-0"

    async def _next(self, partition: int, last: str) -> str:
        read: Any = await self._redis.xread(
            {keys.events(partition): last}, count=AT_ONCE, block=int(WAIT * 1000)
        )
        for _, entries in read or ():
            for entry_id, fields in entries:
                last = str(entry_id)
                with contextlib.suppress(ValueError, KeyError):
                    self._wake(partition, json.loads(fields["event"])["request_id"])
        return last

    def _wake(self, partition: int, request_id: str | None = None) -> None:
        waiting = self._waiting.get(partition, {})
        for flags in waiting.values() if request_id is None else [waiting.get(request_id, set())]:
            for flag in flags:
                flag.set()
