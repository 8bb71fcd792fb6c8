"""Contract of one-time pages in the store: found by their token alone, taken once, gone by themselves in time."""

import asyncio
from datetime import UTC, datetime, timedelta

from app.domain.proof import Proof
from app.store.pages import PAGE_LASTS, Page, PageStore, Task, name_of

PAGE = Page(
    person="ben",
    slack="U0BEN",
    task=Task.APPROVE,
    request_id="R07-4KX9TQZ",
    digest="d",
    nonce="n",
    details=(("less", "600"),),
    made_at=datetime(2026, 1, 5, 9, tzinfo=UTC),
)


async def test_a_page_is_found_by_its_token(connection) -> None:
    """Whoever has the token reads what the page is of, as often as they like, and it is not used by that."""
    store = PageStore(connection.calls)
    token = await store.make(PAGE)
    assert [(PAGE, False, "", None)] * 2 == [await store.find(name_of(token)) for _ in range(2)]


async def test_no_token_is_kept(connection) -> None:
    """Whoever reads the store's keys and values cannot open a page by what they read."""
    token = await PageStore(connection.calls).make(PAGE)
    key = (await connection.calls.keys("jit:{pages}:*"))[0]
    assert token not in key + str(await connection.calls.hgetall(key))


async def test_of_many_who_take_a_page_one_has_it(connection) -> None:
    """Two tabs, or a hundred replays, at one instant: the page is one's, and used for all others."""
    store = PageStore(connection.calls)
    token = await store.make(PAGE)
    taken = await asyncio.gather(*(store.take(name_of(token)) for _ in range(100)))
    assert [PAGE] == [page for page in taken if page is not None]
    assert (PAGE, True, "", None) == await store.find(name_of(token))


async def test_a_page_ends_by_itself(connection) -> None:
    """A page lasts 5 minutes, or as long as was said, whatever becomes of the bot; taking it changes nothing."""
    store = PageStore(connection.calls)
    left = []
    for lasts in (PAGE_LASTS, timedelta(hours=2)):
        token = await store.make(PAGE, lasts)
        await store.take(name_of(token))
        left.append((await connection.calls.keys("jit:{pages}:*"))[0])
        assert 0 <= lasts.total_seconds() * 1000 - await connection.calls.pttl(left[-1]) < 5000
        await connection.calls.delete(left[-1])
    assert timedelta(minutes=5) == PAGE_LASTS


async def test_an_unknown_token_is_no_page(connection) -> None:
    """A guessed token finds nothing and takes nothing."""
    store = PageStore(connection.calls)
    assert (None, None) == (await store.find("x" * 43), await store.take("x" * 43))


def test_a_detail_that_nobody_chose_is_empty() -> None:
    """What the person chose is read by its name."""
    assert ("600", "") == (PAGE.detail("less"), PAGE.detail("why"))


async def test_a_comment_waits_with_its_page(connection) -> None:
    """What was written on a page is there when its person comes back to it, and makes no page by itself."""
    store = PageStore(connection.calls)
    name = name_of(await store.make(PAGE))
    await store.note_comment(name, "not today")
    await store.note_comment(name_of("another"), "nowhere")
    assert ((PAGE, False, "not today", None), None) == (
        await store.find(name),
        await store.find(name_of("another")),
    )
    assert 1 == len(await connection.calls.keys("jit:{pages}:*"))


async def test_a_proof_opens_its_own_page(connection) -> None:
    """By what somebody proved themselves stands on that page, until it is taken; after that nothing is noted."""
    store, proof = PageStore(connection.calls), Proof(kind="totp", credential="F07-4KX9TQZ")
    name, taken = [name_of(await store.make(PAGE)) for _ in range(2)]
    await store.take(taken)
    for each in (name, taken):
        await store.note_proved(each, proof)
    assert [proof, None] == [(await store.find(each)).proof for each in (name, taken)]
