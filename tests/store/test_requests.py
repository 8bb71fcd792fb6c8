"""Contract of the store, on fakeredis and on a real server alike.

One call for each transition: the request, its grant, its deadlines, its indexes and its event change
together or not at all. A request that is gone does not come back. The grant key ends by itself.
"""

import asyncio
from datetime import timedelta

import pytest

from app.domain import transitions as t
from app.domain.deadlines import Deadline
from app.domain.duration import LONGEST
from app.domain.refusals import UnknownRequest
from app.domain.request import Lease, Request, State
from app.domain.verdict import Outcome
from app.store import keys
from app.store.requests import KEPT_ONCE_FINAL, Due, RequestStore
from app.store.stream import Stream
from tests.people import ANA, BEN, CHLOE, a_request, entitled

LEASE = Lease(connector="test", reference="1", summary="a role")


@pytest.fixture
def store(connection) -> RequestStore:
    return RequestStore(connection.calls)


async def asked(store: RequestStore, delivery: str = "d1", **facts) -> Request:
    now = await store.now()
    request, event = t.ask(a_request(now=now, **facts))
    assert request.id == await store.create(request, event, delivery)
    return request


async def through(store: RequestStore, request_id: str, *transitions) -> Request:
    for transition in transitions:
        request, now = await store.load(request_id)
        changed, event = transition(request, now)
        assert await store.save(changed, event, now)
    return (await store.load(request_id)).request


async def active(store: RequestStore, **facts) -> Request:
    request = await asked(store, **facts)
    return await through(
        store,
        request.id,
        lambda r, now: t.approve(r, BEN, entitled, now),
        t.begin_grant,
        lambda r, now: t.activate(r, LEASE, now),
    )


async def events_of(connection, partition: int) -> list[str]:
    stream = Stream(connection.calls, connection.waits)
    await stream.make_group(partition, "test")
    return [entry.event.kind for entry in await stream.unread(partition, "test", 10, 1000)]


async def test_a_request_is_found_as_it_was_written(store):
    """What is loaded is what was created, one version on."""
    request = await asked(store)
    assert request.model_copy(update={"version": 1}) == (await store.load(request.id)).request


async def test_an_unknown_request_is_refused(store):
    """There is no request where none was made."""
    with pytest.raises(UnknownRequest):
        await store.load("R00-0000000")


async def test_a_repeated_delivery_creates_nothing(store, connection):
    """The same message delivered again finds the request that the first one made."""
    first = await asked(store)
    second, event = t.ask(a_request(now=await store.now()))
    assert first.id == await store.create(second, event, "d1")
    assert ["requested"] == await events_of(connection, 2)
    assert [first.id] == [r.id for r in await store.of(2, "ana", 10)]


async def test_a_taken_id_is_not_overwritten(store):
    """A second request never takes a first one's place."""
    first = await asked(store)
    second, event = t.ask(a_request(now=await store.now(), request_id=first.id, seconds=60))
    assert await store.create(second, event, "d2") is None
    assert first.seconds == (await store.load(first.id)).request.seconds


async def test_of_two_writers_one_wins(store, connection):
    """Two approvers in the same instant: one write, one event."""
    request = await asked(store)
    loaded, now = await store.load(request.id)
    both = [t.approve(loaded, who, entitled, now) for who in (BEN, CHLOE)]
    saved = await asyncio.gather(*(store.save(changed, event, now) for changed, event in both))
    assert [False, True] == sorted(saved)
    assert 2 == (await store.load(request.id)).request.version
    assert ["requested", "approved"] == await events_of(connection, 2)


async def test_a_stale_reader_must_read_again(store):
    """A process that slept between reading and writing does not decide on old time."""
    request = await asked(store)
    loaded, now = await store.load(request.id)
    changed, event = t.approve(loaded, BEN, entitled, now)
    assert not await store.save(changed, event, now - timedelta(seconds=6))


async def test_a_deleted_request_does_not_come_back(store, connection):
    """Saving needs the request to be there."""
    request = await asked(store)
    loaded, now = await store.load(request.id)
    await connection.calls.delete(keys.request(request.id))
    with pytest.raises(UnknownRequest):
        await store.save(*t.approve(loaded, BEN, entitled, now), now)
    assert not await connection.calls.exists(keys.request(request.id))


async def test_the_grant_ends_by_its_own_ttl(store, connection):
    """The key goes when the time is up, with nobody doing anything."""
    request = await active(store, seconds=1)
    assert await store.has_grant(request.id)
    assert 0 < await connection.calls.pttl(keys.grant(request.id)) <= 1000
    await asyncio.sleep(1.05)
    assert not await store.has_grant(request.id)
    assert State.ACTIVE is (await store.load(request.id)).request.state


