"""How soon a session is gone whose `jit run` was killed, and how soon 1,000 grants end that fall silent at once.

    python tests/bench/bench_silence.py [KILLS] [SILENT]

Killed: `jit run` as a process against the bot in this one, with a real PostgreSQL; from SIGKILL until the server has no
session of its role. Silent: grants by the grant key, with a real Redis; from when the last heartbeat of all has expired
until every one is over, by deadlines and granter as the bot runs them, beside what listens.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_postgres import Parts
from figures import Figure, show, spread

from app.domain.request import State
from app.domain.silence import SHORTEST
from app.logs import set_up
from app.store import keys
from app.store.beats import HEARING_NOTED_EVERY, Beats
from app.store.connection import connect
from app.store.embedded import start_server
from app.workflow import Wish
from tests.cli.api.terminal import Terminal
from tests.connectors.at_work import at_postgres
from tests.connectors.test_run_killed import SESSION, sessions
from tests.postgres_server import ADMINS_PASSWORD, Postgres, postgres_server

WITHIN = 60
AT_ONCE = 16
BEATS = int(SHORTEST.total_seconds())


async def killed(server: Postgres, redis_url: str, folder: Path, kills: int) -> list[Figure]:
    """Kill `jit run` so many times."""
    took = []
    async with at_postgres(redis_url, folder, server) as callers:
        ana = await callers.person("@ana")
        terminal = Terminal(folder / "ana", JIT_SERVER=callers.url, JIT_TOKEN=ana.token)
        await asyncio.sleep(8)  # what listens has done so for longer than a silence may last
        for _ in range(kills):
            words = ("run", "sandbox-admin", "sandbox-1", "--for", "10m", "--", sys.executable, "-c", SESSION)
            running = await terminal.starts(*words)
            assert running.stdout is not None
            await asyncio.wait_for(running.stdout.readline(), WITHIN)
            await asyncio.sleep(2)
            running.kill()
            began = time.perf_counter()
            roles = 1
            while roles:
                await asyncio.sleep(0.02)
                roles = await asyncio.to_thread(lambda: sessions(server) + len(server.roles()))
            took.append(time.perf_counter() - began)
    return [Figure("from SIGKILL until session and role are gone, at worst", max(took), "s", 5, spread(took))]


async def silent(redis_url: str, server: Postgres, folder: Path, many: int) -> list[Figure]:
    """Let so many fall silent."""
    connection = connect(redis_url)
    parts = Parts(connection, folder, server)
    beats, at_once = Beats(connection.calls), asyncio.Semaphore(AT_ONCE)
    parts.workflow._beats = beats

    async def give(number: int) -> str:
        async with at_once:
            wish = Wish(action="sandbox-db-reset", resource="orders-db", heartbeat=BEATS)
            request = await parts.workflow.request(wish, parts.people[number % len(parts.people)])
            await parts.granter.settle(request.id)
            return request.id

    async def listen() -> None:
        while True:
            await beats.note_hearing()
            await asyncio.sleep(HEARING_NOTED_EVERY.total_seconds())

    listening = asyncio.create_task(listen())
    async with parts.at_work():
        ids = [*await asyncio.gather(*map(give, range(many)))]
        await asyncio.gather(*(beats.beat(each, BEATS) for each in ids))
        await asyncio.sleep(BEATS)
        began = time.perf_counter()
        async with asyncio.timeout(WITHIN):
            while await connection.calls.exists(*map(keys.grant, ids[-50:])) or any(  # noqa: ASYNC110  nobody tells
                each.state is not State.EXPIRED for each in await parts.store.find(ids)
            ):
                await asyncio.sleep(0.1)
        took = time.perf_counter() - began
    listening.cancel()
    await parts.connectors.close()
    await connection.aclose()
    return [Figure(f"{many} that fall silent at once are over", took, "s", 10)]


async def measure(server: Postgres, kills: int, many: int) -> list[Figure]:
    """Run both."""
    figures: list[Figure] = []
    for run in (
        lambda url, folder: killed(server, url, folder, kills),
        lambda url, folder: silent(url, server, folder, many),
    ):
        with tempfile.TemporaryDirectory(prefix="jit-bench-") as folder:
            async with start_server(Path(folder)) as redis:
                figures += await run(f"unix://{redis.socket}", Path(folder))
    return figures


def main(kills: int = 5, many: int = 1000) -> bool:
    """Print the table."""
    set_up("console", "warning")
    os.environ["JIT_TEST_POSTGRES"] = ADMINS_PASSWORD
    with postgres_server() as server:
        figures: Any = asyncio.run(measure(server, kills, many))
        return show("Silence", figures)


if __name__ == "__main__":
    sys.exit(0 if main(*map(int, sys.argv[1:3])) else 1)
