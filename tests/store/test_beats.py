"""Contract of heartbeats in the store, on fakeredis and on a real server alike.

While they come, access lives; when none comes for as long as was said, it may be ended, and only then: the write
itself looks once more. Nobody concludes anything from a silence in which nobody listened.
"""

import asyncio
import json

import pytest

from app.domain import transitions as t
from app.domain.deadlines import Deadline
from app.domain.request import Lease, Request
from app.domain.silence import fall_silent
from app.domain.verdict import Outcome
from app.store import keys
from app.store.beats import Beats
from app.store.requests import RequestStore
from tests.people import ANA, a_request

LEASE = Lease(connector="test", reference="1", summary="a role")


@pytest.fixture
def store(connection) -> RequestStore:
    return RequestStore(connection.calls)


@pytest.fixture
async def beats(connection) -> Beats:
    """Beats that have been listened to for an hour."""
    began = int((await RequestStore(connection.calls).now()).timestamp() * 1000) - 3_600_000
    await connection.calls.set(keys.HEARING, began)
    return Beats(connection.calls)


async def live(store: RequestStore, heartbeat: int | None = 4, seconds: int = 600) -> Request:
    now = await store.now()
    asked, event = t.ask(
        a_request(outcome=Outcome.AUTO_APPROVE, now=now, seconds=seconds).model_copy(
            update={"heartbeat": heartbeat}
        )
    )
    await store.create(asked, event, asked.id)
    for step in (t.begin_grant, lambda r, at: t.activate(r, LEASE, at)):
        await write(store, asked.id, step)
    return (await store.load(asked.id)).request


async def write(store: RequestStore, request_id: str, step) -> bool:
    request, now = await store.load(request_id)
    return await store.save(*step(request, now), now)


async def due_in(connection, request: Request) -> float:
    """Seconds until its silence is looked at; negative when it is overdue."""
    score = await connection.calls.zscore(
        keys.deadlines(int(request.id[1:3])), f"{Deadline.SILENCE}:{request.id}"
    )
    return score / 1000 - (await RequestStore(connection.calls).now()).timestamp()


async def test_the_first_is_waited_for(connection, store, beats):
    """From the start on for 15 s, by a key that ends by itself."""
    request = await live(store)
    assert 14_000 < await connection.calls.pttl(keys.beat(request.id)) <= 15_000
    assert not await beats.has_stopped(request.id, 4)
    assert 13 < await due_in(connection, request) < 15.1


async def test_each_moves_the_moment(connection, store, beats):
    """A heartbeat lets it live for as long as was asked, no longer, and it is looked at right after."""
    request = await live(store)
    assert await beats.beat(request.id, 4)
    assert 3_000 < await connection.calls.pttl(keys.beat(request.id)) <= 4_000
    assert 3 < await due_in(connection, request) < 4.1


async def test_silence(connection, store, beats):
    """Once the key is gone it may be ended, and with the end nothing of it is left."""
    request = await live(store)
    await connection.calls.delete(keys.beat(request.id))
    assert await beats.has_stopped(request.id, 4)
    assert await write(store, request.id, fall_silent)
    assert 0 == await connection.calls.exists(keys.grant(request.id), keys.beat(request.id))
    assert not await beats.beat(request.id, 4)
    assert 0 == await connection.calls.exists(keys.beat(request.id))


async def test_a_heartbeat_that_comes_in_between(store, beats):
    """Whoever found silence does not end what has been heard of since: the write itself looks."""
    request = await live(store)
    assert await beats.beat(request.id, 4)
    assert not await write(store, request.id, fall_silent)
    assert await store.has_grant(request.id)


async def test_two_bots_find_the_same_silence(connection, store, beats):
    """One of them ends it; the other one's write finds it changed."""
    request = await live(store)
    await connection.calls.delete(keys.beat(request.id))
    read, now = await store.load(request.id)
    ended = await asyncio.gather(*(store.save(*fall_silent(read, now), now) for _ in range(2)))
    assert [False, True] == sorted(ended)


async def test_nobody_listened(connection, store, beats):
    """Without anyone who takes heartbeats nothing is concluded; nor until they could have come back."""
    request = await live(store)
    await connection.calls.delete(keys.HEARING, keys.beat(request.id))
    assert not await beats.has_stopped(request.id, 4)
    assert 0 < await due_in(connection, request) < 1.1
    await beats.note_hearing()
    assert not await beats.has_stopped(request.id, 4)
    assert 4.5 < await due_in(connection, request) < 6.1


async def test_listening_without_a_gap(connection, beats):
    """Noted again and again it keeps its beginning, and it is over by itself soon after the last."""
    await connection.calls.delete(keys.HEARING)
    await beats.note_hearing()
    began = await connection.calls.get(keys.HEARING)
    await asyncio.sleep(0.05)
    await beats.note_hearing()
    assert began == await connection.calls.get(keys.HEARING)
    assert 1_000 < await connection.calls.pttl(keys.HEARING) <= 2_000


async def test_without_heartbeats(connection, store):
    """A grant that was asked for without them has no such key and no such deadline."""
    request = await live(store, None)
    assert 0 == await connection.calls.exists(keys.beat(request.id))
    deadlines = keys.deadlines(int(request.id[1:3]))
    assert await connection.calls.zscore(deadlines, f"{Deadline.SILENCE}:{request.id}") is None


async def test_other_writes_leave_it(connection, store, beats):
    """A transition that keeps access neither begins the wait for a first heartbeat anew nor ends it."""
    request = await live(store)
    await beats.beat(request.id, 4)
    assert await write(store, request.id, lambda r, now: t.refuse_attempt(r, ANA, "x", "y", now))
    assert await connection.calls.pttl(keys.beat(request.id)) <= 4_000
    assert not await beats.has_stopped(request.id, 4)
    assert json.loads(await connection.calls.get(keys.grant(request.id)))["request"] == request.id
