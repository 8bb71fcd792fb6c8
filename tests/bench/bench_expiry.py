"""How soon an end is noticed with 10,000 live grants, and what memory the bot takes then.

    python tests/bench/bench_expiry.py [ENDING [SECONDS]]

10,000 grants of 500 people, over all partitions, are made in the bot's own store before the bot starts, as
if all had been announced. Most end hours later. ENDING (1,000) end evenly over SECONDS (20), each warned of
when a fifth of its time is left; then 100 more end in one second.

Noticed: from `ends_at`, when the key's TTL is over, to the entry of `end_begun` in the stream, both by
Redis's clock. Announced: from `ends_at` to the `ts` of the notice to the requester. The workspace asks for
no pace; Slack does.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
import uvloop
from company import Grants, policies_of_a_company, workspace_of_a_company
from figures import Figure, percentile, show, spread
from stage import Stage, staged

from app.domain.events import EndBegun, event_json
from app.domain.request import Request
from app.playground.workspace import Workspace
from app.policy import PolicySource
from app.store import keys
from app.store.connection import connect
from app.store.embedded import start_server

LIVE = 10_000
IN_ONE_SECOND = 100
PAUSE = 3
"""Seconds between the last of those that end evenly and those that end together."""
STARTED_WITHIN = 25
"""Seconds after which the first ends, counted from its making: the bot is at work by then."""
ANNOUNCED_WITHIN = 15


async def make_grants(data: Path, policies: Path, ending: int, seconds: int) -> tuple[list[Request], ...]:
    """Make all grants; gives those that end evenly, and those that end together."""
    chance = random.Random(7)  # noqa: S311  durations of a benchmark
    async with start_server(data) as server:
        connection = connect(f"unix://{server.socket}")
        await connection.calls.config_set(
            "appendfsync", "no"
        )  # of this filling alone; the bot starts its own
        grants = Grants(connection, PolicySource(policies).current)
        await grants.make(chance.randrange(3600, 8 * 3600) for _ in range(LIVE - ending - IN_ONE_SECOND))
        together = await grants.make([STARTED_WITHIN + seconds + PAUSE + 1] * IN_ONE_SECOND)
        evenly = await grants.make(STARTED_WITHIN + n * seconds // ending for n in range(ending))
        await grants.as_if_announced()
        await connection.aclose()
    return evenly, together


async def watch(stage: Stage, data: Path, ending: Sequence[Request]) -> tuple[dict[str, float], ...]:
    """Wait for the ends; gives by how many milliseconds each was noticed and announced late."""
    ends = {request.id: request.ends_at.timestamp() * 1000 for request in ending if request.ends_at}
    if time.time() * 1000 > min(ends.values()):
        raise RuntimeError("the first ended before the bot was there: this machine is too busy to measure")
    await asyncio.sleep(max(ends.values()) / 1000 - time.time())
    for _ in range(ANNOUNCED_WITHIN):
        await asyncio.sleep(1)
        announced = announced_at(stage.workspace, ends)
        if len(announced) == len(ends):
            break
    noticed = await noticed_at(data, ends)
    return tuple({each: at[each] - ends[each] for each in at} for at in (noticed, announced))


async def noticed_at(data: Path, ends: Mapping[str, float]) -> dict[str, int]:
    """Read from the streams when each end began, in milliseconds since the epoch."""
    connection = connect(f"unix://{data / 'redis' / 'redis.sock'}")
    found = {}
    for partition in keys.ALL_PARTITIONS:
        for entry_id, fields in await connection.calls.xrange(keys.events(partition)):
            event = event_json.validate_json(fields["event"])
            if isinstance(event, EndBegun) and event.request_id in ends:
                found[event.request_id] = int(entry_id.partition("-")[0])
    await connection.aclose()
    return found


def announced_at(workspace: Workspace, ends: Mapping[str, float]) -> dict[str, float]:
    """Read from the direct messages when each end was told."""
    found = {}
    for channel in workspace.channels.values():
        for message in channel.messages if channel.kind == "im" else ():
            about = ((message.metadata or {}).get("event_payload") or {}).get("request")
            if about in ends and "has ended" in message.text:
                found[about] = float(message.ts) * 1000
    return found


async def after_digest(stage: Stage) -> float:
    """Let the digest count all live grants; gives the bot's memory after it."""
    security = stage.workspace.channels["C0SECURITY"]
    said = len(security.messages)
    await stage.types("@sam", "/jit digest")
    async with asyncio.timeout(30):
        while len(security.messages) == said:
            await stage.workspace.change_after(stage.workspace.version)
    return resident(stage)


def resident(stage: Stage) -> float:
    """Give the bot's resident memory in MiB; its Redis is another process."""
    return psutil.Process(stage.bot_pid).memory_info().rss / 2**20


async def measure(ending: int, seconds: int) -> list[Figure]:
    """Make the grants, start the bot, watch the ends."""
    with tempfile.TemporaryDirectory(prefix="jit-bench-", ignore_cleanup_errors=True) as temporary:
        data = Path(temporary)
        policies = policies_of_a_company(data / "policies")
        evenly, together = await make_grants(data, policies, ending, seconds)
        settings = {"JIT_POLICIES": str(policies)}
        async with staged(workspace_of_a_company(), data=data, more=settings) as stage:
            memory = [resident(stage)]
            noticed, announced = await watch(stage, data, (*evenly, *together))
            memory += [resident(stage), await after_digest(stage)]
    evenly_, together_ = f"{ending} over {seconds} s", f"{IN_ONE_SECOND} in one second"
    return [
        *lateness(evenly_, evenly, noticed, announced),
        *lateness(together_, together, noticed, announced),
        Figure(f"memory with {LIVE} live grants", memory[0], "MiB", 150),
        Figure("memory after these ends", memory[1], "MiB", 150),
        Figure("memory after a digest of those that are left", memory[2], "MiB", 150),
    ]


def lateness(
    how: str, ending: Sequence[Request], noticed: Mapping[str, float], announced: Mapping[str, float]
) -> list[Figure]:
    """Lines of one group; an end that was not seen counts as endlessly late."""
    late, told = ([at.get(each.id, float("inf")) for each in ending] for at in (noticed, announced))
    return [
        Figure(f"{how}: p99 noticed", percentile(late, 99), "ms", 1000, spread(late)),
        Figure(f"{how}: p50 announced", statistics.median(told), "ms", None, spread(told)),
    ]


def main(ending: int = 1000, seconds: int = 20) -> bool:
    """Print the table."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return show(f"Expiry with {LIVE} live grants", runner.run(measure(ending, seconds)))


if __name__ == "__main__":
    sys.exit(0 if main(*map(int, sys.argv[1:3])) else 1)
