"""The latest proof that a person gave by each factor, for policies that let one be fresh for more than one thing."""

from datetime import datetime, timedelta

from redis.asyncio import Redis

from app.domain.proof import Factor, Proof
from app.store import keys
from app.store.requests import reachable

KEPT = timedelta(hours=12)
"""The longest that a policy may call a proof fresh (`app.policy.factor_shapes.LEAST_FRESH`)."""


class ProofStore:
    """Proofs in Redis. Raises Unavailable whenever the server cannot be reached."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    async def remember(self, person: str, proof: Proof, now: datetime) -> None:
        """Remember a proof by a factor; one that does not say when it was made was made now."""
        made = proof if proof.at else proof.model_copy(update={"at": now})
        async with reachable():
            await self._redis.set(keys.proven(person, proof.kind), made.model_dump_json(), ex=KEPT)

    async def latest(self, person: str) -> list[Proof]:
        """Give the latest proof by each factor, the latest of all first."""
        async with reachable():
            found = await self._redis.mget([keys.proven(person, factor) for factor in Factor])
        proofs = [Proof.model_validate_json(each) for each in found if each]
        return sorted(proofs, key=lambda proof: proof.at.timestamp() if proof.at else 0, reverse=True)

    async def forget(self, person: str) -> None:
        """Forget them all: a factor that was removed, or is new, must not count by what was proved before."""
        async with reachable():
            await self._redis.delete(*(keys.proven(person, factor) for factor in Factor))
