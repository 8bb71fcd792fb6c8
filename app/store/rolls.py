"""What sources of members said, shared by all replicas: one asks, each reads."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from redis.asyncio import Redis

from app.store import keys
from app.store.requests import reachable
from app.store.scripts import Scripts

KEPT = timedelta(days=30)
"""How long what was said last goes on denying, with nothing new; after that it counts as never told."""


class Told(NamedTuple):
    """When a source last said something, and what went wrong since; empty where nothing did."""

    as_of: datetime | None = None
    problem: str = ""


class Rolls:
    """Documents by the id of their source."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._scripts = Scripts(client)

    async def told(self) -> dict[str, Told]:
        """Give, of each source that was ever asked, what became of it."""
        async with reachable():
            fields = await self._redis.hgetall(keys.DIRECTORY)
        found: dict[str, Told] = {}
        for field, value in fields.items():
            source, _, what = str(field).rpartition(":")
            told = found.get(source, Told())
            if what == "as_of":
                found[source] = told._replace(as_of=datetime.fromtimestamp(int(value) / 1000, UTC))
            else:
                found[source] = told._replace(problem=str(value))
        return found

    async def document(self, source: str) -> str | None:
        """Give what a source said last; None when that is nothing, or too long ago to be kept."""
        async with reachable():
            found = await self._redis.get(keys.roll(source))
        return None if found is None else str(found)

    async def keep(self, source: str, document: str, as_of: datetime) -> None:
        """Keep what a source said, unless another replica has something newer; the next turn is free."""
        async with reachable():
            when, ttl = int(as_of.timestamp() * 1000), int(KEPT.total_seconds() * 1000)
            await self._scripts.run(
                "roll", [keys.DIRECTORY, keys.roll(source)], [source, when, document, ttl]
            )
            await self._redis.delete(keys.roll_turn(source))

    async def take_turn(self, source: str, holder: str, lasts: timedelta) -> bool:
        """Tell whether it is this replica's turn to ask a source: nobody does, or waits after a failure."""
        async with reachable():
            ttl = max(1, int(lasts.total_seconds() * 1000))
            return bool(await self._redis.set(keys.roll_turn(source), holder, nx=True, px=ttl))

    async def fail(self, source: str, problem: str, wait: timedelta) -> None:
        """Keep what went wrong with a source, and let no replica ask it for a while."""
        async with reachable():
            await self._redis.hset(keys.DIRECTORY, f"{source}:problem", problem)
            await self._redis.set(
                keys.roll_turn(source), "waits", px=max(1, int(wait.total_seconds() * 1000))
            )
