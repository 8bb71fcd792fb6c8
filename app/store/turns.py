"""What one replica does for all, once in a while."""

from datetime import timedelta

from redis.asyncio import Redis

from app.store import keys
from app.store.requests import reachable


class Turns:
    """Each name has one turn in each span of time, whoever comes first."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    async def take(self, name: str, span: timedelta) -> bool:
        """Tell whether it is this replica's turn."""
        async with reachable():
            taken = await self._redis.set(keys.turn(name), "taken", nx=True, px=span)
        return bool(taken)
