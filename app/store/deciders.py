"""Who may decide a request, as it was last told: what a change of members is compared with."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis

from app.store import keys
from app.store.requests import reachable

KEPT = timedelta(days=45)
"""Longer than anything waits: a start lies at most 14 days ahead."""
Told = Mapping[str, tuple[str, ...]]


class DecidersTold:
    """A hash for each request. Raises Unavailable when the server cannot be reached."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    async def first(self, request_id: str, told: Told) -> None:
        """Keep who may decide as it is told for the first time; what is kept already stays."""
        key = keys.deciders(request_id)
        async with reachable(), self._redis.pipeline(transaction=False) as pipeline:
            for part, people in told.items():
                pipeline.hsetnx(key, part, json.dumps(people))
            pipeline.expire(key, KEPT)
            await pipeline.execute()

    async def now(self, request_id: str, told: Told) -> None:
        """Keep who may decide as it is told now."""
        key = keys.deciders(request_id)
        async with reachable(), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hset(key, mapping={part: json.dumps(people) for part, people in told.items()})
            pipeline.expire(key, KEPT)
            await pipeline.execute()

    async def of(self, request_ids: Sequence[str]) -> list[Told]:
        """Read what was told of each request, in their order; empty where nothing was."""
        if not request_ids:
            return []
        async with reachable(), self._redis.pipeline(transaction=False) as pipeline:
            for request_id in request_ids:
                pipeline.hgetall(keys.deciders(request_id))
            found: list[dict[str, Any]] = await pipeline.execute()
        return [{part: tuple(json.loads(people)) for part, people in each.items()} for each in found]
