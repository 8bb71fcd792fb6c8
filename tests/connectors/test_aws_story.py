"""The main story with AWS (moto's server): approved in Slack, used, taken back; and what is left by bots that die.

Contract: credentials come once and work until the card says that access is gone; an assignment is there when it says
that access is live; whatever dies, one run of the reconciler leaves no assignment and no claim.
"""

import asyncio
import os
import random
import secrets
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from app.connectors.aws import api, assignments
from app.connectors.reconciler import Reconciler
from app.connectors.registry import Connectors
from app.connectors.troubles import Troubles
from app.domain.request import State
from app.domain.target import Target
from app.playground.hands import readable
from app.policy import PolicySource, shipped_policies
from app.store.failing import Failing
from app.store.requests import RequestStore
from app.store.turns import Turns
from app.workflow import Workflow
from tests.aws_server import HERE, INSTANCE, KEY, READERS, REGION, Aws
from tests.cli.api.terminal import Terminal
from tests.connectors.asked import granting
from tests.people import BEN
from tests.web.callers import Callers, with_machines
from tests.workplace import Workplace, at_work, policy_folder

ANA_THERE, BEN_THERE = "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"
READING = Target(connector="aws-identity-center", parameters={"permission_set": "readers"})


def settings_file(folder: Path, url: str) -> Path:
    """Write the settings of both connectors."""
    by = {
        "region": REGION,
        "access_key_id": KEY["aws_access_key_id"],
        "secret_access_key": {"env": "JIT_TEST_AWS"},
        "endpoints": {"sts": url, "iam": url, "sso-admin": url},
    }
    place = {"account": HERE, "roles": ["operator"]}
    center = {
        "instance": INSTANCE,
        "accounts": {"orders-db": HERE, "sandbox-1": HERE},
        "permission_sets": {"readers": READERS},
        "people": {"ana": ANA_THERE, "ben": BEN_THERE},
    }
    connectors = {
        "aws-role": by | {"accounts": {"orders-db": place, "sandbox-1": place}},
        "aws-identity-center": by | center,
    }
    file = folder / "connectors.yaml"
    file.write_text(yaml.safe_dump({"installation": "harbour", "connectors": connectors}))
    return file


@pytest.fixture
async def callers(aws: Aws, redis: Any, redis_server: Any, tmp_path: Path, monkeypatch: Any):
    """A bot at work whose production databases are behind a role, and whose sandboxes are assigned."""
    monkeypatch.setenv("JIT_TEST_AWS", KEY["aws_secret_access_key"])
    monkeypatch.setitem(api.BOUNDS, "read_timeout", 20)
    monkeypatch.setattr(assignments, "LOOKS_EVERY", 0.05)
    aws.make_role("operator")

    def by_aws(policies: dict[str, Any]) -> None:
        with_machines(policies)
        policies["api"] = {"decide": True}
        role = {"connector": "aws-role", "with": {"role": "operator"}}
        policies["actions"]["prod-db-debug"] |= role
        policies["actions"]["sandbox-admin"] |= {
            "connector": READING.connector,
            "with": READING.parameters,
        }

    workplace = Workplace(
        f"unix://{redis_server.socket}",
        tmp_path / "data",
        policies=policy_folder(tmp_path / "policies", by_aws),
        over_http=True,
    )
    async with at_work(workplace, connectors=settings_file(tmp_path, aws.url)) as work:
        yield Callers(work)


