"""Which policy is in force, since when, and which one the requests there are were last judged by."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from redis.asyncio import Redis

from app.store import keys
from app.store.requests import reachable
from app.store.scripts import Scripts


class InForce(NamedTuple):
    """A policy's digest with the time it came into force; `judged`: the digest requests were judged anew by."""

    digest: str
    since: datetime
    judged: str


class PolicyInForce:
    """One note for all replicas. Raises Unavailable when the server cannot be reached."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._scripts = Scripts(client)

    async def read(self) -> InForce | None:
        """Read the note; None before the first."""
        async with reachable():
            noted: Any = await self._redis.hgetall(keys.POLICY)
        if not noted:
            return None
        since = datetime.fromtimestamp(int(noted["since"]), UTC)
        return InForce(noted["digest"], since, noted["judged"])

    async def came(self, digest: str) -> InForce:
        """Note that a policy is in force from now on, unless it is noted already."""
        async with reachable():
            since, judged = await self._scripts.run("came", [keys.POLICY], [digest])
        return InForce(digest, datetime.fromtimestamp(int(since), UTC), str(judged))

    async def judged(self, digest: str) -> None:
        """Every request there is was judged anew by a policy."""
        async with reachable():
            await self._redis.hset(keys.POLICY, "judged", digest)
