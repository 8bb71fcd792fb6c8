"""Contract of the policy in force: one note for all replicas of which it is, since when, and what was judged."""

from app.store.in_force import PolicyInForce


async def test_the_first_policy(connection):
    """Before it there was nothing that could have to be judged anew."""
    in_force = PolicyInForce(connection.calls)
    assert await in_force.read() is None
    noted = await in_force.came("a" * 64)
    assert ("a" * 64, "a" * 64) == (noted.digest, noted.judged)
    assert noted == await in_force.read() == await in_force.came("a" * 64)


async def test_a_change(connection):
    """Its time is new, and what was judged last stays noted until it is judged by the new one."""
    in_force = PolicyInForce(connection.calls)
    first = await in_force.came("a" * 64)
    second = await in_force.came("b" * 64)
    assert ("b" * 64, "a" * 64, True) == (second.digest, second.judged, first.since <= second.since)
    await in_force.judged("b" * 64)
    assert second._replace(judged="b" * 64) == await in_force.read()
    assert "b" * 64 == (await in_force.came("a" * 64)).judged