async def test_asked_approved_used_and_given_back(callers, aws):
    """Approvers see what will be given; the credentials come once, and are denied when the card says they are gone."""
    ana = await callers.person("@ana")
    request_id = await ana.asks()
    card = await callers.work.card(request_id, "At the target", offering="jit_approve")
    assert f"credentials of the role operator in the account {HERE}" in readable(card)
    assert [] == aws.asked("AssumeRole")
    await callers.work.clicks("@ben", card, "jit_approve")
    await callers.work.card(request_id, "Access is live")

    told = (await ana.verb(request_id, "credentials")).body["environment"]
    assert 409 == (await ana.verb(request_id, "credentials")).status
    key = {
        name: told[name.upper()]
        for name in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    }
    named = f"jit-harbour-{request_id.lower()}=ana"
    who = await asyncio.to_thread(aws.client("sts", **key).get_caller_identity)
    assert f"arn:aws:sts::{HERE}:assumed-role/operator/{named}" == who["Arn"]
    assert await asyncio.to_thread(aws.client("iam", **key).list_roles)

    assert 200 == (await ana.verb(request_id, "done")).status
    await callers.work.card(request_id, "Access is gone")
    with pytest.raises(ClientError, match="explicit deny"):
        await asyncio.to_thread(aws.client("iam", **key).list_roles)
    assert 1 == len(aws.policies("operator"))
    assert [] == await callers.work.bot.reconciler.run()
    told_anywhere = repr(callers.work.log) + repr(await callers.work.hands.look())
    assert told["AWS_SECRET_ACCESS_KEY"] not in told_anywhere
    assert told["AWS_SESSION_TOKEN"] not in told_anywhere
    audit = (callers.work.data / "audit.sqlite3").read_bytes()
    assert told["AWS_SECRET_ACCESS_KEY"].encode() not in audit


async def test_by_jit_run(callers, aws, tmp_path):
    """AWS's own library finds all by its environment; when the command has ended, its session is denied."""
    ana = await callers.person("@ana")
    terminal = Terminal(
        tmp_path / "ana",
        JIT_SERVER=callers.url,
        JIT_TOKEN=ana.token,
        AWS_ENDPOINT_URL=aws.url,
    )
    script = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    words = ("run", "prod-db-debug", "orders-db", "--for", "10m", "--reason", "INC-7", "--")
    running = asyncio.create_task(terminal.runs(*words, sys.executable, "-c", script))
    card = await callers.work.card("orders-db", offering="jit_approve")
    await callers.work.clicks("@ben", card, "jit_approve")
    found = await running
    assert (0, True) == (found.code, ":assumed-role/operator/jit-harbour-" in found.out), found
    assert 1 == len(aws.policies("operator"))


async def test_assigned_and_taken_back(callers, aws):
    """The assignment is there when access is live, gone when it is given back, and removed where nobody knows it."""
    ana = await callers.person("@ana")
    request_id = await ana.asks(action="sandbox-admin", resource="sandbox-1")
    await callers.work.reaches(request_id, State.ACTIVE)
    assert [ANA_THERE] == aws.users()
    assert [] == await callers.work.bot.reconciler.run()
    await ana.verb(request_id, "done")
    await callers.work.reaches(request_id, State.COMPLETED)
    assert [] == aws.users()

    connectors = callers.work.bot.connectors
    forgotten = granting(target=READING)
    await connectors.all[READING.connector].connector.grant(forgotten, connectors.mark.key(forgotten.id))
    (drift,) = await callers.work.bot.reconciler.run()
    assert ("is removed", True) == (drift.said[-10:], drift.settled)
    assert ([], {}) == (aws.users(), aws.tags[READERS])


async def test_more_time(callers, aws):
    """The claim says the later end, so that no other grant's end takes it away before; one that does not is moved."""
    ana = await callers.person("@ana")
    request_id = await ana.asks(action="sandbox-admin", resource="sandbox-1", duration="10m")
    await callers.work.reaches(request_id, State.ACTIVE)
    (before,) = aws.tags[READERS].items()
    assert 200 == (await ana.verb(request_id, "extend", {"duration": "10m"})).status
    await callers.work.until(lambda: aws.tags[READERS][before[0]] > before[1], "a later end")
    aws.tags[READERS][before[0]] = before[1]
    await callers.work.bot.reconciler.run()
    await callers.work.until(lambda: aws.tags[READERS][before[0]] > before[1], "a later end again")
    await ana.verb(request_id, "done")
    await callers.work.reaches(request_id, State.COMPLETED)


async def test_an_assignment_that_a_person_takes_away(callers, aws):
    """It is told as missing, and not restored; its end goes as any other."""
    ana = await callers.person("@ana")
    request_id = await ana.asks(action="sandbox-admin", resource="sandbox-1")
    await callers.work.reaches(request_id, State.ACTIVE)
    aws.client("sso-admin").delete_account_assignment(
        InstanceArn=INSTANCE,
        TargetId=HERE,
        TargetType="AWS_ACCOUNT",
        PermissionSetArn=READERS,
        PrincipalType="USER",
        PrincipalId=ANA_THERE,
    )
    (drift,) = await callers.work.bot.reconciler.run()
    assert f"the access of {request_id} is not there, though its grant is live" == drift.said
    assert [] == aws.users()
    await ana.verb(request_id, "done")
    await callers.work.reaches(request_id, State.COMPLETED)


