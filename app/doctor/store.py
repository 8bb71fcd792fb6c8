"""Redis: reachable, new enough, durable, and of the same time as we are."""

import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

import redis.exceptions
from redis.asyncio import Redis

from app.doctor.finding import Finding, bad, good, warning
from app.domain.refusals import Unavailable
from app.settings import Settings
from app.store.connection import connect
from app.store.embedded import OLDEST, NoServer, find_program
from app.store.requests import reachable

PART = "redis"
LARGEST_SKEW = 2.0
"""Seconds by which clocks may differ before people notice it in what they are told."""


async def examine_store(settings: Settings) -> list[Finding]:
    """Examine the server that is named, else our own."""
    if settings.redis_url is not None:
        return await _examine(
            settings.redis_url.get_secret_value(), "Is the server up, and JIT_REDIS_URL right?"
        )
    socket = settings.data / "redis" / "redis.sock"
    if socket.exists():
        return await _examine(f"unix://{socket}", "Is the bot running? Its server is up while the bot is.")
    return [_own_server(settings.data)]


def _own_server(data: Path) -> Finding:
    try:
        program = find_program()
    except NoServer as missing:
        return warning(
            PART,
            f"none: {missing}; everything would be kept in memory and lost at a restart",
            "Install valkey-server or redis-server, or set JIT_REDIS_URL.",
        )
    return good(PART, f"the bot will run its own, {program.name}, with its files in {data / 'redis'}")


async def _examine(url: str, if_away: str) -> list[Finding]:
    async with aclosing(connect(url)) as connection:
        client = connection.calls
        try:
            async with reachable():
                said: dict[str, Any] = await client.info()
                seconds, micros = await client.time()
        except (Unavailable, redis.exceptions.RedisError) as error:
            why = error.__cause__ or error
            return [bad(PART, f"cannot be reached: {why}", if_away)]
        return [
            _version(said),
            *await _durability(client, said),
            _clock(int(seconds) + int(micros) / 1_000_000),
        ]


def _version(said: dict[str, Any]) -> Finding:
    name, text = said.get("server_name", "redis"), str(said.get("valkey_version") or said["redis_version"])
    number = tuple(int(part) for part in str(said["redis_version"]).split(".")[:2])
    if number < OLDEST:
        return bad(PART, f"{name} {text} is too old", "Use Redis 6.2 or later, or Valkey.")
    return good(PART, f"{name} {text} answers")


async def _durability(client: Redis, said: dict[str, Any]) -> list[Finding]:
    """A grant that was recorded must survive the server: an append-only file, and nothing evicted."""
    found = []
    if not int(said.get("aof_enabled", 0)):
        mend = "Set appendonly yes and appendfsync everysec, or always."
        found.append(bad(PART, "has no append-only file: what is recorded is lost with the server", mend))
    elif said.get("aof_last_write_status", "ok") != "ok":
        found.append(bad(PART, "fails to write its append-only file", "Look at its log: is the disk full?"))
    else:
        found.append(good(PART, "keeps an append-only file"))
    policy = await _setting(client, "maxmemory-policy") or str(said.get("maxmemory_policy", ""))
    if policy and policy != "noeviction":
        mend = "Set maxmemory-policy noeviction, so that a full server refuses instead of forgetting."
        found.append(bad(PART, f"may evict keys ({policy}): grants and requests would vanish", mend))
    return found


async def _setting(client: Redis, name: str) -> str:
    """A setting of the server; empty where it does not let us read it, as managed servers do not."""
    try:
        return str((await client.config_get(name)).get(name, ""))
    except redis.exceptions.ResponseError:
        return ""


def _clock(theirs: float) -> Finding:
    skew = abs(time.time() - theirs)
    if skew > LARGEST_SKEW:
        mend = "Let both machines keep time by NTP. Deadlines follow Redis's clock alone."
        return warning("clock", f"this machine and Redis differ by {skew:.1f} s", mend)
    return good("clock", "this machine and Redis agree")
