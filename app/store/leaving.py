"""Requests that, by what sources of members say, nobody may have any more: noted until that is certain."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis

from app.store import keys
from app.store.requests import milliseconds, reachable

KEPT = timedelta(days=1)


class LeavingNotes:
    """Notes for all replicas, with their times by Redis's clock. Raises Unavailable."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    async def noted(self) -> Mapping[str, datetime]:
        """Give since when each request is noted, by its id."""
        async with reachable():
            found = await self._redis.hgetall(keys.LEAVING)
        return {str(each): datetime.fromtimestamp(int(at) / 1000, UTC) for each, at in found.items()}

    async def note(self, request_ids: Collection[str], now: datetime) -> None:
        """Note requests; one that is noted already keeps its time."""
        async with reachable(), self._redis.pipeline(transaction=False) as pipeline:
            for request_id in request_ids:
                pipeline.hsetnx(keys.LEAVING, request_id, milliseconds(now))
            pipeline.expire(keys.LEAVING, KEPT)
            await pipeline.execute()

    async def drop(self, request_ids: Collection[str]) -> None:
        """Forget requests: they are over, or may be had after all."""
        if request_ids:
            async with reachable():
                await self._redis.hdel(keys.LEAVING, *request_ids)

    async def left(self, person: str, now: datetime) -> None:
        """Remember for a day that something was taken from a person."""
        async with reachable(), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.zadd(keys.LEFT, {person: milliseconds(now)})
            pipeline.zremrangebyscore(keys.LEFT, "-inf", milliseconds(now - KEPT))
            pipeline.expire(keys.LEFT, KEPT)
            await pipeline.execute()

    async def left_since(self, since: datetime) -> frozenset[str]:
        """Give from whom something was taken since an instant."""
        async with reachable():
            found = await self._redis.zrangebyscore(keys.LEFT, milliseconds(since), "+inf")
        return frozenset(map(str, found))
