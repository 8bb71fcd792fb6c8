"""Contract of the end of a command: when its access ends early nothing that it started goes on with its credentials.

Nothing else is ended: neither the script that `jit run` is a part of, nor anything with --keep.
"""

import asyncio
import os
import signal
import sys
from contextlib import suppress

import pytest

from app.domain.request import State
from tests.cli.api.terminal import Terminal, ended
from tests.cli.api.test_run_killed import is_gone, started
from tests.workplace import id_in

STAGED = ("run", "restart-container", "checkout", "--for", "10m", "--reason", "It hangs")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the command alone is ended")


@pytest.fixture
async def ana(api, tmp_path):
    person = await api.person("@ana")
    return Terminal(tmp_path / "ana", JIT_SERVER=api.url, JIT_TOKEN=person.token)


CHILDREN = {
    "in the background": "sleep 300 & echo $!; wait",
    "of its children": "sh -c 'sleep 300 & echo $!; wait'; true",
    "left by its parent": "(setsid sh -c 'echo $$; exec sleep 300' &); exec sleep 300",
    "without the mark": "env -i /bin/sleep 300 & echo $!; wait",
    "deaf": "sh -c \"trap '' TERM; echo \\$\\$; while :; do sleep 1; done\" & wait",
}


@pytest.mark.parametrize("what", CHILDREN)
async def test_what_it_started(api, ana, what):
    """Revoked, a command takes with it what it started, and is heard of as ended by SIGTERM."""
    running, child, request_id = await started(api, ana, script=CHILDREN[what])
    await api.work.types("@sam", f"/jit revoke {request_id} not now")
    found = await ended(running)
    try:
        assert (143, True) == (found.code, "the access has ended" in found.err), found
        assert await is_gone(child, 0.5)
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


async def test_scripts_of_scripts(api, ana, tmp_path):
    """A script does not come to its next step as the step is ended: it hears of the end first."""
    written, script = tmp_path / "went-on", "echo $$; sleep 300"
    for number in range(12):
        step = tmp_path / f"step-{number}"
        step.write_text(f"{script}\necho {number} >> {written}\n")
        script = f"sh {step}"
    running, _, request_id = await started(api, ana, script=f"{script}; true")
    await api.work.types("@sam", f"/jit revoke {request_id} not now")
    assert 143 == (await ended(running)).code
    assert not written.exists(), written.read_text()


async def test_what_it_did_not_start(api, ana):
    """What shares the process group, as in a script or before a pipe, lives on."""
    jit = " ".join((sys.executable, "-m", "app", *STAGED[:-1], "why", "--", "sleep", "300"))
    script = await asyncio.create_subprocess_exec(
        "sh", "-c", f"sleep 300 & echo $!; {jit} | cat; kill $! && echo was there",
        env=ana.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    request_id = id_in((await asyncio.wait_for(script.stderr.readline(), 30)).decode())
    await api.work.reaches(request_id, State.ACTIVE)
    await api.work.types("@sam", f"/jit revoke {request_id} not now")
    found = await ended(script)
    assert "was there" in found.out, found


async def test_what_it_left_when_it_ended_by_itself(api, ana):
    """A command that ends well may leave something, as without `jit run`."""
    running, child, _ = await started(api, ana, script="sleep 300 >/dev/null 2>&1 & echo $!")
    try:
        assert 0 == (await ended(running)).code
        assert not await is_gone(child, 0.2)
    finally:
        os.kill(child, signal.SIGKILL)
