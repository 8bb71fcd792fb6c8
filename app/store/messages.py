"""Where a request is shown: the place of each message, by its role. Written by the announcer alone.

A role is first reserved and then placed. A reserved role without a place is in doubt: the process died
between asking Slack to post and hearing back, so the channel has to be looked at before posting again. A
change is begun and noted in the same way. Either carries the time at which it was begun: what a dead process
asked of Slack may still be under way, and would land on top of what its successor does.
"""

from datetime import timedelta
from typing import Any, NamedTuple

from redis.asyncio import Redis

from app.domain.ids import ID
from app.store import keys
from app.store.requests import reachable
from app.store.scripts import Scripts

KEPT = timedelta(days=30)
IN_DOUBT = "?"


class Overtaken(Exception):  # noqa: N818  an instruction to whoever posts
    """Someone else has posted or changed the message since it was looked up: look again."""


class Place(NamedTuple):
    """A message in Slack: the channel's id and the message's `ts`; `shown` is a digest of what it shows.

    `since` is the time, in milliseconds, at which a change was begun of which nobody knows how it went.
    """

    channel: str
    ts: str
    shown: str = ""
    since: str = ""

    @classmethod
    def read(cls, text: str) -> "Place":
        return cls(*text.split(" ", 3))

    def __str__(self) -> str:
        return " ".join(self).rstrip()


def is_in_doubt(known: str) -> bool:
    """Tell whether a role is reserved and has no place."""
    return known.startswith(IN_DOUBT)


def reserved_at(known: str) -> str:
    """When a role in doubt was reserved, in milliseconds."""
    return known.removeprefix(IN_DOUBT).strip()


class Messages:
    """The hash of places that each request has."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._scripts = Scripts(client)

    async def places(self, request_id: str) -> dict[str, str]:
        """Every role with its place, or IN_DOUBT."""
        async with reachable():
            places: Any = await self._redis.hgetall(keys.messages(request_id))
        return dict(places)

    async def reserve(self, request_id: str, role: str, known: str = "") -> str:
        """Say that a message is about to be posted, by one who read `known` of it; gives what is known now.

        Raises Overtaken, as `begin_change` does: a process that was cut off must not do what another one did.
        """
        return await self._begin(request_id, role, known, IN_DOUBT)

    async def begin_change(self, request_id: str, role: str, known: str, place: Place) -> str:
        """Say that a message, which is at a place, is about to be changed, by one who read `known` of it."""
        return await self._begin(request_id, role, known, f"{place.channel} {place.ts} {IN_DOUBT}")

    async def _begin(self, request_id: str, role: str, known: str, value: str) -> str:
        of_request = [keys.request(request_id)] if ID.fullmatch(request_id) else []
        async with reachable():
            begun = await self._scripts.run(
                "begin",
                [keys.messages(request_id), *of_request],
                [role, known, value, int(KEPT.total_seconds())],
            )
        if begun is None:
            raise Overtaken(role)
        return str(begun)

    async def passed(self, since: str) -> float:
        """Seconds since what was begun at `since` (milliseconds; "" is long ago), by the server's clock."""
        async with reachable():
            seconds, micros = await self._redis.time()
        return int(seconds) + int(micros) / 1_000_000 - int(since or 0) / 1000

    async def put(self, request_id: str, role: str, value: str) -> None:
        """Note where a message is, or another fact of the announcer's."""
        async with reachable():
            await self._redis.hset(keys.messages(request_id), role, value)

    async def forget(self, request_id: str, role: str) -> None:
        """A reserved message was not posted after all."""
        async with reachable():
            await self._redis.hdel(keys.messages(request_id), role)
