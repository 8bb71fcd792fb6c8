"""Contract of the outbox's stream and leases: in order, at least once, by one reader at a time."""

import asyncio
import ssl

import pytest
import structlog
from pydantic import ValidationError

from app.domain import transitions as t
from app.outbox import TRIED, Consumer, GiveUp, Outbox, TryAgain
from app.store import keys, leases
from app.store.leases import Leases
from app.store.once import Once
from app.store.requests import RequestStore
from app.store.stream import Stream
from tests.people import a_request

ANAS = 2


@pytest.fixture
def stream(connection) -> Stream:
    return Stream(connection.calls, connection.waits)


async def events(connection, count: int) -> list[str]:
    store, ids = RequestStore(connection.calls), []
    for number in range(count):
        request, event = t.ask(a_request(now=await store.now()))
        await store.create(request, event, f"d{number}")
        ids.append(request.id)
    return ids


async def consume(connection, stream, holder, handle, until, batch=1, *, only_tells=False):
    consumer = Consumer("test", handle, batch, only_tells)
    kept = Leases(connection.calls, holder, [(ANAS, "test")])
    running = asyncio.create_task(Outbox(stream, kept, [consumer]).run([ANAS]))
    try:
        await asyncio.wait_for(until.wait(), 10)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_every_event_in_order_once(connection, stream):
    """A consumer that never fails sees each event once, in the order they were written."""
    ids, seen, all_seen = await events(connection, 20), [], asyncio.Event()

    async def handle(entries):
        seen.extend(entry.event.request_id for entry in entries)
        if len(seen) >= len(ids):
            all_seen.set()

    await consume(connection, stream, "a", handle, all_seen, batch=7)
    assert ids == seen


async def test_what_a_dead_consumer_left_comes_first(connection, stream):
    """Read and not acknowledged is read again by the next holder, before anything new."""
    ids = await events(connection, 3)
    await stream.make_group(ANAS, "test")
    await stream.unread(ANAS, "test", 10, 2)  # and dies
    seen, all_seen = [], asyncio.Event()

    async def handle(entries):
        seen.extend(entry.event.request_id for entry in entries)
        if len(seen) == len(ids):
            all_seen.set()

    await consume(connection, stream, "b", handle, all_seen)
    assert ids == seen


@pytest.mark.parametrize("failure", [RuntimeError("bug"), TryAgain(0.01)])
async def test_a_failing_event_is_given_again_and_holds_the_order(connection, stream, failure):
    """Nothing overtakes an event that failed."""
    ids, seen, all_seen, failed = await events(connection, 3), [], asyncio.Event(), []

    async def handle(entries):
        if len(failed) < 2:
            failed.append(entries[0].event.request_id)
            raise failure
        seen.extend(entry.event.request_id for entry in entries)
        if len(seen) == len(ids):
            all_seen.set()

    await consume(connection, stream, "a", handle, all_seen)
    assert ids == seen
    assert ids[:1] * 2 == failed


async def test_what_can_never_be_done_is_passed_over(connection, stream):
    """An event that its handler gives up does not stop the rest."""
    ids, seen, all_seen = await events(connection, 2), [], asyncio.Event()

    async def handle(entries):
        seen.append(entries[0].event.request_id)
        if len(seen) == 1:
            raise GiveUp("no such channel")
        all_seen.set()

    await consume(connection, stream, "a", handle, all_seen)
    assert ids == seen


@pytest.mark.parametrize("batch", [1, 3])
async def test_a_bug_in_what_only_tells(connection, stream, batch, monkeypatch):
    """One event that cannot be told is passed over after many tries, alone; those around it are told, in order."""
    monkeypatch.setattr("app.outbox.FIRST_PAUSE", 0.001)
    monkeypatch.setattr("app.outbox.LONGEST_PAUSE", 0.001)
    ids, seen, all_seen, tries = await events(connection, 3), [], asyncio.Event(), []

    async def handle(entries):
        if any(entry.event.request_id == ids[1] for entry in entries):
            tries.append(len(entries))
            raise KeyError("no such view")
        seen.extend(entry.event.request_id for entry in entries)
        if ids[2] in seen:
            all_seen.set()

    with structlog.testing.capture_logs() as logged:
        await consume(connection, stream, "a", handle, all_seen, batch=batch, only_tells=True)
    assert [ids[0], ids[2]] == seen
    assert TRIED < len(tries)
    (told,) = [line for line in logged if line["event"] == "event_passed_over"]
    assert ("error", "KeyError('no such view')") == (told["log_level"], told["why"])


@pytest.mark.parametrize(
    ("failure", "only_tells"),
    [
        (KeyError("a bug"), False),
        (OSError("Slack is away"), True),
        (ssl.SSLCertVerificationError("it expired"), True),
        (ValidationError.from_exception_data("Request", []), True),
    ],
    ids=["acts", "away", "certificate", "newer"],
)
async def test_what_is_never_passed_over(connection, stream, failure, only_tells, monkeypatch):
    """What access or the record depends on, and what may pass by itself, is tried for as long as it takes."""
    monkeypatch.setattr("app.outbox.FIRST_PAUSE", 0.001)
    monkeypatch.setattr("app.outbox.LONGEST_PAUSE", 0.001)
    ids, seen, all_seen, tries = await events(connection, 2), [], asyncio.Event(), []

    async def handle(entries):
        tries.append(entries)
        if len(tries) < 3 * TRIED:
            raise failure
        seen.extend(entry.event.request_id for entry in entries)
        if len(seen) == len(ids):
            all_seen.set()

    with structlog.testing.capture_logs():
        await consume(connection, stream, "a", handle, all_seen, only_tells=only_tells)
    assert ids == seen


