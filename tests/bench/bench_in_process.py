"""How fast a service checks straight in the bot's Redis, against raw GETs by the same redis-py client, in one run.

    python tests/bench/bench_in_process.py

A real server on a Unix socket. Each check is of a live grant, with everything that a service's call has: what it needs
is named and checked anew each time. The GET is of the grant's own key, whose value is as the bot writes it. Each check
is timed next to a GET, waiting in a thread and in an event loop (uvloop), so that what else the machine does meets both
alike; the ratio is of the medians. Target: a check at least 80 % as fast as a GET.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop
from figures import Figure, show, spread
from redis.asyncio import Redis

from app.client import Need, RedisGrants
from app.client.in_redis import key_of
from app.store import keys
from app.store.embedded import start_server

GRANT = "R07-4KX9TQZ"
LEAST_RATIO = 0.8
CALLS = 20_000
LASTS = 600
ABOUT = ("ana", "prod-db-debug", "orders-db")


async def put(client: Redis) -> bytes:
    """Write a live grant as the bot does; gives its key."""
    ends = round((time.time() + LASTS) * 1000)
    value = {
        "request": GRANT, "subject": "ana", "environment": "production", "action": "prod-db-debug",
        "resource": "orders-db", "ends_at": "2026-03-02T10:00:00+00:00",
    }  # fmt: skip
    key = keys.grant(GRANT)
    await client.set(key, json.dumps(value, separators=(",", ":")), pxat=ends)
    await client.zadd(key_of(Need(*ABOUT)), {GRANT: ends})
    await client.pexpireat(key_of(Need(*ABOUT)), ends)
    return key.encode()


def waiting(get: Callable[[], object], check: Callable[[], object]) -> tuple[list[float], list[float]]:
    """Call both in turn in this thread; gives the times of each, in microseconds."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(CALLS):
        for which in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            found = check() if which else get()
            times[which].append((time.perf_counter() - began) * 1e6)
            assert found
    return times


async def beside(
    get: Callable[[], Awaitable[object]], check: Callable[[], Awaitable[object]]
) -> tuple[list[float], list[float]]:
    """Call both in turn in the event loop; gives the times of each, in microseconds."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(CALLS):
        for which in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            found = await (check() if which else get())
            times[which].append((time.perf_counter() - began) * 1e6)
            assert found
    return times


async def measure() -> list[Figure]:
    """Measure both ways of both."""
    with tempfile.TemporaryDirectory(prefix="jit-bench-") as temporary:
        async with start_server(Path(temporary)) as running:
            grants = RedisGrants(f"unix://{running.socket}", timeout=20)
            raw, raw_async = grants._redis, grants._async  # the same client, without the check
            key = await put(raw_async)
            here = waiting(lambda: raw.get(key), lambda: grants.check(Need(*ABOUT)))
            there = await beside(lambda: raw_async.get(key), lambda: grants.check_async(Need(*ABOUT)))
            await grants.aclose()
    return [*figures("in a thread", *here), *figures("in an event loop", *there)]


def figures(how: str, gets: list[float], checks: list[float]) -> list[Figure]:
    ratio = statistics.median(gets) / statistics.median(checks)
    return [
        Figure(f"raw GET, {how}: p50", statistics.median(gets), "us", None, spread(gets)),
        Figure(f"check, {how}: p50", statistics.median(checks), "us", None, spread(checks)),
        Figure(f"check of raw, {how}", ratio, "x", LEAST_RATIO, at_least=True),
    ]


def main() -> bool:
    """Print the table."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return show("Checks of a grant in the service's own process", runner.run(measure()))


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
