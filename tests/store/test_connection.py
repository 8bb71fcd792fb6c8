"""Contract of connections: however many calls come at once, each is made; none is refused for want of a turn."""

import asyncio

from app.store.connection import CALLS_AT_ONCE, Connection
from app.store.requests import RequestStore


async def test_more_calls_than_connections_wait_their_turn(redis: Connection):
    """Of five times as many calls as there are connections, every one is answered."""
    store = RequestStore(redis.calls)
    answers = await asyncio.gather(*(store.now() for _ in range(5 * CALLS_AT_ONCE)))
    assert 5 * CALLS_AT_ONCE == len(answers)


async def test_calls_take_no_more_connections_than_they_may(redis: Connection):
    """The server sees no more clients than CALLS_AT_ONCE, so that replicas share its limit."""
    others = len(await redis.calls.client_list()) - 1  # of a test before, still going
    await asyncio.gather(*(redis.calls.time() for _ in range(5 * CALLS_AT_ONCE)))
    assert len(await redis.calls.client_list()) - others <= CALLS_AT_ONCE


async def test_waiting_reads_do_not_wait_for_one_another(redis: Connection):
    """120 reads that wait on keys of their own are all answered by one write each, at once."""
    reads = [asyncio.ensure_future(redis.waits.blpop([f"list:{n}"], timeout=5)) for n in range(120)]
    await asyncio.sleep(0.2)
    for n in range(120):
        await redis.calls.rpush(f"list:{n}", "said")
    assert [(f"list:{n}", "said") for n in range(120)] == [
        tuple(each) for each in await asyncio.gather(*reads)
    ]