async def test_one_holder_at_a_time(connection, stream):
    """While one process holds a partition, another one reads nothing of it."""
    seen, done = {"a": 0, "b": 0}, asyncio.Event()

    def counting(name):
        async def handle(entries):
            seen[name] += len(entries)
            if sum(seen.values()) == 10:
                done.set()

        return handle

    async def write():
        await asyncio.sleep(0.1)
        await events(connection, 10)

    await asyncio.gather(
        consume(connection, stream, "a", counting("a"), done),
        consume(connection, stream, "b", counting("b"), done),
        write(),
    )
    assert [0, 10] == sorted(seen.values())


async def test_a_lease_is_given_back_at_the_end(connection):
    """The next process needs not wait for the TTL of one that ended well."""
    kept = Leases(connection.calls, "a", [(ANAS, "test")])
    keeping = asyncio.create_task(kept.keep())
    await asyncio.wait_for(kept.wait_for((ANAS, "test")), 5)
    assert "a" == await connection.calls.get(keys.lease(ANAS, "test"))
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert await connection.calls.get(keys.lease(ANAS, "test")) is None


async def test_a_lease_that_was_not_renewed_is_not_held(connection, monkeypatch):
    """A process that slept past the TTL knows that it no longer holds."""
    kept = Leases(connection.calls, "a", [(ANAS, "test")])
    await kept._renew()
    assert kept.holds((ANAS, "test"))
    later = asyncio.get_running_loop().time() + leases.TTL.total_seconds()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: later)
    assert not kept.holds((ANAS, "test"))


async def test_trimming_keeps_what_some_group_still_needs(connection, stream):
    """Only events that every group has acknowledged go."""
    await events(connection, 4)
    for group in ("one", "two"):
        await stream.make_group(ANAS, group)
    for entry in await stream.unread(ANAS, "one", 10):
        await stream.acknowledge(entry, "one")
    assert 0 == await stream.trim(ANAS)
    read = await stream.unread(ANAS, "two", 10)
    for entry in read[:2]:
        await stream.acknowledge(entry, "two")
    assert 2 == await stream.trim(ANAS)
    assert read[2:] == await stream.left_over(ANAS, "two")


async def test_once_a_day_over_all_replicas(connection):
    """One replica does a day's job; what it marked done nobody does again."""
    first, second = Once(connection.calls, "a"), Once(connection.calls, "b")
    assert await first.take("digest", "2026-11-24")
    assert not await second.take("digest", "2026-11-24")
    await first.done("digest", "2026-11-24")
    assert not await first.take("digest", "2026-11-24")
    assert await second.take("digest", "2026-11-25")


async def test_what_someone_deleted_holds_up_nothing(connection, stream):
    """Entries deleted by hand while they were being handled are let go; what was left behind them is handled."""
    ids = await events(connection, 3)
    await stream.make_group(ANAS, "test")
    read = await stream.unread(ANAS, "test", 10, 2)  # and dies
    await connection.calls.xdel(keys.events(ANAS), read[0].id)
    seen, all_seen = [], asyncio.Event()

    async def handle(entries):
        seen.extend(entry.event.request_id for entry in entries)
        if len(seen) == 2:
            all_seen.set()

    await consume(connection, stream, "b", handle, all_seen)

    assert ids[1:] == seen
    assert 0 == (await connection.calls.xpending(keys.events(ANAS), "test"))["pending"]


async def test_nothing_is_trimmed_before_every_group_is_there(connection, stream):
    """A group that is not made yet, because its consumer never ran, still gets every event."""
    await events(connection, 3)
    await stream.make_group(ANAS, "one")
    for entry in await stream.unread(ANAS, "one", 10):
        await stream.acknowledge(entry, "one")

    assert 0 == await stream.trim(ANAS, ["one", "two"])
    await stream.make_group(ANAS, "two")

    assert 3 == len(await stream.unread(ANAS, "two", 10))


async def test_the_oldest_event_that_waits(connection, stream):
    """Read and not acknowledged, or not read: since when the oldest waits is known for each group; else nothing is."""
    store = RequestStore(connection.calls)
    before = await store.now()
    await events(connection, 3)
    for group in ("one", "two"):
        await stream.make_group(ANAS, group)
    for entry in await stream.unread(ANAS, "one", 10):
        await stream.acknowledge(entry, "one")
    assert {"two"} == set(await stream.waiting_since())
    first, *_ = await stream.unread(ANAS, "two", 10)
    since = (await stream.waiting_since())["two"]
    assert before.replace(microsecond=0) <= since <= await store.now()
    assert first.id.startswith(str(round(since.timestamp() * 1000)))
