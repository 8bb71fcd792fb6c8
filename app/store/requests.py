"""Requests, their grants and their deadlines. Every write is one Lua call that also appends the event."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import redis.exceptions
import structlog
from redis.asyncio import Redis
from redis.exceptions import ClusterDownError, OutOfMemoryError, ReadOnlyError

from app.domain.deadlines import Deadline, deadlines
from app.domain.duration import LONGEST
from app.domain.events import (
    Activated,
    Consumed,
    Event,
    ExtensionAsked,
    ExtensionDecided,
    OfflineTokenIssued,
    WentSilent,
    event_json,
)
from app.domain.ids import partition_in
from app.domain.refusals import Unavailable, UnknownRequest
from app.domain.request import Request, State
from app.domain.silence import FIRST_WITHIN
from app.store import keys
from app.store.held import held_member
from app.store.scripts import Scripts

KEPT_ONCE_FINAL = timedelta(days=30)
DELIVERY_REMEMBERED = timedelta(hours=1)
LATEST_START = timedelta(days=14)
"""How far ahead a start may lie."""
KEPT_IN_INDEX = 200
"""So many of a person's newest requests are found, and however many older ones that are not final."""
INDEX_KEPT = LATEST_START + LONGEST + KEPT_ONCE_FINAL
"""Above the time from the last request of a person to when nothing is left of it."""
READ_AT_ONCE = 500
KEPT_READ = 2_000
LONGEST_BETWEEN_READ_AND_WRITE = timedelta(seconds=5)
HOLD = timedelta(seconds=15)
DEADLINES = frozenset(Deadline)
TAKES_NO_WRITES = re.compile(
    r"(?:^|[-'\"])(?:READONLY|OOM|MISCONF|NOREPLICAS|UNBLOCKED|CLUSTERDOWN|MASTERDOWN|LOADING)\b"
)
"""Codes of a server that will take writes later, in front, in a pipeline's error, or in a script's of Redis 6."""

AWAY = (
    redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError, TimeoutError,
    ReadOnlyError, OutOfMemoryError, ClusterDownError,
)  # fmt: skip
SHOWN = 300
ANY = "*"
FAILED: Counter[str] = Counter()
"""How many calls this process's store did not answer since it began, by the kind of error."""
log = structlog.get_logger(__name__)


class Overtaken(Exception):  # noqa: N818  an instruction to the workflow
    """The same person has asked for something else in between: count anew."""


KEPT_TO_BE_REVIEWED = timedelta(days=366)


@lru_cache(maxsize=KEPT_READ)
def read_request(doc: str) -> Request:
    """Read a request as it is stored. The same text is the same value, so lists are not read anew each time."""
    return Request.model_validate_json(doc)


class Loaded(NamedTuple):
    """A request as it stands, and the server's clock when it was read."""

    request: Request
    now: datetime


class Due(NamedTuple):
    """A deadline that this process has claimed."""

    deadline: Deadline
    request_id: str


@asynccontextmanager
async def reachable() -> AsyncIterator[None]:
    """Turn a store that does not answer into the refusal that people are told, and let no cancellation be lost.

    The client sends by `asyncio.wait_for`, which up to Python 3.11 forgets one that meets the end of what it waits for.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
        if task and task.cancelling() > before:
            raise asyncio.CancelledError
    except AWAY as error:
        raise _unavailable(error) from error
    except redis.exceptions.ResponseError as error:
        if TAKES_NO_WRITES.search(str(error)):
            raise _unavailable(error) from error
        raise


def _unavailable(error: Exception) -> Unavailable:
    FAILED[type(error).__name__] += 1
    log.warning("store_away", error=f"{type(error).__name__}: {error}"[:SHOWN])
    return Unavailable()


async def server_time(redis: Redis) -> datetime:
    """The server's clock, in UTC: the one clock of all replicas. Raises Unavailable."""
    async with reachable():
        seconds, micros = await redis.time()
    return datetime.fromtimestamp(int(seconds) + int(micros) / 1_000_000, UTC)


def milliseconds(at: datetime) -> int:
    """Milliseconds since the epoch."""
    return round(at.timestamp() * 1000)


def index_of(request: Request) -> str:
    """Name the index in which a request is found."""
    if request.is_final:
        return "none"
    return "pending" if request.state is State.PENDING else "live"


