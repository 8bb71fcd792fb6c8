"""Which policy is in force, since when, and which one the requests there are were last judged by."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from redis.asyncio import Redis

from app.store import keys
from app.store.requests import reachable


class InForce(NamedTuple):
    """A policy's digest with the time it came into force; `judged`: the digest requests were judged anew by."""

    digest: str
    since: datetime
    judged: str


class PolicyInForce:
    """One note for all replicas. Raises Unavailable when the server cannot be reached."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    async def read(self) -> InForce | None:
        """Read the note; None before the first."""
        async with reachable():
            noted: Any = await self._redis.hgetall(keys.POLICY)
        if not noted:
            return None
        since = datetime.fromtimestamp(int(noted["since"]), UTC)
        return InForce(noted["digest"], since, noted.get("judged", ""))

    async def came(self, digest: str) -> InForce:
        """Note that a policy is in force from now on, unless it is noted already."""
        noted = await self.read()
        if noted is not None and noted.digest == digest:
            return noted
        judged = noted.judged if noted else digest  # before the first policy there was nothing to judge
        async with reachable():
            now = int((await self._redis.time())[0])
            note: Any = {"digest": digest, "since": now, "judged": judged}
            await self._redis.hset(keys.POLICY, mapping=note)
        return InForce(digest, datetime.fromtimestamp(now, UTC), judged)

    async def judged(self, digest: str) -> None:
        """Every request there is was judged anew by a policy."""
        async with reachable():
            await self._redis.hset(keys.POLICY, "judged", digest)
