"""The post: letters that wait to be sent, what became of each, and the failures. Written by `app/mail` alone.

A letter has an id that is made of what happened and whom it is for, and is put once: its record outlives it,
so that an event that is handed over again does not tell anybody twice. Whoever claims a letter has CLAIMED to
send it; if they die it is sent by another, once more where nobody knows how far they came. New letters and
those that failed before wait in queues of their own, so that what fails does not hold back what is new.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from redis.asyncio import Redis

from app.domain.value import Value
from app.store import keys
from app.store.requests import reachable
from app.store.scripts import Scripts

KEPT = timedelta(days=7)
FAILURES_KEPT = 100
TROUBLE_KEPT = timedelta(hours=1)
CLAIMED = timedelta(minutes=2)
"""Above the longest that sending one letter may take."""


class Fate(StrEnum):
    """What became of a letter. `waiting` is to be tried again, `dropped` was not true any more."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DROPPED = "dropped"
    FAILED = "failed"


class Failure(Value):
    """A letter that was not taken. `code` is the server's three digits, 0 where it gave none.

    `final`: it was given up; else it is tried again.
    """

    letter: str
    to: str
    at: datetime
    code: int
    said: str
    final: bool


class Claimed(NamedTuple):
    """A letter to be sent now: its document, how often it was tried before, and since when it waits."""

    id: str
    doc: str
    tries: int
    since: datetime


class Queue(NamedTuple):
    """How many letters wait that failed before, and since when the oldest of them is due."""

    again: int
    new: int
    oldest_new: datetime | None


class Post:
    """Letters in Redis. Raises Unavailable when it cannot be reached."""

    def __init__(self, client: Redis, claimed: timedelta = CLAIMED) -> None:
        self._redis = client
        self._scripts = Scripts(client)
        self._claimed = _ms(claimed)

    async def put(self, letter_id: str, doc: str) -> bool:
        """Put a letter into the post; False where it was put before."""
        async with reachable():
            put = await self._scripts.run(
                "mail_put", [keys.letter(letter_id), keys.NEW_MAIL], [letter_id, doc, _ms(KEPT)]
            )
        return bool(put)

    async def claim(self, at_most: int, *, again: bool = False) -> list[Claimed]:
        """Claim letters that are due: new ones, or those that failed before."""
        queue = keys.MAIL_AGAIN if again else keys.NEW_MAIL
        async with reachable():
            due = await self._scripts.run("claim", [queue], [at_most, self._claimed])
            begun = [await self._begin(str(each)) for each in due]
        return [each for each in begun if each]

    async def _begin(self, letter_id: str) -> Claimed | None:
        found: Any = await self._scripts.run(
            "mail_begin", [keys.letter(letter_id), keys.NEW_MAIL, keys.MAIL_AGAIN], [letter_id]
        )
        if not found:
            return None
        doc, tries, put = found
        return Claimed(letter_id, str(doc), int(tries), datetime.fromtimestamp(int(put) / 1000, UTC))

    async def end(
        self, letter_id: str, fate: Fate, *, again_in: float = 0.0, failure: Failure | None = None
    ) -> None:
        """Note what became of a letter; `again_in` is in seconds, for one that is WAITING."""
        async with reachable():
            await self._scripts.run(
                "mail_end",
                [keys.letter(letter_id), keys.NEW_MAIL, keys.MAIL_AGAIN, keys.MAIL_FAILURES],
                [
                    letter_id,
                    fate,
                    round(again_in * 1000),
                    _ms(KEPT),
                    failure.model_dump_json() if failure else "",
                    FAILURES_KEPT,
                ],
            )

    async def fate(self, letter_id: str) -> Fate | None:
        """What became of a letter; None where there was none, or it is forgotten."""
        async with reachable():
            state = await self._redis.hget(keys.letter(letter_id), "state")
        return Fate(str(state)) if state else None

    async def failures(self) -> Sequence[Failure]:
        """What was not taken in the last 7 days, the newest first."""
        async with reachable():
            seconds, _ = await self._redis.time()
            oldest = (int(seconds) - KEPT.total_seconds()) * 1000
            found: Any = await self._redis.zrevrangebyscore(keys.MAIL_FAILURES, "+inf", oldest)
        return [Failure.model_validate(json.loads(each)) for each in found]

    async def queue(self) -> Queue:
        """How much waits."""
        async with reachable():
            again = await self._redis.zcard(keys.MAIL_AGAIN)
            new = await self._redis.zcard(keys.NEW_MAIL)
            first: Any = await self._redis.zrange(keys.NEW_MAIL, 0, 0)
            put = await self._redis.hget(keys.letter(str(first[0])), "put") if first else None
        return Queue(int(again), int(new), datetime.fromtimestamp(int(put) / 1000, UTC) if put else None)

    async def relay_fails(self, said: str) -> None:
        """The mail server cannot be used; forgotten when it works, or nobody has tried for an hour."""
        async with reachable():
            await self._redis.set(keys.MAIL_TROUBLE, said, ex=TROUBLE_KEPT)

    async def relay_works(self) -> None:
        """It can be used again."""
        async with reachable():
            await self._redis.delete(keys.MAIL_TROUBLE)

    async def relay_trouble(self) -> str:
        """What is wrong with the mail server; empty where nothing is known to be."""
        async with reachable():
            return str(await self._redis.get(keys.MAIL_TROUBLE) or "")

    async def now(self) -> datetime:
        """The server's clock."""
        async with reachable():
            seconds, micros = await self._redis.time()
        return datetime.fromtimestamp(int(seconds) + int(micros) / 1_000_000, UTC)


def _ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)