class RequestStore:
    """Requests in Redis. Raises Unavailable whenever the server cannot be reached."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._scripts = Scripts(client)

    async def now(self) -> datetime:
        """The server's clock, in UTC: the one clock of all replicas."""
        return await server_time(self._redis)

    async def create(
        self,
        request: Request,
        event: Event,
        delivery: str,
        newest: str = ANY,
        delivery_kept: timedelta = DELIVERY_REMEMBERED,
    ) -> str | None:
        """Write a new request. `delivery` names what asked for it, so that a repeated one creates nothing.

        Returns the id under which it is found, which is an earlier one's where the delivery was seen before,
        and None when the id is taken: choose another. `newest` is the person's newest request of those that
        the verdict counted, "" for none; raises Overtaken when there is a newer one by now.
        """
        partition = partition_in(request.id)
        written = request.model_copy(update={"version": 1})
        async with reachable():
            outcome, request_id = await self._scripts.run(
                "create",
                [
                    keys.request(request.id),
                    keys.seen(partition, delivery),
                    keys.requests_of(partition, request.requester.id),
                    keys.pending(partition),
                    keys.live(partition),
                    keys.deadlines(partition),
                    keys.events(partition),
                ],
                [
                    request.id,
                    written.model_dump_json(),
                    event_json.dump_json(event).decode(),
                    milliseconds(request.created_at),
                    index_of(request),
                    int(KEPT_ONCE_FINAL.total_seconds()),
                    int(delivery_kept.total_seconds()),
                    KEPT_IN_INDEX,
                    int(INDEX_KEPT.total_seconds()),
                    newest,
                    *_deadline_arguments(request),
                ],
            )
        if outcome == "overtaken":
            raise Overtaken(request.id)
        return None if outcome == "taken" else str(request_id)

    async def load(self, request_id: str) -> Loaded:
        """Read a request and the clock at once. Raises UnknownRequest."""
        async with reachable():
            doc, seconds, micros = await self._scripts.run("load", [keys.request(request_id)], [])
        if not doc:
            raise UnknownRequest(request_id)
        now = datetime.fromtimestamp(int(seconds) + int(micros) / 1_000_000, UTC)
        return Loaded(Request.model_validate_json(doc), now)

    async def save(self, request: Request, event: Event, read_at: datetime) -> bool:
        """Write a transition of a request that was read at `read_at`; False when it was changed meanwhile."""
        partition = partition_in(request.id)
        written = request.model_copy(update={"version": request.version + 1})
        kinds = [f"{kind}:{request.id}" for kind in Deadline]
        async with reachable():
            outcome = await self._scripts.run(
                "save",
                [
                    keys.request(request.id),
                    keys.grant(request.id),
                    keys.pending(partition),
                    keys.live(partition),
                    keys.deadlines(partition),
                    keys.events(partition),
                    keys.held(request.requester.id, request.action, request.resource),
                    keys.beat(request.id),
                ],
                [
                    request.id,
                    request.version,
                    written.model_dump_json(),
                    event_json.dump_json(event).decode(),
                    milliseconds(request.created_at),
                    index_of(request),
                    int(_kept(request).total_seconds()),
                    *_grant_arguments(request, event),
                    milliseconds(read_at),
                    int(LONGEST_BETWEEN_READ_AND_WRITE.total_seconds() * 1000),
                    _member(request),
                    _first_beat(request, event),
                    len(kinds),
                    *kinds,
                    *_deadline_arguments(request),
                ],
            )
        if outcome == "gone":
            raise UnknownRequest(request.id)
        return bool(outcome == "saved")

    async def note(self, event: Event) -> None:
        """Append an event that changes nothing of its request."""
        async with reachable():
            fields = {"event": event_json.dump_json(event).decode()}
            await self._redis.xadd(keys.events(partition_in(event.request_id)), fields)  # type: ignore[arg-type]

    async def find(self, request_ids: Sequence[str]) -> list[Request]:
        """Read many requests; those that are gone are left out."""
        if not request_ids:
            return []
        async with reachable(), self._redis.pipeline(transaction=False) as pipeline:
            for request_id in request_ids:
                pipeline.hget(keys.request(request_id), "doc")
            docs = await pipeline.execute()
        return [read_request(doc) for doc in docs if doc]

    async def of(self, partition: int, person: str, limit: int = 0) -> list[Request]:
        """A person's newest requests, newest first; without a limit all that are found."""
        async with reachable():
            ids: Any = await self._redis.zrevrange(keys.requests_of(partition, person), 0, limit - 1)
        return await self.find(ids)

    async def pending(self) -> list[Request]:
        """Every request that waits for a decision, oldest first."""
        return await self._all(keys.pending)

    async def live(self) -> list[Request]:
        """Every request that is approved and not over, oldest first: its access exists, may exist, or will."""
        return await self._all(keys.live)

    async def each_live(self) -> AsyncIterator[Request]:
        """The same in no order, a few hundred read at a time: for those who keep little of each."""
        ids = await self._ids(keys.live)
        for first in range(0, len(ids), READ_AT_ONCE):
            for request in await self.find(ids[first : first + READ_AT_ONCE]):
                yield request

    async def _all(self, index: keys.Index) -> list[Request]:
        return sorted(await self.find(await self._ids(index)), key=lambda request: request.created_at)

    async def _ids(self, index: keys.Index) -> list[str]:
        async with reachable(), self._redis.pipeline(transaction=False) as pipeline:
            for partition in keys.ALL_PARTITIONS:
                pipeline.zrange(index(partition), 0, -1)
            return [request_id for part in await pipeline.execute() for request_id in part]

    async def has_grant(self, request_id: str) -> bool:
        """Tell whether the grant key is there: whether access is permitted at this instant."""
        async with reachable():
            return bool(await self._redis.exists(keys.grant(request_id)))

    async def claim_due(self, at_most: int = 100) -> list[Due]:
        """Claim deadlines that are due, over all partitions; unhandled ones come again after HOLD.

        Kinds that this version does not know are left to the newer one that set them.
        """
        async with reachable(), self._redis.pipeline(transaction=False) as pipeline:
            for partition in keys.ALL_PARTITIONS:
                await self._scripts.run(
                    "claim",
                    [keys.deadlines(partition)],
                    [at_most, int(HOLD.total_seconds() * 1000)],
                    pipeline,
                )
            claimed = [member for part in await pipeline.execute() for member in part]
        pairs = (member.split(":", 1) for member in claimed)
        return [Due(Deadline(kind), request_id) for kind, request_id in pairs if kind in DEADLINES]

    async def drop(self, due: Due, version: int | None) -> None:
        """Forget a claimed deadline that a request, read at `version` (None: gone), has no use for."""
        async with reachable():
            await self._scripts.run(
                "drop",
                [keys.deadlines(partition_in(due.request_id)), keys.request(due.request_id)],
                [f"{due.deadline}:{due.request_id}", "" if version is None else version],
            )


