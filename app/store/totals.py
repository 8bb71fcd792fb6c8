"""How much there is of everything, without reading any of it."""

from datetime import timedelta
from typing import NamedTuple

from redis.asyncio import Redis

from app.store import keys
from app.store.requests import milliseconds, reachable, server_time

LATE = timedelta(seconds=5)
"""By so much deadlines may be late before nobody seems to claim them."""


class Totals(NamedTuple):
    """Requests that wait, those approved and not over, deadlines that nobody claimed, ends that targets do not take."""

    pending: int
    live: int
    overdue: int
    failing: int


async def read_totals(client: Redis) -> Totals:
    """Count over all partitions, in two round trips. Raises Unavailable."""
    late = milliseconds(await server_time(client) - LATE)
    async with reachable(), client.pipeline(transaction=False) as pipeline:
        for partition in keys.ALL_PARTITIONS:
            pipeline.zcard(keys.pending(partition))
            pipeline.zcard(keys.live(partition))
            pipeline.zcount(keys.deadlines(partition), "-inf", late)
        pipeline.hlen(keys.FAILING)
        *counts, failing = await pipeline.execute()
    return Totals(sum(counts[0::3]), sum(counts[1::3]), sum(counts[2::3]), failing)
