"""Of all replicas one holds a lease, and whoever ends in good order gives all of them back.

Contract: a lease held by another is not taken; one given back is taken at once; ending gives every lease
back, however impatiently it is asked to end.
"""

import asyncio
import itertools

from app.playground.hands import PATIENCE
from app.store import keys
from app.store.connection import Connection
from app.store.leases import RENEWED_EVERY, Leases

WANTED = list(itertools.product(keys.ALL_PARTITIONS, ("slack", "connectors", "audit")))


async def held(connection: Connection) -> int:
    return len([name async for name in connection.calls.scan_iter("jit:*:lease:*", count=1000)])


async def keeping(leases: Leases) -> asyncio.Task[None]:
    """Keep leases in the background, from when the first are taken."""
    task = asyncio.create_task(leases.keep())
    await asyncio.wait_for(leases.wait_for(WANTED[0]), 5)
    return task


async def test_all_are_given_back_however_impatient_the_end(connection):
    """Cancelled once more before it is done, as what runs together is, it still gives all back."""
    task = await keeping(Leases(connection.calls, "one", WANTED))
    assert len(WANTED) == await held(connection)
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)
    assert 0 == await held(connection)


async def test_one_at_a_time(connection):
    """A second replica gets nothing while the first holds, and all at once when that one ends."""
    first, second = (Leases(connection.calls, holder, WANTED) for holder in ("one", "two"))
    one = await keeping(first)
    two = asyncio.create_task(second.keep())
    await asyncio.sleep(RENEWED_EVERY.total_seconds() / 2)
    assert [] == [name for name in WANTED if second.holds(name)]
    assert [] == [name for name in WANTED if not first.holds(name)]
    one.cancel()
    await asyncio.gather(one, return_exceptions=True)
    await asyncio.wait_for(second.wait_for(WANTED[-1]), 5)
    assert [] == [name for name in WANTED if not second.holds(name)]
    two.cancel()
    await asyncio.gather(two, return_exceptions=True)


async def test_a_renewal_that_is_late(redis):
    """While the store is slow a lease runs out by the clock: nobody goes on with it before it is renewed.

    Who did would ask for the next event again and again, and take the connections that renewing needs.
    """
    leases = Leases(redis.calls, "one", WANTED)
    task = await keeping(leases)
    await redis.calls.execute_command("CLIENT", "PAUSE", 4500, "ALL")
    while leases.holds(WANTED[0]):
        await asyncio.sleep(0.05)
    waiting = asyncio.create_task(leases.wait_for(WANTED[0]))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await asyncio.wait_for(waiting, PATIENCE)
    assert leases.holds(WANTED[0])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