def _member(request: Request) -> str:
    """Give what stands for a grant among those that permit the same; it is the same for as long as it lives."""
    digest = request.binding.digest if request.binding else ""
    return held_member(request.id, single_use=request.verdict.obligations.single_use, digest=digest)


def _kept(request: Request) -> timedelta:
    """How long a request is kept once it is final: longer where somebody is to look at it still."""
    return KEPT_TO_BE_REVIEWED if request.is_to_be_reviewed else KEPT_ONCE_FINAL


def _deadline_arguments(request: Request) -> list[str | int]:
    pairs = ((f"{kind}:{request.id}", milliseconds(at)) for kind, at in deadlines(request).items())
    return [part for pair in pairs for part in pair]


def _grant_arguments(request: Request, event: Event) -> list[str | int]:
    if request.state is not State.ACTIVE:
        return [_taken_by(event), "", 0]
    ends_at = _new_end(event)
    if ends_at is None:
        return ["show" if isinstance(event, OfflineTokenIssued) else "keep", "", 0]
    value = {
        "request": request.id,
        "subject": request.requester.id,
        "environment": request.environment,
        "action": request.action,
        "resource": request.resource,
        "ends_at": ends_at.isoformat(),
        **({"digest": request.binding.digest} if request.binding else {}),
    }
    return ["set", json.dumps(value, separators=(",", ":")), milliseconds(ends_at)]


def _taken_by(event: Event) -> str:
    """How a grant goes: what ends it may have to find it there, or without heartbeats."""
    match event:
        case Consumed():
            return "use"
        case WentSilent():
            return "silence"
        case _:
            return "delete"


def _first_beat(request: Request, event: Event) -> int:
    """Milliseconds that a grant which begins waits for its first heartbeat; 0 for none."""
    if request.heartbeat is None or not isinstance(event, Activated):
        return 0
    return max(request.heartbeat, int(FIRST_WITHIN.total_seconds())) * 1000


def _new_end(event: Event) -> datetime | None:
    """The end that a grant has from an event on; None where it keeps the one it has."""
    match event:
        case Activated() | ExtensionAsked() | ExtensionDecided():
            return event.ends_at
        case _:
            return None
