"""Leases: of all replicas, one at a time reads a partition's events for a group."""

import asyncio
import contextlib
from collections.abc import Iterable
from datetime import timedelta

import structlog
from redis.asyncio import Redis

from app.domain.refusals import Unavailable
from app.store import keys
from app.store.requests import reachable
from app.store.scripts import Scripts

TTL = timedelta(seconds=3)
RENEWED_EVERY = timedelta(seconds=1)
log = structlog.get_logger(__name__)

Name = tuple[int, str]
"""Partition and consumer group."""


class Leases:
    """Keeps as many of the wanted leases as it can get, until closed. A lost one is known within a second."""

    def __init__(self, client: Redis, holder: str, wanted: Iterable[Name]) -> None:
        self._redis = client
        self._scripts = Scripts(client)
        self._holder = holder
        self._held = {name: asyncio.Event() for name in wanted}
        self._until = 0.0

    def holds(self, name: Name) -> bool:
        """Tell whether this process may work on a partition, by its own clock and not beyond the TTL."""
        return self._held[name].is_set() and asyncio.get_running_loop().time() < self._until

    async def wait_for(self, name: Name) -> None:
        """Wait until this process holds a lease: one that ran out by the clock counts once it is renewed."""
        while not self.holds(name):
            self._held[name].clear()
            await self._held[name].wait()

    async def keep(self) -> None:
        """Take and renew, until cancelled; then give all back."""
        try:
            while True:
                await self._renew()
                await asyncio.sleep(RENEWED_EVERY.total_seconds())
        finally:
            await self._release_whatever_comes()

    async def _renew(self) -> None:
        started = asyncio.get_running_loop().time()
        try:
            async with reachable(), self._redis.pipeline(transaction=False) as pipeline:
                for partition, group in self._held:
                    await self._scripts.run(
                        "hold",
                        [keys.lease(partition, group)],
                        [self._holder, int(TTL.total_seconds() * 1000)],
                        pipeline,
                    )
                taken = await pipeline.execute()
        except Unavailable:
            taken = [0] * len(self._held)
        self._until = started + TTL.total_seconds()
        for event, is_taken in zip(self._held.values(), taken, strict=True):
            if is_taken:
                event.set()
            else:
                event.clear()

    async def _release_whatever_comes(self) -> None:
        """Give all back, also when cancelled once more meanwhile: one left over holds up the successor."""
        releasing = asyncio.create_task(self._release())
        while not releasing.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(releasing)
        await releasing

    async def _release(self) -> None:
        for event in self._held.values():
            event.clear()
        try:
            async with reachable(), self._redis.pipeline(transaction=False) as pipeline:
                for partition, group in self._held:
                    await self._scripts.run(
                        "release", [keys.lease(partition, group)], [self._holder], pipeline
                    )
                await pipeline.execute()
        except Unavailable:
            log.info("leases_left_to_expire")
