"""Things done once a day, for however many replicas run."""

from datetime import timedelta

from redis.asyncio import Redis

from app.store import keys
from app.store.requests import reachable
from app.store.scripts import Scripts

TRY_LASTS = timedelta(minutes=2)
KEPT = timedelta(days=3)
DONE = "done"


class Once:
    """A replica takes the day's job, does it, and marks it done; one that dies in between is taken over."""

    def __init__(self, client: Redis, holder: str) -> None:
        self._redis = client
        self._scripts = Scripts(client)
        self._holder = holder

    async def take(self, name: str, day: str) -> bool:
        """Tell whether this replica is to do it now."""
        async with reachable():
            key, ttl = keys.once(name, day), int(TRY_LASTS.total_seconds() * 1000)
            return bool(await self._scripts.run("hold", [key], [self._holder, ttl]))

    async def release(self, name: str, day: str) -> None:
        """It is done, and may be to be done once more."""
        async with reachable():
            await self._scripts.run("release", [keys.once(name, day)], [self._holder])

    async def done(self, name: str, day: str) -> None:
        """Nobody needs to do it again."""
        async with reachable():
            await self._redis.set(keys.once(name, day), DONE, ex=KEPT)