@pytest.mark.parametrize(
    "end",
    [
        lambda r, now: t.done(r, ANA, now),
        lambda r, now: t.revoke(r, BEN, entitled, False, now),
        lambda r, now: t.expire(r, r.ends_at),
    ],
)
async def test_the_grant_goes_with_the_transition_that_ends_it(store, end):
    """Done, revoke and expiry delete the key in the same write."""
    request = await active(store)
    await through(store, request.id, end)
    assert not await store.has_grant(request.id)


async def test_a_warning_leaves_the_grant_alone(store, connection):
    """Writing an active request neither lengthens nor drops its grant."""
    request = await active(store)
    before = await connection.calls.pexpiretime(keys.grant(request.id))
    await through(store, request.id, lambda r, _: t.warn(r, r.warns_at))
    assert before == await connection.calls.pexpiretime(keys.grant(request.id))


async def test_no_grant_without_activation(store):
    """Granting plans the end, and gives nothing yet."""
    request = await asked(store, outcome=Outcome.AUTO_APPROVE)
    await through(store, request.id, t.begin_grant)
    assert not await store.has_grant(request.id)


async def test_a_due_deadline_is_claimed_by_one(store):
    """Of many replicas one gets it; a claimed one is not claimed again while it is held."""
    request = await asked(store, lapses_in=timedelta(0))
    claimed = await asyncio.gather(*(store.claim_due() for _ in range(5)))
    assert [Due(Deadline.LAPSE, request.id)] == [due for each in claimed for due in each]
    assert [] == await store.claim_due()


async def test_a_deadline_of_a_newer_version(store, connection):
    """A kind that is not known is left to who knows it, and keeps nothing else from being claimed."""
    request = await asked(store, lapses_in=timedelta(0))
    await connection.calls.zadd(keys.deadlines(2), {f"shine:{request.id}": 1})
    assert [Due(Deadline.LAPSE, request.id)] == await store.claim_due()
    assert f"shine:{request.id}" in await connection.calls.zrange(keys.deadlines(2), 0, -1)


async def test_a_transition_moves_the_deadlines(store, connection):
    """A settled request no longer lapses; an active one ends."""
    request = await active(store)
    members = await connection.calls.zrange(keys.deadlines(2), 0, -1)
    assert {f"warn:{request.id}", f"end:{request.id}"} == set(members)


async def test_a_useless_deadline_is_dropped_unless_it_is_new(store, connection):
    """Dropping compares the version, so a deadline set meanwhile stays."""
    request = await asked(store, lapses_in=timedelta(0))
    (due,) = await store.claim_due()
    await store.drop(due, 0)
    assert [f"lapse:{request.id}"] == await connection.calls.zrange(keys.deadlines(2), 0, -1)
    await store.drop(due, 1)
    assert [] == await connection.calls.zrange(keys.deadlines(2), 0, -1)


async def test_indexes_follow_the_state(store):
    """Pending, live and final requests are found where they belong, and only there."""
    waiting, given = await asked(store), await active(store, delivery="d2")
    assert [waiting.id] == [r.id for r in await store.pending()]
    assert [given.id] == [r.id for r in await store.live()]
    await through(store, waiting.id, lambda r, now: t.cancel(r, ANA, now))
    await through(store, given.id, lambda r, now: t.done(r, ANA, now), t.finish)
    assert ([], []) == (await store.pending(), await store.live())
    assert {waiting.id, given.id} == {r.id for r in await store.of(2, "ana", 10)}


async def test_final_requests_are_kept_thirty_days(store, connection):
    """What is settled goes by itself, later; what is not stays."""
    waiting = await asked(store)
    assert -1 == await connection.calls.ttl(keys.request(waiting.id))
    await through(store, waiting.id, lambda r, now: t.cancel(r, ANA, now))
    assert 30 * 86400 - 5 < await connection.calls.ttl(keys.request(waiting.id)) <= 30 * 86400


async def test_a_person_finds_what_is_open_however_long_it_is(store, connection):
    """The longest access there is does not outlast the list of its owner, who then could not give it back."""
    await asked(store)
    longest = LONGEST + KEPT_ONCE_FINAL
    assert longest.total_seconds() - 5 < await connection.calls.ttl(keys.requests_of(2, "ana"))


async def test_every_key_is_in_its_partition(store, connection):
    """Each script's keys share one hash tag, as a cluster asks."""
    request = await active(store)
    assert {"{p02}"} == {key.split(":")[1] for key in await connection.calls.keys("*")}
    assert request.id.startswith("R02-")


async def test_live_requests_are_read_in_parts_and_completely(store, monkeypatch):
    """However many there are at once, each is read, and each once."""
    monkeypatch.setattr("app.store.requests.READ_AT_ONCE", 2)
    given = [(await active(store, delivery=f"d{number}")).id for number in range(5)]
    assert sorted(given) == sorted([request.id async for request in store.each_live()])
