"""Ends that targets do not confirm, where every replica sees them."""

from typing import Any

from redis.asyncio import Redis

from app.store import keys
from app.store.requests import reachable


class Failing:
    """Texts by request id."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    async def note(self, request_id: str, text: str) -> None:
        async with reachable():
            await self._redis.hset(keys.FAILING, request_id, text)

    async def forget(self, *request_ids: str) -> None:
        async with reachable():
            await self._redis.hdel(keys.FAILING, *request_ids)

    async def all(self) -> dict[str, str]:
        """Give them all."""
        async with reachable():
            found: Any = await self._redis.hgetall(keys.FAILING)
        return dict(found)
