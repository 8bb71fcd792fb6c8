"""Contract of the store of gates: one that waits is looked at until it is settled, and no wake is lost.

On every store that the bot runs on.
"""

from datetime import timedelta

import pytest

from app.domain.gate import Turn
from app.store import keys
from app.store.gates import SHOWN_FROM, Fate, GateStore

ID = "R07-4KX9TQZ"


@pytest.fixture
def store(connection):
    return GateStore(connection.calls)


async def test_a_gate_is_looked_at_until_it_is_settled(store):
    """New, claimed by one, settled: then no event brings it back."""
    assert not await store.wake(ID)
    assert await store.wake(ID, new=True)
    assert [ID] == await store.claim(10)
    assert [] == await store.claim(10)
    assert await store.waits(ID)
    await store.settle(ID, Fate.ANSWERED)
    assert not await store.wake(ID, new=True)
    assert not await store.waits(ID)
    assert "answered" == await store.fate(ID)
    assert [] == await store.claim(10)


async def test_no_wake_is_lost(store, connection):
    """What happens between the claim and the look's end has it looked at once more, at once."""
    await store.wake(ID, new=True)
    await store.claim(1)
    await store.wake(ID)
    await store.later(ID, 300)
    assert [ID] == await store.claim(1)
    await store.later(ID, 300)
    assert [] == await store.claim(1)
    due = await connection.calls.zscore(keys.GATES_DUE, ID)
    seconds, _ = await connection.calls.time()
    assert 290 < due / 1000 - seconds <= 301


async def test_failures(store, connection):
    """Each in a row doubles the pause, up to a bound and not below what the vendor says; from the third it shows."""
    await store.wake(ID, new=True)

    async def pause(**how):
        await store.claim(1)
        await connection.calls.zadd(keys.GATES_DUE, {ID: 10**15})  # claimed, and not woken
        await store.later(ID, 2, "away", **how)
        seconds, micros = await connection.calls.time()
        return round(await connection.calls.zscore(keys.GATES_DUE, ID) / 1000 - seconds - micros / 10**6)

    assert [2, 4] == [await pause(), await pause()]
    assert {} == await store.failing()
    assert [8, 16, 60] == [await pause(), await pause(), await pause(at_least=60)]
    assert {ID: "away"} == await store.failing()
    assert SHOWN_FROM == 3
    assert 300 == [await pause() for _ in range(6)][-1]
    await store.later(ID, 2)
    assert {} == await store.failing()


async def test_a_token_has_its_time(store, connection):
    """It is there until it is forgotten, and has an end of its own."""
    await store.put_token("abc", "sealed", timedelta(minutes=61))
    assert "sealed" == await store.token("abc")
    assert 3600 < await connection.calls.ttl(keys.gate_token("abc")) <= 3660
    await store.forget_token("abc")
    assert "" == await store.token("abc")


async def test_tries_are_counted(store):
    """How often the vendor was told before."""
    await store.wake(ID, new=True)
    assert [0, 1] == [await store.begin(ID), await store.begin(ID)]


async def test_the_newest_has_the_turn(store):
    """The highest number, however long it is; who had the turn is looked at, and learns who has it."""
    await store.wake(ID, new=True)
    assert await store.take_turn("github", Turn("1\n2\nproduction", "999"), ID) is None
    await store.claim(10)
    await store.later(ID, 300)
    assert [] == await store.claim(10)

    assert await store.take_turn("github", Turn("1\n2\nproduction", "1000")) is None
    assert [ID] == await store.claim(10)
    assert "" == await store.take_turn("github", Turn("1\n2\nproduction", "999"), ID)
    assert await store.take_turn("github", Turn("1\n2\nproduction", "1000"), "R07-NEWER01") is None
    assert await store.take_turn("github", Turn("1\n2\nproduction", "1000")) is None
    assert "R07-NEWER01" == await store.take_turn("github", Turn("1\n2\nproduction", "999"), ID)
    assert "R07-NEWER01" == await store.take_turn("github", Turn("1\n2\nproduction", "99"), ID)


async def test_each_answer_has_turns_of_its_own(store):
    """Another answer, and the same at another gate."""
    assert await store.take_turn("github", Turn("1\n2\nproduction", "9")) is None
    assert await store.take_turn("github", Turn("1\n2\nstaging", "8")) is None
    assert await store.take_turn("enterprise", Turn("1\n2\nproduction", "8")) is None


async def test_a_settled_one_is_not_brought_back(store):
    """Who had the turn and is settled stays out of the queue."""
    await store.wake(ID, new=True)
    await store.take_turn("github", Turn("run", "1"), ID)
    await store.settle(ID, Fate.ANSWERED)
    await store.take_turn("github", Turn("run", "2"))
    assert [] == await store.claim(10)
