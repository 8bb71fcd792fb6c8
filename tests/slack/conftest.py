"""A workplace for each test, on the worker's own Redis, which is emptied first."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from app.store.connection import Connection
from app.store.embedded import Server
from tests.workplace import Workplace, at_work, policy_folder


@pytest.fixture
def workplace(redis: Connection, redis_server: Server, tmp_path: Path) -> Callable[..., Workplace]:
    """Make a workplace as a test wants it; nothing runs in it yet."""

    def make(change: Any = None, **how: Any) -> Workplace:
        policies = policy_folder(tmp_path / "policies", change) if change else None
        return Workplace(f"unix://{redis_server.socket}", tmp_path / "data", policies=policies, **how)

    return make


@pytest.fixture
async def work(workplace: Callable[..., Workplace]) -> AsyncIterator[Workplace]:
    """The bot over Socket Mode, with the shipped policies."""
    async with at_work(workplace()) as open_for_business:
        yield open_for_business
