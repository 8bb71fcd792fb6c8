"""A bot at work behind HTTP, with a live grant of Ana's, for services that ask it or its Redis."""

from typing import NamedTuple

import pytest

from app.client import BotGrants, Need, RedisGrants
from tests.client.away import Behaving, behaving
from tests.web.callers import Caller, Callers, at_the_api, single_use
from tests.web.conftest import api, workplace

__all__ = ["api", "workplace"]

NEED = Need("ana", "prod-db-debug", "orders-db")


class Live(NamedTuple):
    """Where Ana has a live grant for NEED; `grant` is its id."""

    api: Callers
    ana: Caller
    ben: Caller
    grant: str
    bot: BotGrants
    in_redis: RedisGrants


@pytest.fixture
async def live(api):
    """A grant that may be used as often as is needed."""
    made = await _live(api)
    yield made
    await made.in_redis.aclose()
    await made.bot.aclose()


@pytest.fixture
async def one_use(workplace):
    """A grant that is good for one use."""
    async with at_the_api(workplace(single_use)) as opened:
        made = await _live(opened)
        yield made
        await made.in_redis.aclose()
        await made.bot.aclose()


async def _live(api: Callers) -> Live:
    ana, ben, gateway = await api.person("@ana"), await api.person("@ben"), await api.machine()
    grant = await api.live(ana, ben)
    bot = BotGrants(api.url, gateway.token, timeout=20)
    return Live(api, ana, ben, grant, bot, RedisGrants(api.work.redis_url, bot=bot, timeout=20))


@pytest.fixture
def misbehaving():
    """Make servers that answer as none should; gives their address."""
    running: list[Behaving] = []

    def make(*answers, **how):
        server = behaving(*answers, **how)
        running.append(server)
        return server

    yield make
    for server in running:
        server.close()
