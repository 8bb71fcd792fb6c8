"""The server of our own: what it answered is on disk, and two never write one append-only file.

Contract: a SIGKILL of the server loses nothing that it answered, and half a script is never there; one that a
killed bot left on the same files is ended first, and no other process is ever taken for it. One that ends
by itself is started again.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as Lost

from app.store.connection import Connection, connect
from app.store.embedded import DataInUse, Server, find_program, start_server

COUNT = "local n = redis.call('INCR', KEYS[1]) return redis.call('XADD', KEYS[2], '*', 'n', n)"


@asynccontextmanager
async def serving(data: Path) -> AsyncIterator[tuple[Server, Connection]]:
    async with start_server(data) as server:
        connection = connect(f"unix://{server.socket}")
        try:
            yield server, connection
        finally:
            await connection.aclose()


async def test_every_answered_write_survives_sigkill(tmp_path):
    """After a SIGKILL the count is what was answered, or one more, and each count has its event."""
    answered = 0
    for round_ in range(5):
        async with serving(tmp_path) as (server, connection):
            dies_after = 0.05 + round_ * 0.03
            loop = asyncio.get_running_loop()
            loop.call_later(dies_after, os.kill, server.pid, signal.SIGKILL)
            with contextlib.suppress(Lost, OSError):
                while True:
                    await connection.calls.eval(COUNT, 2, "{x}count", "{x}events")
                    answered += 1
        async with serving(tmp_path) as (_, connection):
            count = int(await connection.calls.get("{x}count") or 0)
            events = [fields["n"] for _, fields in await connection.calls.xrange("{x}events")]
        assert [str(n + 1) for n in range(count)] == events
        assert count - answered in {0, 1}
        answered = count


async def test_a_server_left_over_is_ended_first(tmp_path):
    """A killed bot's server that lives on gives way, and what it was told last is there."""
    folder = tmp_path / "redis"
    folder.mkdir()
    socket = folder / "redis.sock"
    options = {"port": "0", "unixsocket": socket, "dir": folder, "pidfile": folder / "redis.pid"}
    options |= {"appendonly": "yes", "appendfsync": "always", "save": ""}
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    left = await asyncio.create_subprocess_exec(find_program(), *words, stdout=subprocess.DEVNULL)
    try:
        for _ in range(500):
            if (folder / "redis.pid").exists():
                break
            await asyncio.sleep(0.02)
        first = connect(f"unix://{socket}")
        await first.calls.set("told", "last")
        await first.aclose()
        async with serving(tmp_path) as (server, connection):
            assert left.pid != server.pid
            assert 0 == await asyncio.wait_for(left.wait(), 1)
            assert "last" == await connection.calls.get("told")
    finally:
        with contextlib.suppress(ProcessLookupError):
            left.kill()


async def test_another_process_is_not_taken_for_it(tmp_path):
    """A pid file whose number belongs to someone else's server by now leaves that one alone."""
    async with serving(tmp_path / "theirs") as (theirs, other):
        mine = tmp_path / "mine" / "redis"
        mine.mkdir(parents=True)
        (mine / "redis.pid").write_text(f"{theirs.pid}\n")
        async with serving(tmp_path / "mine"):
            assert await other.calls.ping()


async def test_two_bots_never_share_a_folder(tmp_path):
    """The second is told who is in its way and what to do."""
    async with serving(tmp_path):
        with pytest.raises(DataInUse, match="another bot is running"):
            async with start_server(tmp_path):
                pass


async def test_a_server_that_dies_is_started_again(tmp_path):
    """The same clients reach it again at the same place, and it knows what it was told."""
    async with serving(tmp_path) as (server, connection):
        await connection.calls.set("told", "before")
        os.kill(server.pid, signal.SIGKILL)
        async with asyncio.timeout(10):
            while True:
                try:
                    assert "before" == await connection.calls.get("told")
                    break
                except (Lost, OSError):
                    await asyncio.sleep(0.05)
        again = int((tmp_path / "redis" / "redis.pid").read_text())
        assert again != server.pid
    with pytest.raises(ProcessLookupError):
        os.kill(again, 0)
