"""Contract: a program is run by itself, without a shell or the bot's secrets, and within time and size."""

import asyncio
import sys
import time

import psutil
import pytest

from app.directory.command import output_of
from app.directory.found import SourceFailed


def python(code, *args):
    return (sys.executable, "-c", code, *args)


async def test_arguments_are_words():
    """Arguments come as they are: what a shell would act on is text."""
    words = ("$HOME", "a b", "; exit 3", "`id`")

    assert f"{list(words)}\n".encode() == await output_of(python("import sys; print(sys.argv[1:])", *words))


async def test_no_secrets(monkeypatch):
    """Of the environment it gets what programs need, and no token."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    monkeypatch.setenv("JIT_SCIM_TOKEN", "secret")
    printed = (await output_of(python("import os; print(*os.environ)"))).decode().split()

    assert "PATH" in printed
    assert not {"SLACK_BOT_TOKEN", "JIT_SCIM_TOKEN"} & set(printed)


async def test_failure():
    """What it says when it fails is told."""
    with pytest.raises(SourceFailed, match="ended with 3: no such group"):
        await output_of(
            python("import sys; print('{}'); print('no such\\n group', file=sys.stderr); sys.exit(3)")
        )


async def test_not_there():
    """A program that is not there is told of."""
    with pytest.raises(SourceFailed, match=r"cannot be run: .*No such file"):
        await output_of(("/no/such/program",))


async def test_too_much():
    """One that never stops printing is ended."""
    with pytest.raises(SourceFailed, match="prints more than 100000 bytes"):
        await output_of(python("while True: print('x' * 1000)"), largest=100_000)


async def test_too_long(tmp_path):
    """One that takes too long is ended with all that it started, in time."""
    told = tmp_path / "pid"
    code = (
        "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        f"open({str(told)!r}, 'w').write(str(p.pid)); time.sleep(60)"
    )
    began = time.monotonic()
    with pytest.raises(SourceFailed, match="did not end within 2 s"):
        await output_of(python(code), within=2)

    assert time.monotonic() - began < 5
    child = int(told.read_text())
    for _ in range(100):
        if not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE:
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail("what it started is still there")


async def test_child_that_holds_the_output():
    """A child that it leaves behind with its output open does not hold the answer up past its time."""
    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(30)'])"
    with pytest.raises(SourceFailed, match="did not end within 1 s"):
        await output_of(python(code), within=1)


async def test_nothing_to_read():
    """Its input is empty."""
    assert b"b''\n" == await output_of(python("import sys; print(sys.stdin.buffer.read())"))
