"""The targets of these tests: a real PostgreSQL and moto's server, each once a worker."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.store.connection import Connection
from app.store.embedded import Server
from tests.aws_server import Aws, aws_server, moto_server
from tests.conftest import required
from tests.connectors.at_work import at_postgres
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