async def test_aws_that_is_down_at_revoke(callers, aws, monkeypatch):
    """It is tried again, and said on the card, until AWS confirms."""
    monkeypatch.setattr("app.domain.transitions.FIRST_RETRY", timedelta(milliseconds=100))
    ana = await callers.person("@ana")
    request_id = await ana.asks(action="sandbox-admin", resource="sandbox-1")
    await callers.work.reaches(request_id, State.ACTIVE)
    aws.fails = {"DeleteAccountAssignment": "AccessDeniedException"}
    await ana.verb(request_id, "done")
    await callers.work.card(request_id, "The target has not confirmed", channel="#sandbox-approvals")
    aws.fails = {}
    await callers.work.reaches(request_id, State.COMPLETED, within=30)
    assert ([], {}) == (aws.users(), aws.tags[READERS])


POINTS = max(1, int(os.environ.get("JIT_TEST_TARGET_KILLS", "100")) // 10)
LONGEST_LIFE = 0.5
"""Seconds after the first call."""


def live_until_killed(file: Path, connected: int) -> None:
    """Grant and revoke for ever, several at a time, of which most share an assignment."""

    async def live() -> None:
        connectors = Connectors.open(file)
        connector, key = connectors.all[READING.connector].connector, connectors.mark.key
        await connector.list_active()
        os.write(connected, b"!")
        while True:
            asked = [granting(target=READING, **who) for who in ({}, {}, {"requester": BEN})]
            await asyncio.gather(*(connector.grant(each, key(each.id)) for each in asked))
            await asyncio.gather(*(connector.revoke(each, key(each.id)) for each in asked[1:]))

    asyncio.run(live())


def kill_some(file: str, seed: str) -> None:
    """Run in a process of its own: fork, let it work, kill it with -9 at a random moment; POINTS times."""
    chance = random.Random(seed)  # noqa: S311  to be drawn again from the same seed
    assignments.LOOKS_EVERY = 0.02
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


async def test_killed_at_random_points_nothing_is_left_after_a_run(aws, redis, tmp_path, monkeypatch):
    """Bots are killed with -9 while they give and take back; one run removes all that they left, orders too."""
    monkeypatch.setenv("JIT_TEST_AWS", KEY["aws_secret_access_key"])
    monkeypatch.setitem(api.BOUNDS, "read_timeout", 20)
    monkeypatch.setattr(assignments, "LOOKS_EVERY", 0.05)
    aws.looks = 1
    seed = os.environ.get("JIT_TEST_SEED") or str(secrets.randbelow(1_000_000))
    print(f"JIT_TEST_SEED={seed}")
    file = settings_file(tmp_path, aws.url)
    aws.make_role("operator")
    here = "from tests.connectors.test_aws_story import kill_some; import sys; kill_some(*sys.argv[1:])"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    killing = await asyncio.create_subprocess_exec(
        sys.executable, "-c", here, str(file), seed, env=environment
    )
    assert 0 == await asyncio.wait_for(killing.wait(), 150)
    while aws.under_way:  # noqa: ASYNC110  what was sent before the last one died
        await asyncio.sleep(0.05)
    left = dict(aws.tags.get(READERS, {}))
    assert left, "too little was going on to show anything"

    connectors, store = Connectors.open(file), RequestStore(redis.calls)
    policy = PolicySource(shipped_policies()).current
    told: list[str] = []

    async def tell(text: str, _: str) -> None:
        told.append(text)

    troubles = Troubles(Failing(redis.calls), Turns(redis.calls), tell)
    drifts = await Reconciler(connectors, store, Workflow(store, lambda: policy), troubles).run()
    await connectors.close()
    assert ([], {}) == (aws.users(), aws.tags[READERS])
    assert len(left) == len(told) == sum(drift.settled for drift in drifts)
