"""A bot at work whose production databases are in a real PostgreSQL, and those who call its API."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.postgres_server import ADMIN, Postgres
from tests.web.callers import Callers, with_machines
from tests.workplace import Workplace, at_work, policy_folder

WITH = {"connector": "postgres", "with": {"roles": ["readonly"]}}


def give_roles(policies: dict[str, Any]) -> None:
    """Let debugging a database and administering a sandbox be given by roles of PostgreSQL."""
    with_machines(policies)
    policies["api"] = {"decide": True}
    policies["actions"]["prod-db-debug"] |= WITH
    policies["actions"]["sandbox-admin"] |= WITH


def settings_file(folder: Path, server: Postgres, **changed: Any) -> Path:
    """Write the settings of connectors."""
    file = folder / "connectors.yaml"
    sandboxes = {f"sandbox-{number}": {"database": "orders"} for number in range(1, 10)}
    postgres = {
        "host": "127.0.0.1",
        "port": server.port,
        "admin": ADMIN,
        "password": {"env": "JIT_TEST_POSTGRES"},
        "sslmode": "disable",
        "databases": {"orders-db": {"database": "orders"}, **sandboxes},
    }
    content = {"installation": "harbour", "connectors": {"postgres": postgres | changed}}
    file.write_text(yaml.safe_dump(content))
    return file


@asynccontextmanager
async def at_postgres(
    redis_url: str, folder: Path, server: Postgres, change: Callable[[dict[str, Any]], None] = lambda _: None
) -> AsyncIterator[Callers]:
    """Open a workplace; the bot's admin and its password are the tests'."""

    def changed(policies: dict[str, Any]) -> None:
        give_roles(policies)
        change(policies)

    policies = policy_folder(folder / "policies", changed)
    workplace = Workplace(redis_url, folder / "data", policies=policies, over_http=True)
    async with at_work(workplace, connectors=settings_file(folder, server)) as work:
        yield Callers(work)
