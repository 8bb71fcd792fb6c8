"""Delegations: one key for each person who has delegated, which ends by itself with its TTL.

They lie in the delegator's partition, beside the stream that tells of them.
"""

from redis.asyncio import Redis

from app.domain.delegation import Delegation
from app.domain.events import Event, event_json
from app.domain.ids import partition_of
from app.store import keys
from app.store.requests import milliseconds, reachable
from app.store.scripts import Scripts


class DelegationStore:
    """Delegations in Redis. Raises Unavailable whenever the server cannot be reached."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._scripts = Scripts(client)

    async def put(self, delegation: Delegation, event: Event) -> bool:
        """Write a delegation; False when its end is past, or the delegator has one already."""
        person = delegation.delegator.id
        async with reachable():
            put = await self._scripts.run(
                "delegate",
                _keys_of(person),
                [
                    person,
                    delegation.model_dump_json(),
                    milliseconds(delegation.until),
                    event_json.dump_json(event).decode(),
                ],
            )
        return bool(put)

    async def end(self, delegation: Delegation, event: Event) -> bool:
        """End a delegation that was read; False when it is another by now, or over."""
        person = delegation.delegator.id
        async with reachable():
            ended = await self._scripts.run(
                "undelegate",
                _keys_of(person),
                [person, delegation.model_dump_json(), event_json.dump_json(event).decode()],
            )
        return bool(ended)

    async def of(self, person: str) -> Delegation | None:
        """The delegation that somebody has made, if it has not ended."""
        async with reachable():
            doc = await self._redis.get(keys.delegation(partition_of(person), person))
        return Delegation.model_validate_json(doc) if doc else None

    async def all(self) -> list[Delegation]:
        """Every delegation that has not ended."""
        async with reachable(), self._redis.pipeline(transaction=False) as pipeline:
            for partition in keys.ALL_PARTITIONS:
                pipeline.zrange(keys.delegations(partition), 0, -1)
            people = [person for part in await pipeline.execute() for person in part]
            for person in people:
                pipeline.get(keys.delegation(partition_of(person), person))
            docs = await pipeline.execute() if people else []
        return [Delegation.model_validate_json(doc) for doc in docs if doc]


def _keys_of(person: str) -> list[str]:
    partition = partition_of(person)
    return [keys.delegation(partition, person), keys.delegations(partition), keys.events(partition)]
