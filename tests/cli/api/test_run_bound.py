"""Contract of `jit run --bound`: access for exactly this command, which approvers see, and for nothing else."""

import asyncio
import json

import pytest

from app.domain.request import State
from tests.cli.api.terminal import Terminal, ended
from tests.workplace import id_in

COMMAND = ("sh", "-c", "echo ran \u202e; exit 4")


@pytest.fixture
async def ana(api, tmp_path):
    person = await api.person("@ana")
    return Terminal(tmp_path / "ana", JIT_SERVER=api.url, JIT_TOKEN=person.token)


async def test_what_was_approved_runs(api, ana):
    """The approver reads it as it is, and the command runs as it was typed."""
    words = ("run", "prod-db-debug", "orders-db", "--reason", "INC-7", "--bound", "--", *COMMAND)
    running = await ana.starts(*words)
    request_id = id_in((await asyncio.wait_for(running.stderr.readline(), 30)).decode())
    await api.work.card(request_id, "For this command alone", r'sh -c "echo ran \u202e; exit 4"')
    status = await ana.runs("status", request_id)
    assert r'for this alone: sh -c "echo ran \u202e; exit 4"' in status.out
    document = json.loads((await ana.runs("status", request_id, "--json")).out)
    assert list(COMMAND) == document["command"]
    ben = await api.person("@ben")
    assert 200 == (await ben.verb(request_id, "approve")).status
    found = await ended(running)
    assert (4, "ran \u202e\n") == (found.code, found.out)
    await api.work.reaches(request_id, State.COMPLETED)


async def test_what_policy_binds(api, ana):
    """Without --bound it is refused where policy wants it, with how to ask; nothing is run."""
    await api.work.repolicy(lambda policies: policies["actions"]["prod-db-debug"].update(bound=True))
    words = ("run", "prod-db-debug", "orders-db", "--reason", "INC-7")
    found = await ana.runs(*words, "--", *COMMAND)
    assert (1, "", True) == (found.code, found.out, "jit run --bound prod-db-debug" in found.err)
