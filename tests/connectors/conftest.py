"""The targets of these tests: PostgreSQL, dockerd and moto's server, each once a worker, and one of every kind."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.store.connection import Connection
from app.store.embedded import Server
from tests.aws_server import Aws, aws_server, moto_server
from tests.conftest import required
from tests.connectors.at_work import at_postgres
from tests.connectors.targets import KINDS, Real, real_target
from tests.docker_engine import Dockerd, dockerd, why_not
from tests.postgres_server import ADMINS_PASSWORD, Postgres, postgres_server, program
from tests.web.callers import Callers


@pytest.fixture(scope="session")
def postgres_of_worker() -> Iterator[Postgres]:
    """One server for all tests of a worker."""
    if not program("postgres"):
        required("postgresql")
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres(postgres_of_worker: Postgres) -> Iterator[Postgres]:
    """The server, of which every test has to leave nothing but what it began with."""
    yield postgres_of_worker
    left = postgres_of_worker.roles()
    for name in left:  # so that the next test tells of itself alone
        postgres_of_worker.rows(f'DROP OWNED BY "{name}"')
        postgres_of_worker.rows(f'DROP ROLE "{name}"')
    assert [] == left


@pytest.fixture
async def callers(
    postgres: Postgres,
    redis: Connection,
    redis_server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Callers]:
    """A bot at work with that PostgreSQL as its target."""
    monkeypatch.setenv("JIT_TEST_POSTGRES", ADMINS_PASSWORD)
    async with at_postgres(f"unix://{redis_server.socket}", tmp_path, postgres) as opened:
        yield opened


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """Moto's server, once for all tests of a worker."""
    with moto_server() as address:
        yield address


@pytest.fixture
def aws(moto: str) -> Iterator[Aws]:
    """AWS with nothing in it."""
    with aws_server(moto) as served:
        yield served


@pytest.fixture(scope="session")
def engine_of_worker() -> Iterator[Dockerd]:
    """One engine for all tests of a worker."""
    if missing := why_not():
        required(missing)
    try:
        with dockerd() as running:
            yield running
    except RuntimeError as error:
        required(f"a dockerd that runs here ({error})")


@pytest.fixture
def engine(engine_of_worker: Dockerd) -> Iterator[Dockerd]:
    """The engine with one container, `web-1`; a test leaves nothing beside it."""
    engine_of_worker.run("web-1", "/bin/sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done")
    yield engine_of_worker
    left = engine_of_worker.names()
    for name in left:
        engine_of_worker.remove(name)
    assert ["web-1"] == left


@pytest.fixture(params=KINDS)
async def real(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Real]:
    """The real target of each kind of connector; a test leaves no grant there."""
    async with real_target(request.param, tmp_path, request.getfixturevalue) as target:
        for name, value in target.environment.items():
            monkeypatch.setenv(name, value)
        yield target
        assert [] == list(target.stands())
