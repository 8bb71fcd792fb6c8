"""The target of these tests: a real PostgreSQL, once a worker."""

from collections.abc import Iterator

import pytest

from tests.conftest import required
from tests.postgres_server import Postgres, postgres_server, program


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
