"""How often bots are killed, and the verdict over all of them.

JIT_TEST_KILLS (200) and JIT_TEST_SEED (drawn anew each time, and printed) choose other numbers. The two
halves are files of their own, so that two workers share them; in each half several workspaces live side by
side, because a bot that starts or waits for a lease leaves the processor to others.
"""

import asyncio
import os
import secrets
from pathlib import Path

from tests.crash.world import Outcome, survive

KILLS = int(os.environ.get("JIT_TEST_KILLS", "200"))
HALVES = 2
SIDE_BY_SIDE = 4
LONGEST = 900
"""Seconds; on two free cores it takes two to three minutes."""


async def all_survive(folder: Path, half: int) -> None:
    """Kill the bots of one half, and fail with everything that is wrong, and the seed that shows it."""
    seed = int(os.environ.get("JIT_TEST_SEED") or secrets.randbelow(1_000_000))
    print(f"JIT_TEST_SEED={seed}")
    folders = [folder / f"w{n}" for n in range(SIDE_BY_SIDE)]
    for each in folders:
        each.mkdir()
    worlds = [_one(each, n * HALVES + half, seed) for n, each in enumerate(folders)]
    outcomes = await asyncio.gather(*worlds, return_exceptions=True)
    wrong = [
        f"world {n}: {what}"
        for n, outcome in enumerate(outcomes)
        for what in (outcome.wrong if isinstance(outcome, Outcome) else [f"{outcome!r}"])
    ]
    assert not wrong, f"JIT_TEST_SEED={seed}, logs below {folder}:\n" + "\n".join(wrong)
    kills = sum(outcome.kills.total() for outcome in outcomes if isinstance(outcome, Outcome))
    assert sum(_share(n * HALVES + half) for n in range(SIDE_BY_SIDE)) == kills


async def _one(folder: Path, number: int, seed: int) -> Outcome:
    outcome = await survive(folder, _share(number), seed + number)
    print(f"{outcome.kills.total()} kills, {outcome.requests} requests: {dict(outcome.ends)}")
    print("\n".join(f"  {count} × {name}" for name, count in sorted(outcome.kills.items())))
    assert outcome.requests >= outcome.kills.total(), "too little was going on to show anything"
    return outcome


def _share(number: int) -> int:
    """How many kills one of all the worlds gets."""
    return len(range(number, KILLS, HALVES * SIDE_BY_SIDE))
