"""Contract of tokens in the store: each ends by itself, once revoked is gone, and a limit is never exceeded.

It holds on each server that the product runs on.
"""

import asyncio
from datetime import timedelta

from app.domain.token import Bearer, Scope, Token
from app.store import keys
from app.store.checks import Checks
from app.store.tokens import Login, TokenStore

MINUTE = timedelta(minutes=1)


async def a_token(store: TokenStore, token_id: str = "0" * 10, lasts: timedelta = timedelta(days=1)) -> Token:
    now = await store.now()
    return Token(
        id=token_id,
        bearer=Bearer.MACHINE,
        owner="gateway",
        scopes=(Scope.CHECK,),
        digest="0" * 64,
        created_at=now,
        expires_at=now + lasts,
    )


async def test_kept_found_and_revoked(connection):
    """It is found by its id and its owner until it is revoked; an id is taken once."""
    store = TokenStore(connection.calls)
    token, other = await a_token(store), await a_token(store, "1" * 10)
    assert [True, False, True] == [await store.keep(each) for each in (token, token, other)]
    assert token == await store.find(token.id)
    assert {token, other} == set(await store.of("gateway"))
    await store.note_use(token.id)
    assert (await store.find(token.id)).used_at is not None
    await store.revoke(token)
    await store.note_use(token.id)
    assert (None, [other]) == (await store.find(token.id), await store.of("gateway"))


async def test_it_ends_by_itself(connection):
    """By its native TTL, and the list of its owner's with the last of them."""
    store = TokenStore(connection.calls)
    await store.keep(await a_token(store, "0" * 10, timedelta(milliseconds=60)))
    await store.keep(await a_token(store, "1" * 10, timedelta(milliseconds=120)))
    await asyncio.sleep(0.2)
    assert (None, []) == (await store.find("0" * 10), await store.of("gateway"))
    assert 0 == await connection.calls.exists(keys.tokens_of("gateway"))


async def test_a_login_is_confirmed_and_collected_once(connection):
    """Whoever races, one confirms, and one collects; another verifier collects nothing and spends tries."""
    store = TokenStore(connection.calls)
    assert [True, False] == [
        await store.ask_login("C0DE", Login(challenge="a" * 64, device="x")) for _ in "ab"
    ]
    assert "unknown" == (await store.collect_login("C0DE", "b" * 64))[0]
    assert "waits" == (await store.collect_login("C0DE", "a" * 64))[0]
    confirmed = await asyncio.gather(*(store.confirm_login("C0DE", f"p{number}") for number in range(20)))
    assert 1 == sum(confirmed)
    collected = await asyncio.gather(*(store.collect_login("C0DE", "a" * 64) for _ in range(20)))
    assert [("confirmed", f"p{confirmed.index(True)}")] == [
        (state, person) for state, _, person in collected if state != "unknown"
    ]


async def test_a_limit_is_never_exceeded(connection):
    """However many draw at once, in whatever parts, together they get what there is."""
    store = TokenStore(connection.calls)
    drawn = await asyncio.gather(*(store.draw("x", "ana", 100, MINUTE, 7) for _ in range(40)))
    assert 100 == sum(count for count, _ in drawn)
    assert all(0 < left <= 60_000 for _, left in drawn)
    more = [await store.draw("x", who, 100, MINUTE, 5) for who in ("ana", "ben")]
    assert [0, 5] == [count for count, _ in more]


async def test_many_checks_at_once(connection):
    """Each gets its own answer, also after the server has forgotten its scripts."""
    store, checks = TokenStore(connection.calls), Checks(connection.calls)
    token = await a_token(store)
    await store.keep(token)
    ends = int((await store.now() + MINUTE).timestamp() * 1000)
    await connection.calls.zadd(
        keys.held("ana", "act", "r3"), {"R01-0000000": ends, "R01-0000001!": ends + 5}
    )
    await connection.calls.zadd(keys.held("ana", "act", "r4"), {"R01-0000002!": ends, "R01-0000003": 5})
    for _ in range(2):
        found = await asyncio.gather(*(checks.look(token.id, "ana", "act", f"r{n % 5}") for n in range(300)))
        assert {token} == {each.token for each in found}
        grants = [each.held.grant if each.held else "" for each in found]
        assert ["", "", "", "R01-0000000", "R01-0000002"] * 60 == grants
        await connection.calls.script_flush()
    assert None is (await checks.look("9" * 10, "ana", "act", "r1")).token
