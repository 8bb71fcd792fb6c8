"""A bot behind HTTP, with its API, for each test; on the worker's own Redis, which is emptied first."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.store.connection import Connection
from app.store.embedded import Server
from tests.web.callers import at_the_api, with_machines
from tests.workplace import Workplace, policy_folder


@pytest.fixture
def workplace(redis: Connection, redis_server: Server, tmp_path: Path) -> Callable[..., Workplace]:
    """Make a workplace whose policies name machines, with a change of the test's own."""

    def make(change: Any = lambda _: None, **how: Any) -> Workplace:
        def changed(policies: dict[str, Any]) -> None:
            with_machines(policies)
            change(policies)

        policies = policy_folder(tmp_path / "policies", changed)
        return Workplace(
            f"unix://{redis_server.socket}", tmp_path / "data", policies=policies, over_http=True, **how
        )

    return make


@pytest.fixture
async def api(workplace):
    """The API of a bot at work, where people decide by it."""
    async with at_the_api(workplace(lambda policies: policies.update(api={"decide": True}))) as opened:
        yield opened
