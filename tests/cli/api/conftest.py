"""The bot's API, and terminals on somebody's machine: the fixtures of tests/web, and a way to the bot by a proxy."""

import pytest

from tests.cli.api.proxy import before
from tests.cli.api.terminal import Terminal
from tests.web.conftest import api, workplace

__all__ = ["api", "workplace"]


@pytest.fixture
async def proxy(api):
    async with before(api.url) as opened:
        yield opened


@pytest.fixture
async def ana(api, proxy, tmp_path):
    """Ana's terminal, which reaches the bot by the proxy alone."""
    person = await api.person("@ana")
    return Terminal(tmp_path / "ana", JIT_SERVER=proxy.url, JIT_TOKEN=person.token)
