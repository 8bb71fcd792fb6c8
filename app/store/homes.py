"""Who looks at their Home, and whose Home is to be made anew.

One sorted set of the people who opened theirs within the last hour, so that an event costs one look-up of
those whom it concerns, however many people there are. What is due is a set: much that happens to somebody at
once makes their Home anew once.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis

from app.store import keys
from app.store.requests import reachable

REMEMBERED = timedelta(hours=1)


class HomeViewers:
    """People by the ids of their Slack users. Raises Unavailable when the server cannot be reached."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    async def opened(self, person: str, page: str = "") -> None:
        """Somebody looks at their Home; `page` is the request at which their page of live access begins."""
        lasts = int(REMEMBERED.total_seconds())
        async with reachable():
            now = (await self._redis.time())[0]
            async with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.zremrangebyscore(keys.HOMES, "-inf", now)
                pipeline.zadd(keys.HOMES, {person: now + lasts})
                pipeline.expire(keys.HOMES, lasts)
                pipeline.set(keys.home_page(person), page, ex=lasts)
                await pipeline.execute()

    async def page(self, person: str) -> str:
        """Where somebody's page of live access begins; empty is the first."""
        async with reachable():
            return str(await self._redis.get(keys.home_page(person)) or "")

    async def concern(self, people: Collection[str]) -> int:
        """Let the Homes of these people be made anew, where they look at them; gives how many do."""
        async with reachable():
            now = (await self._redis.time())[0]
            looking = await self._looking(people, now)
            if looking:
                await self._redis.sadd(keys.HOMES_DUE, *looking)
        return len(looking)

    async def _looking(self, people: Collection[str], now: int) -> list[str]:
        """Who of these people looks; asked in whichever way is the shorter."""
        viewers = await self._redis.zcard(keys.HOMES)
        if not viewers or not people:
            return []
        if viewers < len(people):
            known: Any = await self._redis.zrangebyscore(keys.HOMES, f"({now}", "+inf")
            return [person for person in known if person in people]
        asked = list(people)
        until = await self._redis.zmscore(keys.HOMES, asked)
        return [person for person, end in zip(asked, until, strict=True) if end is not None and end > now]

    async def take_due(self, at_most: int) -> list[str]:
        """Take people whose Home is to be made anew; whoever takes them does it, or puts them back."""
        async with reachable():
            taken: Any = await self._redis.spop(keys.HOMES_DUE, at_most)
        return list(taken or ())

    async def put_back(self, person: str) -> None:
        """It could not be done now."""
        async with reachable():
            await self._redis.sadd(keys.HOMES_DUE, person)
