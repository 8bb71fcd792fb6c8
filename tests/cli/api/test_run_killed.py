"""Contract of `jit run` that stops without saying so: its access ends within seconds, and so does its command.

As long as it runs it is heard of, also past a server that was away; what is heard of is not ended.
"""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from app.domain.request import State
from tests.cli.api.terminal import Terminal, ended
from tests.workplace import id_in

STAGED = ("run", "restart-container", "checkout", "--for", "10m", "--reason", "It hangs")


@pytest.fixture
async def ana(api, tmp_path):
    person = await api.person("@ana")
    return Terminal(tmp_path / "ana", JIT_SERVER=api.url, JIT_TOKEN=person.token)


async def started(api, terminal, *words: str, script: str = "echo $$; exec sleep 120"):
    """Start a command that tells its process id; gives `jit run`, that id and the request's."""
    running = await terminal.starts(*STAGED, *words, "--", "sh", "-c", script)
    request_id = id_in((await asyncio.wait_for(running.stderr.readline(), 30)).decode())
    child = int(await asyncio.wait_for(running.stdout.readline(), 30))
    await api.work.reaches(request_id, State.ACTIVE)
    return running, child, request_id


async def is_gone(process: int, within: float = 20) -> bool:
    """Wait until a process is gone, or is only waited for by nobody."""
    ends = asyncio.get_running_loop().time() + within
    while asyncio.get_running_loop().time() < ends:
        try:
            stat = await asyncio.to_thread(Path(f"/proc/{process}/stat").read_text)
        except (FileNotFoundError, ProcessLookupError):
            return True
        if stat.rpartition(")")[2].split()[0] == "Z":
            return True
        await asyncio.sleep(0.05)
    return False


async def test_killed(api, ana):
    """By SIGKILL: the command is ended with it, and the access follows, which is recorded as what it was."""
    running, child, request_id = await started(api, ana)
    running.kill()
    await running.wait()
    assert await is_gone(child)
    await api.work.reaches(request_id, State.EXPIRED, within=20)
    assert "went_silent" in await api.work.events(request_id)


async def test_killed_and_told_to_keep_the_command(api, ana):
    """With --keep the command runs on, without the access."""
    running, child, request_id = await started(api, ana, "--keep")
    running.kill()
    await api.work.reaches(request_id, State.EXPIRED, within=20)
    assert not await is_gone(child, 0.2)
    os.kill(child, signal.SIGKILL)


async def test_killed_while_it_waits_for_approval(api, ana):
    """Nobody uses what is approved afterwards: it ends by itself."""
    running = await ana.starts("run", "prod-db-debug", "orders-db", "--reason", "INC-7", "--", "true")
    request_id = id_in((await asyncio.wait_for(running.stderr.readline(), 30)).decode())
    running.kill()
    await running.wait()
    ben = await api.person("@ben")
    assert 200 == (await ben.verb(request_id, "approve")).status
    await api.work.reaches(request_id, State.EXPIRED, within=40)
    assert "went_silent" in await api.work.events(request_id)


async def test_suspended(api, ana):
    """As a laptop that sleeps: the access ends, and once it is awake the command is ended, which is said."""
    running, child, request_id = await started(api, ana)
    running.send_signal(signal.SIGSTOP)
    await api.work.reaches(request_id, State.EXPIRED, within=20)
    running.send_signal(signal.SIGCONT)
    found = await ended(running)
    assert (143, True) == (found.code, "jit run stopped without saying so" in found.err)
    assert await is_gone(child)


async def test_it_lives_for_as_long_as_it_runs(api, ana):
    """Longer than a silence may last."""
    found = await ana.runs(*STAGED, "--", "sleep", "7")
    assert 0 == found.code, found.err
    request_id = id_in(found.err)
    await api.work.reaches(request_id, State.COMPLETED)
    assert "went_silent" not in await api.work.events(request_id)


async def told(running, part: bytes) -> bytes:
    """Read what `jit run` says until it says this; gives the line."""
    while part not in (line := await asyncio.wait_for(running.stderr.readline(), 20)):
        assert line
    return line


async def test_a_server_that_is_away_for_a_while(api, ana, tmp_path):
    """It says that no heartbeat arrives, once, lets the command run, and goes on when the server is back."""
    run = tmp_path / "run"
    run.touch()
    script = f"echo $$; while [ -e {run} ]; do sleep 0.2; done; exit 3"
    running, child, request_id = await started(api, ana, script=script)
    await api.work.replicas.pop().stop()
    assert b"no heartbeat arrives" in await told(running, b"no heartbeat arrives")
    await asyncio.sleep(5)
    await api.work.start()
    await asyncio.sleep(8)
    assert State.ACTIVE is (await api.work.request(request_id)).state
    run.unlink()
    found = await ended(running)
    assert (3, False) == (found.code, "no heartbeat arrives" in found.err), found.err
    assert await is_gone(child)
    assert "went_silent" not in await api.work.events(request_id)


@pytest.mark.parametrize("silence", ["3s", "6m", "soon"])
async def test_how_long_a_silence_may_be(api, ana, silence):
    """What is too short, too long or no time at all is refused before anything is asked for."""
    found = await ana.runs(*STAGED, "--silence", silence, "--", "true")
    assert (2, True) == (found.code, "--silence" in found.err)
