"""Where a request is shown: the place of each message, by its role. Written by the announcer alone.

A role is first reserved and then placed. A reserved role without a place is in doubt: the process died
between asking Slack to post and hearing back, so the channel has to be looked at before posting again.
"""

from datetime import timedelta
from typing import Any, NamedTuple

from redis.asyncio import Redis

from app.store import keys
from app.store.requests import reachable

KEPT = timedelta(days=30)
IN_DOUBT = "?"


class Place(NamedTuple):
    """A message in Slack: the channel's id and the message's `ts`; `shown` is a digest of what it shows."""

    channel: str
    ts: str
    shown: str = ""

    @classmethod
    def read(cls, text: str) -> "Place":
        return cls(*text.split(" ", 2))

    def __str__(self) -> str:
        return " ".join(self)


class Messages:
    """The hash of places that each request has."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    async def places(self, request_id: str) -> dict[str, str]:
        """Every role with its place, or IN_DOUBT."""
        async with reachable():
            places: Any = await self._redis.hgetall(keys.messages(request_id))
        return dict(places)

    async def reserve(self, request_id: str, role: str) -> None:
        """Say that a message is about to be posted."""
        async with reachable():
            await self._redis.hset(keys.messages(request_id), role, IN_DOUBT)
            await self._redis.expire(keys.messages(request_id), KEPT)

    async def put(self, request_id: str, role: str, value: str) -> None:
        """Note where a message is, or another fact of the announcer's."""
        async with reachable():
            await self._redis.hset(keys.messages(request_id), role, value)

    async def forget(self, request_id: str, role: str) -> None:
        """A reserved message was not posted after all."""
        async with reachable():
            await self._redis.hdel(keys.messages(request_id), role)
