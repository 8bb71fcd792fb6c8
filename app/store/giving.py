"""Who creates access for a request now: one process at a time, and another soon after it died."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from app.domain.refusals import Unavailable
from app.store import keys
from app.store.requests import reachable
from app.store.scripts import Scripts

TTL = 5.0
RENEWED_EVERY = 1.5
ASKED_EVERY = 0.5


class Giving:
    """A lease for each request that is being given, renewed while it is."""

    def __init__(self, client: Redis, holder: str) -> None:
        self._scripts = Scripts(client)
        self._holder = holder

    @asynccontextmanager
    async def alone(self, request_id: str) -> AsyncIterator[None]:
        """Wait for the turn, and keep it. Raises Unavailable."""
        while not await self._take(request_id):  # noqa: ASYNC110  nobody tells when a holder dies
            await asyncio.sleep(ASKED_EVERY)
        keeping = asyncio.create_task(self._keep(request_id))
        try:
            yield
        finally:
            keeping.cancel()
            async with reachable():
                await self._scripts.run("release", [keys.giving(request_id)], [self._holder])

    async def _take(self, request_id: str) -> bool:
        async with reachable():
            taken = await self._scripts.run(
                "hold", [keys.giving(request_id)], [self._holder, int(TTL * 1000)]
            )
        return bool(taken)

    async def _keep(self, request_id: str) -> None:
        while True:
            await asyncio.sleep(RENEWED_EVERY)
            try:
                await self._take(request_id)
            except Unavailable:
                continue
