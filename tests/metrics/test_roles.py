"""`jit serve` in its roles: each process has metrics of its own, a worker by a port of its own."""

import asyncio

import aiohttp
import pytest

from app.cli.bot import BotProcess, environment, running
from app.playground import AppRegistration, Playground, demo_workspace
from app.playground.hands import PATIENCE
from app.shipped import shipped
from app.store import keys
from app.web.server import listen
from tests.metrics.shown import families, value
from tests.workplace import GROUPS

EVERY = float(len(GROUPS) * len(keys.ALL_PARTITIONS))


@pytest.fixture
async def playground():
    """A workspace with the bot's app."""
    async with Playground(demo_workspace(), [AppRegistration(manifest=shipped("manifest.yml"))]) as opened:
        yield opened


async def test_a_worker_has_metrics_where_it_has_a_port(playground, redis, redis_server, tmp_path):
    """It works on every partition, its audit log is sound, and it has no other door."""
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    more = {
        "JIT_REDIS_URL": f"unix://{redis_server.socket}",
        "JIT_METRICS_PORT": str(port),
        "JIT_METRICS_TOKEN": "0123456789abcdef",
    }
    worker = BotProcess(environment(playground, tmp_path / "data", more), tmp_path / "log", "worker")
    async with running(worker), aiohttp.ClientSession() as http:
        url, headers = f"http://127.0.0.1:{port}", {"Authorization": "Bearer 0123456789abcdef"}
        shown = await until_it_works(http, url, headers)
        async with http.get(f"{url}/metrics") as refused, http.post(f"{url}/v1/requests") as missing:
            assert (401, 404) == (refused.status, missing.status)
    assert EVERY == value(shown, "jit_leases_held")
    assert value(shown, "jit_audit_verified_timestamp_seconds") > 1.7e9


async def until_it_works(http, url, headers):
    """Scrape until the worker holds its leases and has read the log."""
    ends = asyncio.get_running_loop().time() + 3 * PATIENCE
    while True:
        assert asyncio.get_running_loop().time() < ends, "the worker does not show that it works"
        await asyncio.sleep(0.1)
        try:
            async with http.get(f"{url}/metrics", headers=headers) as answer:
                shown = families(await answer.text())
        except aiohttp.ClientError:
            continue
        if value(shown, "jit_leases_held") == EVERY and value(shown, "jit_audit_verified_timestamp_seconds"):
            return shown
