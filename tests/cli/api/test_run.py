"""Contract of `jit run`: access before the command, none after it, however it ends.

Exit code and signals are the command's; when access ends early the command is ended, unless it is to be kept.
"""

import asyncio
import signal

import pytest

from app.domain.request import State
from tests.cli.api.terminal import Terminal, ended
from tests.workplace import id_in

STAGED = ("run", "restart-container", "checkout", "--for", "10m", "--reason", "It hangs")
ASKED = ("run", "prod-db-debug", "orders-db", "--reason", "INC-7")


@pytest.fixture
async def ana(api, tmp_path):
    person = await api.person("@ana")
    return Terminal(tmp_path / "ana", JIT_SERVER=api.url, JIT_TOKEN=person.token)


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 137)])
async def test_exit_codes(api, ana, script, code):
    """The command's own; the access is given back each time. Its output is the command's alone."""
    found = await ana.runs(*STAGED, "--", "sh", "-c", f"echo $JIT_REQUEST; {script}")
    request_id = id_in(found.out)
    assert (code, f"{request_id}\n") == (found.code, found.out)
    assert "given back" in found.err
    await api.work.reaches(request_id, State.COMPLETED)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
async def test_signals(api, ana, number):
    """A signal goes to the command, which decides; then the access is given back."""
    trap = f"trap 'exit 9' {number.name.removeprefix('SIG')}; echo ready; while :; do sleep 0.1; done"
    running = await ana.starts(*STAGED, "--", "sh", "-c", trap)
    assert b"ready\n" == await asyncio.wait_for(running.stdout.readline(), 20)
    running.send_signal(number)
    found = await ended(running)
    assert 9 == found.code
    await api.work.reaches(id_in(found.err), State.COMPLETED)


async def test_access_ends_early(api, ana):
    """Revoked while it runs: the command is ended, and that is said."""
    running = await ana.starts(*STAGED, "--", "sh", "-c", "echo ready; exec sleep 60")
    request_id = id_in((await asyncio.wait_for(running.stderr.readline(), 20)).decode())
    await api.work.reaches(request_id, State.ACTIVE)
    assert b"ready\n" == await asyncio.wait_for(running.stdout.readline(), 20)
    await api.work.types("@sam", f"/jit revoke {request_id} not now")
    found = await ended(running, 20)
    assert (143, True) == (found.code, "the access has ended" in found.err)


async def test_kept(api, ana):
    """With --keep it runs on."""
    running = await ana.starts(*STAGED, "--keep", "--", "sh", "-c", "echo ready; sleep 3; exit 5")
    request_id = id_in((await asyncio.wait_for(running.stderr.readline(), 20)).decode())
    await api.work.reaches(request_id, State.ACTIVE)
    assert b"ready\n" == await asyncio.wait_for(running.stdout.readline(), 20)
    await api.work.types("@sam", f"/jit revoke {request_id} not now")
    assert 5 == (await ended(running, 20)).code


async def test_interrupted_while_it_waits(api, ana):
    """A request for which nobody waits any more is cancelled, and nothing was run."""
    running = await ana.starts(*ASKED, "--", "touch", "/nowhere/x")
    request_id = id_in((await asyncio.wait_for(running.stderr.readline(), 20)).decode())
    await asyncio.sleep(0.3)
    running.send_signal(signal.SIGINT)
    found = await ended(running)
    assert 130 == found.code
    assert State.CANCELLED is (await api.work.request(request_id)).state


async def test_denied(api, ana, tmp_path):
    """Without access the command is not run."""
    running = await ana.starts(*ASKED, "--", "touch", str(tmp_path / "ran"))
    request_id = id_in((await asyncio.wait_for(running.stderr.readline(), 20)).decode())
    ben = await api.person("@ben")
    await ben.verb(request_id, "deny", {"comment": "use the replica"})
    found = await ended(running)
    assert (1, False) == (found.code, (tmp_path / "ran").exists())
    assert "use the replica" in found.err


async def test_no_such_command(api, ana):
    """What cannot run is not asked for."""
    found = await ana.runs(*STAGED, "--", "no-such-command-here")
    assert (2, True) == (found.code, "nothing was asked for" in found.err)
    ana_by_api = await api.person("@ana")
    assert [] == (await ana_by_api.get("/v1/requests")).body["requests"]
