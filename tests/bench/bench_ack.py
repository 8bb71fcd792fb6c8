"""How soon `/jit request …` is acknowledged, against a bare Bolt app, in one run.

    python tests/bench/bench_ack.py

Both apps are processes of their own, on one workspace, over Socket Mode; turns alternate. A time runs from
the envelope's making to its acknowledgement's arrival, by the clock of the workspace's process; Bolt itself
looks each 10 ms whether a listener has acknowledged. Calm: each command is typed after the bot has said all
that the one before led to. Typed on: each is typed as the one before is acknowledged, while the bot still
works on it. In flight: 200 in the same instant, three times; each must also become a request with its card.
"""

import asyncio
import itertools
import statistics
import sys
import time

from figures import Figure, show, spread
from stage import Stage, staged

REQUEST = "/jit request prod-db-debug orders-db 30m INC-7: checkout is slow"
NOOP = "/noop now"
PEOPLE = ("@ana", "@ben", "@dev")
WARM_UP = 15
CALM = 50
TYPED_ON, TURNS = 20, 6
IN_FLIGHT, ROUNDS = 200, 3
SLACK_WAITS = 3000


async def timed(stage: Stage, command: str, user: str) -> float:
    """Type a command; gives the milliseconds until it was acknowledged."""
    began = time.perf_counter()
    await stage.types(user, command)
    return (time.perf_counter() - began) * 1000


async def calm(stage: Stage) -> tuple[list[float], list[float]]:
    """Alternate single commands with quiet between them."""
    ours, bare = [], []
    people = itertools.cycle(PEOPLE)
    for _ in range(CALM):
        for command, times in ((NOOP, bare), (REQUEST, ours)):
            times.append(await timed(stage, command, next(people)))
            await stage.until_quiet()
    return ours, bare


async def typed_on(stage: Stage) -> tuple[list[float], list[float]]:
    """Alternate runs of commands that follow at once."""
    ours, bare = [], []
    people = itertools.cycle(PEOPLE)
    for _ in range(TURNS):
        for command, times in ((NOOP, bare), (REQUEST, ours)):
            times += [await timed(stage, command, next(people)) for _ in range(TYPED_ON)]
            await stage.until_quiet()
    return ours, bare


async def in_flight(stage: Stage, command: str) -> list[float]:
    """Type many commands at the same instant; gives the times of all."""
    people = itertools.cycle(PEOPLE)
    times = await asyncio.gather(*(timed(stage, command, next(people)) for _ in range(IN_FLIGHT)))
    await stage.until_quiet(1)
    return list(times)


def cards(stage: Stage) -> int:
    """Count the requests that were taken: each has a card."""
    messages = stage.workspace.channels["C0PROD"].messages
    return sum(message.thread_ts in {None, message.ts} for message in messages)


async def measure() -> list[Figure]:
    """Measure all three ways."""
    async with staged(with_bare=True) as stage:
        for _ in range(WARM_UP):
            await timed(stage, NOOP, "@ana")
            await timed(stage, REQUEST, "@ana")
        await stage.until_quiet()
        figures = []
        for name, way in (("calm", calm), ("typed on", typed_on)):
            ours, bare = await way(stage)
            ratio = statistics.median(ours) / statistics.median(bare)
            figures += [
                Figure(f"{name}: p50 of the bare app", statistics.median(bare), "ms", None, spread(bare)),
                Figure(f"{name}: p50 of /jit request", statistics.median(ours), "ms", None, spread(ours)),
                Figure(f"{name}: ratio of the p50", ratio, "x", 2),
            ]
        before, last_bare, last = cards(stage), [], []
        for _ in range(ROUNDS):
            last_bare += await in_flight(stage, NOOP)
            last += await in_flight(stage, REQUEST)
        await stage.until_quiet(3)
        lost = ROUNDS * IN_FLIGHT - (cards(stage) - before)
        return [
            *figures,
            Figure(f"{IN_FLIGHT} in flight: last, bare app", max(last_bare), "ms", None, spread(last_bare)),
            Figure(f"{IN_FLIGHT} in flight: last, /jit request", max(last), "ms", SLACK_WAITS, spread(last)),
            Figure(f"{IN_FLIGHT} in flight: requests not taken", lost, "", 0),
        ]


def main() -> bool:
    """Print the table."""
    return show("Acknowledgement of a command over Socket Mode", asyncio.run(measure()))


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
