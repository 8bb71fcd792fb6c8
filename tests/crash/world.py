"""A workspace, its people, a bot that is killed, and the look at it all when it is quiet."""

import asyncio
import json
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp

from app.cli.bot import BotProcess, environment
from app.domain.ids import PARTITIONS
from app.playground import AppRegistration, Playground, demo_workspace
from app.playground.hands import Hands, in_channel, told_directly
from app.shipped import shipped
from app.store import keys
from app.store.connection import Connection, connect
from app.store.embedded import start_server
from app.store.requests import RequestStore
from app.store.stream import Stream
from tests.conftest import without_fsync
from tests.crash.crowd import CHANNELS, EVERYONE, Crowd
from tests.crash.findings import Told, findings
from tests.crash.killer import Killer

QUIET_WITHIN = 75.0
GROUPS = ("slack", "connectors", "audit")


class Outcome(NamedTuple):
    """How it went: what is wrong, and what it was tried on."""

    wrong: list[str]
    kills: Counter[str]
    requests: int
    ends: Counter[str]
    without_effect: int


async def survive(folder: Path, kills: int, seed: int) -> Outcome:
    """Kill one bot so many times while its people work, wait until all is quiet, and judge."""
    chance = random.Random(seed)  # noqa: S311  to be drawn again from the same seed
    manifest = AppRegistration(manifest=shipped("manifest.yml"))
    async with Playground(demo_workspace(), [manifest]) as playground, aiohttp.ClientSession() as session:
        bot = BotProcess(environment(playground, folder, {"JIT_LOG_FORMAT": "json"}), folder / "bot.log")
        crowd = Crowd(playground, Hands(playground.url, session), chance)
        killer = Killer(playground, bot, folder, chance)
        working = asyncio.create_task(crowd.work())
        try:
            await killer.kill(kills)
            crowd.going_home = True
            await working
            await crowd.tidy_up(QUIET_WITHIN)
            await _quiet(folder)
            stopped = await bot.stop()
        finally:
            working.cancel()
            if bot.process is not None and bot.process.returncode is None:
                await bot.kill()
        told, wrong = await _look(folder, crowd)
        wrong += [] if stopped == 0 else [f"the bot stopped with status {stopped}: {bot.last_words()}"]
        wrong += await _verified(folder) + _bugs_in(bot.log)
        ends = Counter(told.states.values())
        return Outcome(wrong + findings(told), killer.kills, len(told.states), ends, crowd.without_effect)


async def _quiet(folder: Path) -> None:
    """Wait until nothing waits: no event, no request that is not final."""
    connection = connect(f"unix://{folder / 'redis' / 'redis.sock'}")
    store, stream = RequestStore(connection.calls), Stream(connection.calls, connection.waits)
    ends = asyncio.get_running_loop().time() + QUIET_WITHIN
    try:
        while True:
            waiting = [await stream.backlog(group) for group in GROUPS]
            left = [f"{each.id} {each.state}" for each in (*await store.pending(), *await store.live())]
            if not any(waiting) and not left:
                return
            assert asyncio.get_running_loop().time() < ends, f"events that wait: {waiting}; open: {left}"
            await asyncio.sleep(0.5)
    finally:
        await connection.aclose()


async def _look(folder: Path, crowd: Crowd) -> tuple[Told, list[str]]:
    """Look at everything, with the bot's store served once more from its files."""
    shown = crowd.look()
    cards = crowd.cards()
    by_card = {f"{card['channel']} {card['ts']}": [] for card in cards}
    for message in (each for channel in CHANNELS for each in in_channel(shown, channel)):
        if "thread_ts" in message:
            by_card[f"{message['channel']} {message['thread_ts']}"].append(message)
    async with _served(folder) as connection:
        redis = connection.calls
        names = [name async for name in redis.scan_iter("jit:*", count=1000)]
        wrong = [f"left over in Redis: {each}" for each in names if ":grant:" in each or ":lease:" in each]
        wrong += [
            f"left over in {each}: {await redis.zrange(each, 0, -1)}"
            for each in names
            if each.endswith((":deadlines", ":pending", ":live"))
        ]
        docs = [json.loads(await redis.hget(name, "doc")) for name in names if ":request:" in name]
        stream = [
            (partition, entry_id)
            for partition in range(PARTITIONS)
            for entry_id, _ in await redis.xrange(keys.events(partition))
        ]
    told = Told(
        cards=cards,
        replies=by_card,
        direct=[message for user in EVERYONE for message in told_directly(shown, user)],
        entries=json.loads(await _jit("audit", "show", "--json", "--limit", "1000000", data=folder))[
            "entries"
        ],
        stream=stream,
        states={doc["id"]: doc["state"] for doc in docs},
        answered=crowd.answered(),
        ends=crowd.ends,
    )
    return told, wrong


@asynccontextmanager
async def _served(folder: Path) -> AsyncIterator[Connection]:
    async with start_server(folder) as server:
        without_fsync(server)
        connection = connect(f"unix://{server.socket}")
        try:
            yield connection
        finally:
            await connection.aclose()


async def _verified(folder: Path) -> list[str]:
    verdict = json.loads(await _jit("audit", "verify", "--json", data=folder))
    return [] if verdict["ok"] else [f"the audit log: {verdict['problem']}"]


async def _jit(*words: str, data: Path) -> str:
    """Give what `jit` prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", *words,
        env=os.environ | {"JIT_DATA": str(data)},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, _ = await process.communicate()
    return printed.decode()


def _bugs_in(log: Path) -> list[str]:
    """Everything that the bot itself took for an error, and what it said without its log's form.

    A line that a kill cut off is no bug: it begins as the log's lines do, and the next bot's follows on it.
    """
    bugs = []
    for line in log.read_text(errors="replace").splitlines():
        if '"level": "error"' in line or '"level": "critical"' in line:
            bugs.append(f"logged: {line[:3000]}")
        elif not line.startswith("{"):
            bugs.append(f"printed: {line[:300]}")
    return bugs
