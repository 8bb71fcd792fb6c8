"""What counting costs: `python tests/bench/bench_metrics.py`. Needs nothing else.

Each figure is the best of several rounds, in nanoseconds of one turn: an event counted by its kind, and one of which
its request's action is counted too; what stands around each HTTP request, over an application that does nothing; a
call of a target told. Then a scrape's text of a registry that is as full as labels let it be, in milliseconds, which
are a thread's and not the loop's.
Targets: an event at most 20 µs (an append to the audit log takes several times that), an HTTP request at most 20 µs.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from figures import Figure, show
from prometheus_client import generate_latest

from app.domain import events
from app.domain.transitions import ask
from app.metrics.counting import Counting
from app.metrics.meters import Meters
from app.metrics.scrape import watching
from tests.people import NOW, a_request

TURNS, ROUNDS = 20_000, 5
SCOPE = {"type": "http", "method": "GET", "path": "/v1/grants/check"}


async def nothing(*_: Any) -> Any:
    """Does nothing."""


class Route:
    """A route as FastAPI gives it."""

    path = "/grants/check"


async def bare(scope: Any, _: Any, send: Any) -> None:
    """Answers, and nothing else."""
    scope["route"] = Route
    await send({"type": "http.response.start", "status": 200})


def best(turn: Callable[[], object]) -> float:
    """Nanoseconds of a turn, of the best round."""
    return min(_round(turn) for _ in range(ROUNDS))


def _round(turn: Callable[[], object]) -> float:
    began = time.perf_counter_ns()
    for _ in range(TURNS):
        turn()
    return (time.perf_counter_ns() - began) / TURNS


async def best_of(app: Any) -> float:
    """The same for an application."""
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter_ns()
        for _ in range(TURNS):
            await app(dict(SCOPE), nothing, nothing)
        found.append((time.perf_counter_ns() - began) / TURNS)
    return min(found)


def full(meters: Meters, counting: Counting) -> float:
    """Milliseconds of the text, once labels have all the values they may."""
    for number in range(400):
        counting.count(refused(f"verb-{number}", f"code-{number}"))
        meters.connector_called(f"target-{number}", "grant", 0.1, failed=False)
        meters.answered("GET", f"/{number % 60}", 200, 0.01)
    began = time.perf_counter()
    generate_latest(meters.registry)
    return (time.perf_counter() - began) * 1000


def refused(verb: str, code: str) -> events.AttemptRefused:
    return events.AttemptRefused(request_id="R01-0000001", at=NOW, by="eve", verb=verb, code=code)


async def main() -> bool:
    meters = Meters()
    counting = Counting(meters, nothing, nothing, lambda: {"prod-db-debug"})
    _, requested = ask(a_request())
    begun = events.GrantBegun(request_id="R01-0000001", at=NOW, by="system", ends_at=NOW)
    without, around = await best_of(bare), await best_of(watching(bare, meters))
    told = best(lambda: meters.connector_called("gcp", "grant", 0.1, failed=False))
    return show(
        "Counting",
        [
            Figure("an event by its kind", best(lambda: counting.count(begun)), "ns", 20_000),
            Figure("a request by action and outcome", best(lambda: counting.count(requested)), "ns", 20_000),
            Figure("around an HTTP request", around - without, "ns", 20_000),
            Figure("a call of a target", told, "ns", 20_000),
            Figure("a full scrape's text", full(meters, counting), "ms", 1000),
        ],
    )


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main()) else 1)
