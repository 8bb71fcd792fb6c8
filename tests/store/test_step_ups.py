"""Contract of sign-ins under way: taken once, in the browser in which it began, within five minutes.

It holds on each server that the product runs on.
"""

import asyncio
from datetime import UTC, datetime

from app.store import keys
from app.store.step_ups import Attempt, StepUpStore

ATTEMPT = Attempt(
    person="ana",
    digest="a" * 64,
    page="b" * 64,
    browser="c" * 64,
    salt="salt",
    verifier="verifier",
    return_to="https://jit.example.com/confirm/oidc",
    fresh=0,
    begun_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
)


async def test_taken_once_by_whoever_comes_first(connection):
    """Of all that race, one has it, whole; the others learn that it is used, and whose it was."""
    store = StepUpStore(connection.calls)
    await store.keep("state", ATTEMPT)
    found = await asyncio.gather(*(store.take("state", ATTEMPT.browser) for _ in range(9)))
    used = ATTEMPT.model_copy(update={"used": True})
    assert [("taken", ATTEMPT)] + [("used", used)] * 8 == sorted(found, key=lambda each: each[0])
    assert 299_000 < await connection.calls.pttl(keys.step_up("state")) <= 300_000


async def test_another_browser_leaves_it_be(connection):
    """It is known whose it was, and the right one still has it."""
    store = StepUpStore(connection.calls)
    await store.keep("state", ATTEMPT)
    assert ("other", ATTEMPT) == await store.take("state", "d" * 64)
    assert ("unknown", None) == await store.take("other state", ATTEMPT.browser)
    assert ("taken", ATTEMPT) == await store.take("state", ATTEMPT.browser)


async def test_it_ends_by_itself(connection):
    """By its native TTL of five minutes, whatever else happens."""
    await StepUpStore(connection.calls).keep("state", ATTEMPT)
    assert 299_000 < await connection.calls.pttl(keys.step_up("state")) <= 300_000


def test_what_is_secret_does_not_show():
    """Neither the verifier nor the salt of the nonce gets into a log by accident."""
    assert [] == [word for word in ("verifier='", "salt='") if word in repr(ATTEMPT)]
