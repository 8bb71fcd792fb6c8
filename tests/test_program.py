"""Contract: a program that is given up, or ends before what it started, leaves nothing; its pipes hold nothing up."""

import asyncio
import time
from pathlib import Path

import pytest
import uvloop

from app.program import ProgramFailed, run

LARGEST = 1_000_000


def program(folder: Path, text: str) -> str:
    """Write a program; gives its path."""
    path = folder / "program"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def is_alive(pid: int) -> bool:
    """Whether it runs; what has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("how", ["late", "cancelled", "ends"])
async def test_nothing_of_it_is_left(tmp_path, how):
    """A program that hangs, is given up, or ends before its children: all of its session is killed."""
    pids = tmp_path / "pids"
    last = "exit 0" if how == "ends" else "wait"
    hung = program(
        tmp_path,
        f"#!/bin/sh\ntrap '' TERM INT\n(trap '' TERM; sleep 60) >/dev/null 2>&1 </dev/null & echo $! >{pids}\n"
        f"echo $$ >>{pids}\n{last}\n",
    )
    call = asyncio.ensure_future(
        run([hung], {}, b"{}", within=30 if how == "cancelled" else 1.5, largest=LARGEST)
    )
    began = time.monotonic()
    if how == "cancelled":
        for _ in range(500):
            if pids.exists() and 2 == len(pids.read_text().split()):
                break
            await asyncio.sleep(0.02)
        call.cancel()
    await asyncio.wait([call])
    if how == "late":
        with pytest.raises(ProgramFailed, match=r"did not end within 1.5 s, and is killed"):
            call.result()
    assert time.monotonic() - began < 10
    for _ in range(100):
        left = [pid for pid in map(int, pids.read_text().split()) if is_alive(pid)]
        if not left:
            break
        await asyncio.sleep(0.02)
    assert [] == left


async def test_nothing_is_left_whenever_it_is_given_up(tmp_path):
    """From before the program runs until it hangs: what it started by then is killed."""
    hung = program(tmp_path, "#!/bin/sh\n(exec sleep 61.4711) </dev/null >/dev/null 2>&1 &\nwait\n")
    for step in range(40):
        call = asyncio.ensure_future(run([hung], {}, b"{}", within=30, largest=LARGEST))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        time.sleep(step / 4000)  # noqa: ASYNC251  the program runs on while the loop is busy
        await asyncio.sleep(0 if step % 2 else step / 4000)
        call.cancel()
        await asyncio.wait([call])
    for _ in range(200):
        if not (left := running("61.4711")):
            break
        await asyncio.sleep(0.05)
    assert [] == left


def running(word: str) -> list[str]:
    """Ids of processes that have the word among theirs."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = each.read_bytes().split(b"\0")
        except OSError:
            continue
        found += [each.parent.name] if word.encode() in words else []
    return found


async def test_one_that_does_not_read(tmp_path):
    """A question that nobody reads, larger than a pipe, holds nothing up."""
    deaf = program(tmp_path, "#!/bin/sh\nexec <&-\necho fine\n")
    assert b"fine\n" == await run([deaf], {}, b"x" * 500_000, within=5, largest=LARGEST)


def test_on_the_loop_of_the_bot(tmp_path):
    """The pipes of uvloop are not asyncio's: the question arrives there as well."""
    cat = ["/bin/cat"]
    assert b"question" * 50_000 == uvloop.run(run(cat, {}, b"question" * 50_000, within=5, largest=LARGEST))
    deaf = program(tmp_path, "#!/bin/sh\nexec <&-\necho fine\n")
    for _ in range(20):
        assert b"fine\n" == uvloop.run(run([deaf], {}, b"x" * 500_000, within=5, largest=LARGEST))
