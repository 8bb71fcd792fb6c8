"""Events from outside that have been taken, each with who asks because of it: that stays so, whatever changes."""

import hashlib
from datetime import timedelta

from redis.asyncio import Redis

from app.store import keys
from app.store.requests import reachable

REMEMBERED = timedelta(days=30)
"""How long an event that comes again opens nothing new: a signature without a time in it is good for ever."""


class Happened:
    """Keeps who asks because of an event."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    async def asker(self, trigger: str, key: str, person: str) -> str:
        """Give the id of who asks because of an event: of the first one that was named for it, on any replica."""
        name = keys.happened(event_name(trigger, key))
        async with reachable():
            if await self._redis.set(name, person, nx=True, ex=REMEMBERED):
                return person
            return str(await self._redis.get(name) or person)


def event_name(trigger: str, key: str) -> str:
    """Name what a trigger made of an event, by a digest: an event's key is of anybody's choosing."""
    return f"trigger:{trigger}:{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()}"
