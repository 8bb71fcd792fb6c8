"""The streams of events, read by consumer groups.

A group has one consumer name. Whoever holds the partition's lease reads under it, so that what a dead
process left unacknowledged is simply the first thing that the next one reads, in the order it happened.
"""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, NamedTuple

import redis.exceptions
import structlog
from redis.asyncio import Redis

from app.domain.events import Event, event_json
from app.store import keys
from app.store.requests import reachable

OWNER = "owner"
UNREAD = ">"
LEFT_OVER = "0"
COUNTED = 1000
log = structlog.get_logger(__name__)


class Entry(NamedTuple):
    """An event with its place in its partition's stream."""

    partition: int
    id: str
    event: Event


class Waiting(NamedTuple):
    """How many events are before a group, read and not acknowledged or not read, and when the oldest happened."""

    events: int
    since: datetime | None


class Stream:
    """Events of all partitions. Raises Unavailable when the server cannot be reached."""

    def __init__(self, client: Redis, blocking: Redis) -> None:
        self._redis = client
        self._blocking = blocking

    async def make_group(self, partition: int, group: str) -> None:
        """Make a consumer group that starts at the first event, if it is not there."""
        async with reachable():
            try:
                await self._redis.xgroup_create(keys.events(partition), group, id="0", mkstream=True)
            except redis.exceptions.ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    async def left_over(self, partition: int, group: str, count: int = 100) -> list[Entry]:
        """What was read and not acknowledged, oldest first."""
        return await self._read(self._redis, partition, group, LEFT_OVER, count, None)

    async def unread(self, partition: int, group: str, wait_ms: int, count: int = 100) -> list[Entry]:
        """What is new, oldest first; waits up to `wait_ms` for it."""
        return await self._read(self._blocking, partition, group, UNREAD, count, wait_ms)

    async def _read(
        self, client: Redis, partition: int, group: str, after: str, count: int, wait_ms: int | None
    ) -> list[Entry]:
        async with reachable():
            answer: Any = await client.xreadgroup(
                group, OWNER, {keys.events(partition): after}, count=count, block=wait_ms
            )
        read = [entry for _, entries in answer or () for entry in entries]
        if deleted := [entry_id for entry_id, fields in read if not fields]:
            log.error("events_deleted_by_someone", group=group, partition=partition, entries=deleted)
            async with reachable():
                await self._redis.xack(keys.events(partition), group, *deleted)
            if len(deleted) == len(read):  # what is left over stands behind them
                return await self._read(client, partition, group, after, count, wait_ms)
        return [
            Entry(partition, entry_id, event_json.validate_json(fields["event"]))
            for entry_id, fields in read
            if fields
        ]

    async def acknowledge(self, entry: Entry, group: str) -> None:
        """The effect of an entry is done."""
        async with reachable():
            await self._redis.xack(keys.events(entry.partition), group, entry.id)

    async def trim(self, partition: int, wanted: Collection[str] = ()) -> int:
        """Drop the events that every group has read and acknowledged; returns how many.

        Nothing is dropped while one of the `wanted` groups is not made: it is to get every event.
        """
        key = keys.events(partition)
        async with reachable():
            groups = await self._redis.xinfo_groups(key)
            if not {group["name"] for group in groups}.issuperset(wanted):
                return 0
            firsts = [await self._first_needed(key, group) for group in groups]
            return (
                int(await self._redis.xtrim(key, minid=min(firsts, key=_order), approximate=False))
                if firsts
                else 0
            )

    async def _first_needed(self, key: str, group: dict[str, str]) -> str:
        waiting = await self._redis.xpending(key, group["name"])
        return str(waiting["min"] or group["last-delivered-id"])

    async def backlog(self, group: str) -> int:
        """How many events a group has read and not acknowledged, or not read, over all partitions."""
        waiting = 0
        async with reachable():
            for partition in keys.ALL_PARTITIONS:
                waiting += await self._waiting(keys.events(partition), group)
        return waiting

    async def _waiting(self, key: str, group: str) -> int:
        for known in await self._redis.xinfo_groups(key) if await self._redis.exists(key) else ():
            if known["name"] == group:
                unread: Any = await self._redis.xrange(key, min=f"({known['last-delivered-id']}", count=1000)
                return int(known["pending"]) + len(unread)
        return 0

    async def waiting_since(self) -> dict[str, datetime]:
        """For each group that has events before it: when the oldest of them happened, over all partitions."""
        return {group: each.since for group, each in (await self.waiting()).items() if each.since}

    async def waiting(self) -> dict[str, Waiting]:
        """What is before each group, over all partitions. A count stops at COUNTED a partition on Redis 6."""
        async with reachable():
            found = await asyncio.gather(*map(self._waiting_in, keys.ALL_PARTITIONS))
        waiting: dict[str, Waiting] = {}
        for group, (events, since) in (pair for partition in found for pair in partition):
            known = waiting.get(group, Waiting(0, None))
            firsts = [at for at in (since, known.since) if at]
            waiting[group] = Waiting(known.events + events, min(firsts) if firsts else None)
        return waiting

    async def _waiting_in(self, partition: int) -> list[tuple[str, Waiting]]:
        key = keys.events(partition)
        found = []
        for group in await self._redis.xinfo_groups(key) if await self._redis.exists(key) else ():
            left = (await self._redis.xpending(key, group["name"]))["min"] if group["pending"] else None
            after = f"({group['last-delivered-id']}"
            lag = group.get("lag")  # Redis 6 has none, and 7 where entries were deleted
            unread: Any = (
                await self._redis.xrange(key, min=after, count=COUNTED if lag is None else 1)
                if lag != 0
                else ()
            )
            entry_id = left or (unread[0][0] if unread else None)
            since = datetime.fromtimestamp(_order(entry_id)[0] / 1000, UTC) if entry_id else None
            events = int(group["pending"]) + (len(unread) if lag is None else int(lag))
            found.append((group["name"], Waiting(events, since)))
        return found


def _order(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence)
