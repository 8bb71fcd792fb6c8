"""Contract of the post: a letter is put once, claimed by one, and settled once; failures are kept, but not for ever.

On every store that the product runs on.
"""

import asyncio
from datetime import timedelta

from app.store import keys
from app.store.post import FAILURES_KEPT, KEPT, Failure, Fate, Post
from tests.people import NOW


def failure(number: int, *, final: bool = True) -> Failure:
    return Failure(letter=f"l{number}", to="gone@example.com", at=NOW, code=550, said="no", final=final)


async def test_put_once(connection):
    """An event that is handed over again puts nothing, before and after the letter was sent."""
    post = Post(connection.calls)
    put = [await post.put("a", "1"), await post.put("a", "2")]
    (claimed,) = await post.claim(5)
    await post.end("a", Fate.SENT)
    put.append(await post.put("a", "3"))
    assert ([True, False, False], "1", []) == (put, claimed.doc, await post.claim(5))
    assert Fate.SENT is await post.fate("a")


async def test_claimed_by_one(connection):
    """Replicas that claim at the same time share the letters."""
    first, second = Post(connection.calls), Post(connection.calls)
    for number in range(6):
        await first.put(f"l{number}", "{}")
    both = await asyncio.gather(first.claim(4), second.claim(4))
    ids = [each.id for claimed in both for each in claimed]
    assert (6, 6) == (len(ids), len(set(ids)))


async def test_a_claim_that_is_left_is_taken_over(connection):
    """Whoever claimed a letter and died has had it for a while; then another has it, as tried once before."""
    post = Post(connection.calls, claimed=timedelta(milliseconds=80))
    await post.put("a", "{}")
    await post.claim(1)
    assert [] == await post.claim(1)
    await asyncio.sleep(0.1)
    assert [("a", 1)] == [(each.id, each.tries) for each in await post.claim(1)]


async def test_what_failed_waits_apart(connection):
    """A letter to be tried again is in no one's way, and is due when it was said."""
    post = Post(connection.calls)
    await post.put("a", "{}")
    await post.put("b", "{}")
    (first,) = await post.claim(1)
    await post.end(first.id, Fate.WAITING, again_in=0.05)
    assert [["b"], []] == [[each.id for each in await post.claim(9, again=again)] for again in (False, True)]
    assert 1 == (await post.queue()).again
    await asyncio.sleep(0.08)
    assert [("a", 1)] == [(each.id, each.tries) for each in await post.claim(9, again=True)]


async def test_what_was_sent_stays_sent(connection):
    """A sender who was taken over, and comes back late with a failure, does not have it sent once more."""
    post = Post(connection.calls)
    await post.put("a", "{}")
    await post.claim(1)
    await post.end("a", Fate.SENT)
    await post.end("a", Fate.WAITING, again_in=0.0, failure=failure(1))
    assert (Fate.SENT, [], []) == (
        await post.fate("a"),
        await post.claim(1, again=True),
        await post.failures(),
    )


async def test_failures_are_the_last_hundred(connection):
    """The newest first; older ones make room, and all go after 7 days."""
    post = Post(connection.calls)
    for number in range(FAILURES_KEPT + 5):
        await post.put(f"l{number}", "{}")
        await post.end(f"l{number}", Fate.FAILED, failure=failure(number))
        await asyncio.sleep(0.001)
    kept = await post.failures()
    assert (FAILURES_KEPT, "l104") == (len(kept), kept[0].letter)
    assert 0 < await connection.calls.pttl(keys.MAIL_FAILURES) <= KEPT.total_seconds() * 1000


async def test_a_letter_is_forgotten(connection):
    """Every record has an end; a letter whose record is gone leaves the queue."""
    post = Post(connection.calls)
    await post.put("a", "{}")
    assert 0 < await connection.calls.pttl(keys.letter("a")) <= KEPT.total_seconds() * 1000
    await connection.calls.delete(keys.letter("a"))
    assert ([], 0) == (await post.claim(5), await connection.calls.zcard(keys.NEW_MAIL))
