"""Contract of who looks at their Home: those who opened it within the hour, and nobody else, at no cost.

What concerns somebody makes their Home due once, however much it is.
"""

from app.store import keys
from app.store.homes import HomeViewers


async def test_only_those_who_look(connection):
    """Few of many and many of few are found alike."""
    viewers = HomeViewers(connection.calls)
    assert 0 == await viewers.concern({"U0ANA"})
    for person in ("U0ANA", "U0BEN", "U0SAM"):
        await viewers.opened(person)
    assert 1 == await viewers.concern({"U0ANA", "U0DEV"})
    assert 2 == await viewers.concern({"U0ANA", "U0BEN", *(f"U0P{n}" for n in range(50))})
    assert {"U0ANA", "U0BEN"} == set(await viewers.take_due(10))
    assert [] == await viewers.take_due(10)
    assert 0 == await viewers.concern(())


async def test_forgotten_after_an_hour(connection):
    """By the server's clock; the set itself goes with the last."""
    viewers = HomeViewers(connection.calls)
    await viewers.opened("U0ANA")
    assert 3500 < await connection.calls.ttl(keys.HOMES) <= 3600
    await connection.calls.zadd(keys.HOMES, {"U0ANA": 1, "U0BEN": 1})
    assert 0 == await viewers.concern({"U0ANA"})
    assert 0 == await viewers.concern({"U0ANA", "U0BEN", "U0SAM", "U0DEV"})
    await viewers.opened("U0SAM")
    assert ["U0SAM"] == await connection.calls.zrange(keys.HOMES, 0, -1)


async def test_a_page(connection):
    """It is remembered with the one who turned to it, until they open their Home anew."""
    viewers = HomeViewers(connection.calls)
    await viewers.opened("U0SAM", "R07-4KX9TQZ")
    assert ("R07-4KX9TQZ", "") == (await viewers.page("U0SAM"), await viewers.page("U0ANA"))
    await viewers.opened("U0SAM")
    assert "" == await viewers.page("U0SAM")


async def test_put_back(connection):
    """What could not be done is due again."""
    viewers = HomeViewers(connection.calls)
    await viewers.put_back("U0ANA")
    assert ["U0ANA"] == await viewers.take_due(10)
