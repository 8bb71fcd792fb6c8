"""Contract of wishes that wait for an address: kept without their token, found until they end, taken once by one.

On every kind of server that the product runs on.
"""

import asyncio

import pytest

from app.store.wishes import Kept, WaitingWishes
from tests.people import ANA, BEN

WISH = '{"wishes": []}'


@pytest.fixture
def wishes(connection) -> WaitingWishes:
    return WaitingWishes(connection.calls)


async def test_kept_without_the_token(wishes, connection):
    """What is kept does not tell the token, and ends by itself."""
    token = await wishes.keep(ANA, WISH)
    (key,) = await connection.calls.keys("*")

    assert Kept("ana", "U0ANA", WISH, used=False) == await wishes.find(token)
    assert (43, False) == (len(token), token in str([key, await connection.calls.hgetall(key)]))
    assert 290_000 < await connection.calls.pttl(key) <= 300_000


async def test_taken_once(wishes):
    """Of many at the same instant one has it; then it is known to be used."""
    token = await wishes.keep(ANA, WISH)
    taken = await asyncio.gather(*(wishes.take(token, ANA) for _ in range(20)))

    assert (1, True) == (sum(taken), (await wishes.find(token)).used)


@pytest.mark.parametrize("by", [BEN, ANA.model_copy(update={"slack": "U0EVE"})])
async def test_not_for_others(wishes, by):
    """Another person, or another Slack user of the same id, takes nothing, and takes nothing away."""
    token = await wishes.keep(ANA, WISH)

    assert (False, True) == (await wishes.take(token, by), await wishes.take(token, ANA))


@pytest.mark.parametrize("token", ["", "x", "A" * 43])
async def test_none(wishes, connection, token):
    """A token of nobody's finds and takes nothing, and leaves nothing behind."""
    assert (None, False, []) == (
        await wishes.find(token),
        await wishes.take(token, ANA),
        await connection.calls.keys("*"),
    )
