"""Wishes that wait for an address, in Redis: each ends by its native TTL, and is taken once. No token is kept."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any, NamedTuple

from redis.asyncio import Redis

from app.domain.people import Principal
from app.store import keys
from app.store.requests import reachable
from app.store.scripts import Scripts

WISH_WAITS = timedelta(minutes=5)
TOKEN_BYTES = 32


class Kept(NamedTuple):
    """A wish as JSON, and whose it is: ids of the person and of the Slack user. `used`: somebody has taken it."""

    person: str
    slack: str
    wish: str
    used: bool


class WaitingWishes:
    """Wishes by token. Raises Unavailable whenever the server cannot be reached."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._scripts = Scripts(client)

    async def keep(self, by: Principal, wish: str) -> str:
        """Keep a wish; gives its token, 256 random bits for a path."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        async with reachable(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(_key(token), mapping={"person": by.id, "slack": by.slack, "wish": wish})
            pipeline.pexpire(_key(token), WISH_WAITS)
            await pipeline.execute()
        return token

    async def find(self, token: str) -> Kept | None:
        """Read a wish, None where there is none (any more)."""
        async with reachable():
            fields: Any = await self._redis.hmget(_key(token), ["person", "slack", "wish", "used"])
        person, slack, wish, used = fields
        return Kept(person, slack, wish, used is not None) if wish else None

    async def take(self, token: str, by: Principal) -> bool:
        """Take a wish; True for the first who does so, if it is this person's."""
        async with reachable():
            return bool(await self._scripts.run("wish_take", [_key(token)], [by.id, by.slack]))


def _key(token: str) -> str:
    return keys.waiting_wish(hashlib.sha256(token.encode()).hexdigest())
