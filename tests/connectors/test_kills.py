"""Bots that are killed with -9 while they give and take back, at random points, for every kind of connector.

Contract: what is called live in the store stands at its target, whenever its bot died; the next bot brings every
request to its end, and nothing of it is left; and where the store itself is lost, one run of the reconciler removes
all that stands. JIT_TEST_SEED (drawn anew each time, and printed) shows the same lives again, as far as a machine can.
"""

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.child import DIES_WITH_PARENT
from app.domain.request import State
from app.policy import PolicySource
from app.store import giving
from tests.connectors.killing import ACTION, DEAD_AFTER, Bot, Job, line_of
from tests.connectors.targets import KINDS, RESOURCE
from tests.workplace import policy_folder

KILLS = dict.fromkeys(KINDS, 40) | {"docker-debug": 8, "docker-restart": 8, "postgres": 60, "ssh": 100}
"""How many are killed: a container takes its time to stop and to start."""


@pytest.fixture(scope="module")
def nursery() -> Iterator["subprocess.Popen[bytes]"]:
    """The process that is warm."""
    words = [sys.executable, "-c", "from tests.connectors.killing import serve; serve()"]
    process = subprocess.Popen(
        words,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=DIES_WITH_PARENT,  # noqa: PLW1509  it calls prctl alone
    )
    assert process.stdin
    yield process
    process.stdin.close()
    assert 0 == process.wait(10)


def done_by(nursery: "subprocess.Popen[bytes]", job: Job) -> int:
    """Have a job done; gives how many bots were killed at work."""
    assert nursery.stdin
    assert nursery.stdout
    nursery.stdin.write(line_of(job))
    nursery.stdin.flush()
    return int(nursery.stdout.readline())


async def test_nothing_is_left(real, nursery, redis, redis_server, tmp_path, monkeypatch):
    """Half of what the dead left is ended by the next bot, and the other half, whose store is lost, by one run."""
    monkeypatch.setattr(giving, "TTL", DEAD_AFTER)
    points = KILLS[real.kind]
    seed = os.environ.get("JIT_TEST_SEED") or str(secrets.randbelow(1_000_000))
    print(f"JIT_TEST_SEED={seed}")

    def by_target(policies: dict[str, Any]) -> None:
        policies["actions"][ACTION] |= real.given

    settings, policies = real.file(tmp_path), policy_folder(tmp_path / "policies", by_target)
    url = f"unix://{redis_server.socket}"
    job = Job(real.kind, str(settings), str(policies), RESOURCE, url, real.environment, seed, points)
    assert points == await asyncio.to_thread(done_by, nursery, job)

    bot = Bot(redis, settings, PolicySource(policies).current, "the-next")
    left = [each async for each in bot.store.each_live()]
    stands = set(await asyncio.to_thread(real.stands))
    live = {bot.connectors.mark.key(each.id) for each in left if each.state is State.ACTIVE}
    half_done = len(left) - len(live)
    print(f"{real.kind}: {len(live)} live, {half_done} half done, {len(stands)} stand")
    assert set() == live - stands
    assert half_done >= points / 2, "too little was going on to show anything"

    first = {each.id for each in left[::2]}
    await asyncio.gather(*(ended(bot, each) for each in first))
    assert {State.COMPLETED} == {each.state for each in await bot.store.find([*first])}
    still = set(await asyncio.to_thread(real.stands))
    assert set() == still & {bot.connectors.mark.key(each) for each in first}

    await redis.calls.flushall()
    drifts = await bot.reconciler.run()
    assert [] == list(await asyncio.to_thread(real.stands))
    assert [True] * len(still) == [drift.settled for drift in drifts]
    await bot.connectors.close()


async def ended(bot: Bot, request_id: str) -> None:
    """Bring one to where it was going, and end it if that is to be live."""
    await bot.granter.settle(request_id)
    if (await bot.store.load(request_id)).request.state is State.ACTIVE:
        await bot.give_back(request_id)
