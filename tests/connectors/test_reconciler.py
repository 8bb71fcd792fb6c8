"""What stands at targets agrees with the grants, or it is removed and told.

Contract: what bears our mark and has no grant is removed, and told once in the admin channel and the audit log,
however many replicas look; what is being created, is live or is ending is left alone, whenever in its life one looks;
what lacks is told and not restored; what bears another mark is not touched.
"""

import asyncio
import os
import random
import secrets
import signal
import sys
import time
from pathlib import Path

import pytest

from app.connectors.reconciler import Reconciler
from app.connectors.registry import Connectors
from app.connectors.troubles import Troubles
from app.domain.request import State
from app.domain.target import Target
from app.policy import PolicySource, shipped_policies
from app.store.failing import Failing
from app.store.requests import RequestStore
from app.store.turns import Turns
from app.workflow import Workflow
from tests.connectors.asked import granting
from tests.connectors.at_work import settings_file
from tests.postgres_server import ADMINS_PASSWORD

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
    assert 1 == sum(forgotten.id.lower() in message["text"] for message in security["messages"])
    assert [] == postgres.roles()


POINTS = int(os.environ.get("JIT_TEST_TARGET_KILLS", "100"))
LONGEST_LIFE = 0.25
"""Seconds after the first connection; it grants and revokes some ten times in that."""


def live_until_killed(file: Path, connected: int) -> None:
    """Grant and revoke for ever, several at a time."""

    async def live() -> None:
        connectors = Connectors.open(file)
        opened = connectors.all["postgres"]
        key = connectors.mark.key
        await opened.connector.check()
        os.write(connected, b"!")
        while True:
            asked = [granting(target=READERS) for _ in range(4)]
            await asyncio.gather(*(opened.connector.grant(each, key(each.id)) for each in asked))
            await asyncio.gather(*(opened.connector.revoke(each, key(each.id)) for each in asked[:3]))

    asyncio.run(live())


def kill_some(file: str, seed: str) -> None:
    """Run in a process of its own: fork, let it work, kill it with -9 at a random moment; POINTS times."""
    chance = random.Random(seed)  # noqa: S311  to be drawn again from the same seed
    for _ in range(POINTS):
        reads, connected = os.pipe()
        pid = os.fork()
        if pid == 0:
            live_until_killed(Path(file), connected)
        os.read(reads, 1)
        time.sleep(chance.uniform(0, LONGEST_LIFE))
        os.kill(pid, signal.SIGKILL)
        assert -signal.SIGKILL == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(reads)
        os.close(connected)


async def test_killed_at_random_points_nothing_is_left_after_a_run(
    postgres, redis, redis_server, tmp_path, monkeypatch
):
    """Processes are killed with -9 in the middle of granting and revoking; one run removes all that they left."""
    monkeypatch.setenv("JIT_TEST_POSTGRES", ADMINS_PASSWORD)
    seed = os.environ.get("JIT_TEST_SEED") or str(secrets.randbelow(1_000_000))
    print(f"JIT_TEST_SEED={seed}")
    file = settings_file(tmp_path, postgres)
    here = "from tests.connectors.test_reconciler import kill_some; import sys; kill_some(*sys.argv[1:])"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    killing = await asyncio.create_subprocess_exec(
        sys.executable, "-c", here, str(file), seed, env=environment
    )
    assert 0 == await asyncio.wait_for(killing.wait(), 120)
    left = postgres.roles()
    assert len(left) >= POINTS, "too little was going on to show anything"

    connectors, store = Connectors.open(file), RequestStore(redis.calls)
    policy = PolicySource(shipped_policies()).current
    told: list[str] = []

    async def tell(text: str, _: str) -> None:
        told.append(text)

    troubles = Troubles(Failing(redis.calls), Turns(redis.calls), tell)
    drifts = await Reconciler(connectors, store, Workflow(store, lambda: policy), troubles).run()
    await connectors.close()
    assert [] == postgres.roles()
    assert len(left) == len(told) == sum(drift.settled for drift in drifts)
