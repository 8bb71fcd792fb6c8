"""How much there is: counted over all partitions on every server, without reading a request.

Contract: requests that wait and those that are approved, deadlines that nobody claims, ends that fail; and for each
group of consumers how many events are before it, read or not, and since when.
"""

import pytest

from app.domain.events import ReminderPutOff
from app.store import keys
from app.store.failing import Failing
from app.store.stream import Stream
from app.store.totals import Totals, read_totals
from tests.people import NOW


async def test_nothing(connection):
    """An empty store has none of anything."""
    assert Totals(0, 0, 0, 0) == await read_totals(connection.calls)
    assert {} == await Stream(connection.calls, connection.waits).waiting()


async def test_what_there_is(connection):
    """Every partition counts; a deadline to come, and one that is just due, is not late."""
    calls = connection.calls
    seconds, _ = await calls.time()
    await calls.zadd(keys.pending(0), {"a": 1, "b": 2})
    await calls.zadd(keys.live(keys.ALL_PARTITIONS[-1]), {"c": 1})
    due = {
        "end:a": seconds * 1000 - 60_000,
        "end:b": seconds * 1000 - 1_000,
        "end:c": seconds * 1000 + 60_000,
    }
    await calls.zadd(keys.deadlines(7), due)
    await Failing(calls).note("c", "does not end")
    assert Totals(2, 1, 1, 1) == await read_totals(calls)


@pytest.mark.parametrize("read", [0, 2, 5])
async def test_events_before_a_group(connection, read):
    """Read and not acknowledged counts like not read; nothing is before a group that is done."""
    stream = Stream(connection.calls, connection.waits)
    for partition in (0, 0, 0, 9, 9):
        event = ReminderPutOff(request_id="R00-0000001", at=NOW, by="system", until=None)
        await connection.calls.xadd(keys.events(partition), {"event": event.model_dump_json()})
    for partition in (0, 9):
        await stream.make_group(partition, "slow")
        await stream.make_group(partition, "quick")
        for entry in await stream.unread(partition, "quick", 1):
            await stream.acknowledge(entry, "quick")
        if read:
            await stream.unread(partition, "slow", 1, read)
    found = await stream.waiting()
    assert (5, 0) == (found["slow"].events, found["quick"].events)
    oldest = (await connection.calls.xrange(keys.events(0), count=1))[0][0]
    first = int(oldest.split("-")[0])
    assert (first, None) == (round(found["slow"].since.timestamp() * 1000), found["quick"].since)
