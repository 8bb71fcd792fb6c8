"""Tokens of CI jobs that were taken: each is taken once, over all replicas."""

from datetime import datetime, timedelta

from redis.asyncio import Redis

from app.store import keys
from app.store.requests import reachable, server_time


class JobStore:
    """Raises Unavailable whenever the server cannot be reached: then no job's token is taken."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    async def now(self) -> datetime:
        """The server's clock, in UTC."""
        return await server_time(self._redis)

    async def take(self, issuer: str, jti: str, remembered: timedelta) -> bool:
        """Tell whether a token is taken now for the first time; it is remembered as long as it could hold."""
        async with reachable():
            milliseconds = max(1, int(remembered.total_seconds() * 1000))
            return bool(await self._redis.set(keys.job(issuer, jti), "taken", nx=True, px=milliseconds))
