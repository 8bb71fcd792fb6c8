"""Servers that tests share: each is started once a worker, by the product's own code, and stopped by it."""

import asyncio
import os
import shutil
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from fakeredis import FakeAsyncRedis, FakeServer
from hypothesis import HealthCheck, settings
from redis import Redis

from app.playground.hands import PATIENCE
from app.store.connection import Connection, connect
from app.store.embedded import Server, start_server

settings.register_profile(
    "quick", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("quick")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # What a shell runs in its background ignores Ctrl-C, and hands that on to each program that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that the product would run here, in a loop of its own: tests of any loop can use it."""
    with in_background(tmp_path_factory.mktemp("server"), None) as server:
        yield server


@pytest.fixture(scope="session")
def debian_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The system's redis-server, which is another than the wheel's Valkey."""
    program = shutil.which("redis-server")
    if program is None:
        required("redis-server")
    with in_background(tmp_path_factory.mktemp("redis"), Path(program)) as server:
        yield server


@contextmanager
def in_background(data: Path, program: Path | None) -> Iterator[Server]:
    """Run a server of the product's beside the tests' event loops."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    context = start_server(data, program)
    server = asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result(30)
    without_disk(server)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def without_disk(server: Server) -> None:
    """Let a server that all tests of a worker share write nothing: a full disk queue stops its answers for seconds."""
    with Redis(unix_socket_path=str(server.socket)) as client:
        client.config_set("appendonly", "no")


def without_fsync(server: Server) -> None:
    """Let a server of tests not wait for the disk, which all share; what is written survives a kill all the same."""
    with Redis(unix_socket_path=str(server.socket)) as client:
        client.config_set("appendfsync", "no")


@pytest.fixture
async def redis(redis_server: Server) -> AsyncIterator[Connection]:
    """An empty real server."""
    connection = connect(f"unix://{redis_server.socket}", answers_within=PATIENCE)
    await connection.calls.flushall()
    yield connection
    await connection.aclose()


@pytest.fixture(params=["fakeredis", "redis_server", "debian_redis"])
async def connection(request: pytest.FixtureRequest) -> AsyncIterator[Connection]:
    """An empty store, once of each kind that the product runs on."""
    if request.param == "fakeredis":
        memory = FakeServer()
        made = Connection(
            FakeAsyncRedis(server=memory, decode_responses=True),
            FakeAsyncRedis(server=memory, decode_responses=True),
            "memory",
        )
    else:
        running: Server = request.getfixturevalue(request.param)
        made = connect(f"unix://{running.socket}", answers_within=PATIENCE)
    await made.calls.flushall()
    yield made
    await made.aclose()


def required(missing: str) -> NoReturn:
    """A part that tests need is missing: a failure in CI, a skip with its name elsewhere."""
    if os.environ.get("CI"):
        pytest.fail(f"{missing} is missing, and CI must have it")
    pytest.skip(f"{missing} is missing: .ci/setup installs it")
