"""Contract of delegations in the store: one a person, recorded with what it changes, gone by itself in time."""

import asyncio
from datetime import timedelta

from app.domain.delegation import Delegation
from app.domain.events import Delegated, DelegationEnded
from app.domain.ids import new_delegation_id, partition_of
from app.store import keys
from app.store.delegations import DelegationStore
from app.store.requests import RequestStore
from app.store.stream import Stream
from tests.people import ANA, BEN, CHLOE, SAM


async def a_delegation(connection, one=BEN, other=SAM, lasts=timedelta(hours=1)) -> Delegation:
    now = await RequestStore(connection.calls).now()
    return Delegation(
        id=new_delegation_id(one.id), delegator=one, delegate=other, since=now, until=now + lasts
    )


def made(d: Delegation) -> Delegated:
    return Delegated(
        request_id=d.id,
        at=d.since,
        by=d.delegator.id,
        delegator=d.delegator,
        delegate=d.delegate,
        until=d.until,
    )


def ended(d: Delegation) -> DelegationEnded:
    return DelegationEnded(
        request_id=d.id, at=d.since, by=d.delegator.id, delegator=d.delegator, delegate=d.delegate
    )


async def recorded(connection, person) -> list[str]:
    stream = Stream(connection.calls, connection.waits)
    await stream.make_group(partition_of(person.id), "test")
    return [e.event.kind for e in await stream.unread(partition_of(person.id), "test", 10, 100)]


async def test_made_found_and_ended(connection):
    """It is there for its delegator and among all, with a TTL; once ended it is in neither."""
    store, one = DelegationStore(connection.calls), await a_delegation(connection)
    other = await a_delegation(connection, CHLOE, ANA)
    assert await store.put(one, made(one))
    assert await store.put(other, made(other))
    assert one == await store.of("ben")
    assert {one.id, other.id} == {each.id for each in await store.all()}
    key = keys.delegation(partition_of("ben"), "ben")
    assert 3_590_000 < await connection.calls.pttl(key) <= 3_600_000
    assert await store.end(one, ended(one))
    assert None is await store.of("ben")
    assert [other] == await store.all()
    assert ["delegated", "delegation_ended"] == await recorded(connection, BEN)


async def test_one_at_a_time_and_not_of_the_past(connection):
    """A second one, and one whose end is past, are not written and not recorded."""
    store = DelegationStore(connection.calls)
    past = await a_delegation(connection, lasts=timedelta(seconds=-1))
    assert not await store.put(past, made(past))
    one, other = await a_delegation(connection), await a_delegation(connection, BEN, CHLOE)
    won = await asyncio.gather(store.put(one, made(one)), store.put(other, made(other)))
    assert [False, True] == sorted(won)
    assert ["delegated"] == await recorded(connection, BEN)


async def test_only_what_was_read_is_ended(connection):
    """Ending one that another has taken the place of leaves the other, and records nothing."""
    store, one = DelegationStore(connection.calls), await a_delegation(connection)
    await store.put(one, made(one))
    await store.end(one, ended(one))
    other = await a_delegation(connection, BEN, CHLOE)
    await store.put(other, made(other))
    assert not await store.end(one, ended(one))
    assert other == await store.of("ben")


async def test_it_ends_by_itself(connection):
    """When its time is up the key is gone, whoever does nothing."""
    store = DelegationStore(connection.calls)
    short = await a_delegation(connection, lasts=timedelta(milliseconds=300))
    assert await store.put(short, made(short))
    await asyncio.sleep(0.5)
    assert (None, []) == (await store.of("ben"), await store.all())
