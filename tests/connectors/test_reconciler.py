"""What stands at targets agrees with the grants, or it is removed and told.

Contract: what bears our mark and has no grant is removed, and told once in the admin channel and the audit log,
however many replicas look; what is being created, is live or is ending is left alone, whenever in its life one looks;
what lacks is told and not restored; what bears another mark is not touched.
"""

import asyncio

import pytest

from app.domain.request import State
from app.domain.target import Target
from tests.connectors.asked import granting

READERS = Target(connector="postgres", parameters={"roles": ["readonly"]})


async def test_what_has_no_grant_is_removed_and_told(callers, postgres):
    """A role of a request that nobody knows, with a session in it: both go, and security reads why."""
    connector = callers.work.bot.connectors.all["postgres"].connector
    forgotten = granting(target=READERS)
    granted = await connector.grant(forgotten, callers.work.bot.connectors.mark.key(forgotten.id))
    given = {name: value.get_secret_value() for name, value in granted.secret.environment.items()}
    session = postgres.connect("orders", user=given["PGUSER"], password=given["PGPASSWORD"])

    told = await callers.work.bot.reconciler.run()

    assert [(forgotten.id, True)] == [(drift.request_id, drift.settled) for drift in told]
    assert [] == postgres.roles()
    with pytest.raises(Exception, match="terminating connection"):
        session.execute("SELECT 1")
    await callers.work.posted("#security", forgotten.id.lower(), "without a grant, and is removed")
    assert ["drifted"] == await callers.work.events(forgotten.id)
    assert [] == await callers.work.bot.reconciler.run()


async def test_what_is_live_is_left_alone_and_what_lacks_is_told_and_not_restored(callers, postgres):
    """Somebody drops a live role by hand: that is told, once, and the role does not come back."""
    ana = await callers.person("@ana")
    request_id = await ana.asks(action="sandbox-admin", resource="sandbox-1", duration="10m")
    await callers.work.reaches(request_id, State.ACTIVE)
    assert [] == await callers.work.bot.reconciler.run()
    assert 1 == len(postgres.roles())
    name = postgres.roles()[0]
    postgres.rows(f"DROP ROLE {name}")

    first, second = [await callers.work.bot.reconciler.run() for _ in range(2)]

    assert [request_id] == [drift.request_id for drift in first] == [drift.request_id for drift in second]
    await callers.work.posted("#security", f"the access of {request_id} is not there")
    assert 1 == (await callers.work.events(request_id)).count("drifted")
    assert [] == postgres.roles()
    await ana.verb(request_id, "done")
    await callers.work.reaches(request_id, State.COMPLETED)


async def test_looking_all_the_time_disturbs_nothing(callers, postgres):
    """Two reconcilers look without a pause while access comes and goes: nothing is drift, and all of it is granted."""
    ana = await callers.person("@ana")
    told = []
    over = asyncio.Event()

    async def look() -> None:
        while not over.is_set():
            told.extend(await callers.work.bot.reconciler.run())

    looking = [asyncio.create_task(look()) for _ in range(2)]
    for _ in range(4):
        ids = [
            await ana.asks(action="sandbox-admin", resource=f"sandbox-{n}", duration="10m")
            for n in range(1, 5)
        ]
        for request_id in ids:
            await callers.work.reaches(request_id, State.ACTIVE)
        await asyncio.gather(*(ana.verb(request_id, "done") for request_id in ids))
        for request_id in ids:
            await callers.work.reaches(request_id, State.COMPLETED)
    over.set()
    await asyncio.gather(*looking)
    assert ([], []) == (told, postgres.roles())


async def test_several_replicas_tell_once(callers, postgres):
    """Four at the same instant remove it, and one message is posted."""
    connector = callers.work.bot.connectors.all["postgres"].connector
    forgotten = granting(target=READERS)
    await connector.grant(forgotten, callers.work.bot.connectors.mark.key(forgotten.id))
    await asyncio.gather(*(callers.work.bot.reconciler.run() for _ in range(4)))
    await callers.work.posted("#security", forgotten.id.lower())
    await asyncio.sleep(0.5)
    shown = await callers.work.hands.look()
    security = next(channel for channel in shown["channels"] if channel["name"] == "security")
    told = [each["text"] for each in security["messages"] if forgotten.id.lower() in each["text"]]
    assert 1 == len(told), told
    assert [] == postgres.roles()
