"""Hands events to consumers, at least once and in order within a partition. Consumers are idempotent.

A handler that raises is given the same events again after a pause. What it can never do it must settle itself, or
say so by `GiveUp`. A consumer that only tells people passes over, loudly, what it fails at by a bug for some ten
minutes: one event that cannot be shown must not keep all that follows it from being shown.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import structlog
from pydantic import ValidationError

from app.domain.refusals import Unavailable
from app.store.connection import WAIT
from app.store.leases import Leases
from app.store.stream import Entry, Stream
from app.together import run_together

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 30.0
TRIED = 28
"""Times that a consumer that only tells tries what fails by a bug: with the pauses between them some 10 min."""
BUGS = (ArithmeticError, AssertionError, AttributeError, LookupError, NameError, TypeError, ValueError)
"""What nothing outside of this program mends, but for what is NO_BUG as well."""
NO_BUG = (OSError, ValidationError)
"""A certificate that does not hold is a ValueError, too; and what a newer version stored cannot be read by this one."""
log = structlog.get_logger(__name__)

Handler = Callable[[Sequence[Entry]], Awaitable[None]]


class TryAgain(Exception):  # noqa: N818  an instruction to the outbox
    """The handler cannot do it now; `after` says, in seconds, when it may."""

    def __init__(self, after: float) -> None:
        super().__init__(f"again in {after:g} s")
        self.after = after


class GiveUp(Exception):  # noqa: N818  an instruction to the outbox
    """The handler can never do it, and says why; the event is passed over, loudly."""


class Consumer(NamedTuple):
    """A group that reads every event: `handle` gets up to `batch` events of one partition at a time.

    `only_tells`: what it does is for people to read, and whatever access depends on is done by others.
    """

    group: str
    handle: Handler
    batch: int = 1
    only_tells: bool = False


class Outbox:
    """Runs consumers over the partitions whose leases this process holds."""

    def __init__(self, stream: Stream, leases: Leases, consumers: Sequence[Consumer]) -> None:
        self._stream = stream
        self._leases = leases
        self._consumers = consumers

    async def run(self, partitions: Sequence[int]) -> None:
        """Consume until cancelled."""
        pairs = itertools.product(self._consumers, partitions)
        await run_together([self._leases.keep(), *(self._consume(*pair) for pair in pairs)])

    async def _consume(self, consumer: Consumer, partition: int) -> None:
        name = (partition, consumer.group)
        while True:
            await self._leases.wait_for(name)
            try:
                await self._stream.make_group(partition, consumer.group)
                await self._drain(consumer, partition)
            except Unavailable:
                await asyncio.sleep(FIRST_PAUSE)
            except Exception:  # a bug must not end the consumer: it is told, and the events come again
                log.exception("consumer_failed", group=consumer.group, partition=partition)
                await asyncio.sleep(FIRST_PAUSE)

    async def _drain(self, consumer: Consumer, partition: int) -> None:
        """Handle what a predecessor left over, then what is new, for as long as the lease is held."""
        name = (partition, consumer.group)
        while self._leases.holds(name):
            left = await self._stream.left_over(partition, consumer.group, consumer.batch)
            if not left:
                break
            await self._settle(consumer, left)
        while self._leases.holds(name):
            entries = await self._stream.unread(partition, consumer.group, round(WAIT * 1000), consumer.batch)
            if not entries:
                return  # and begin again by looking for what another reader left over meanwhile
            await self._settle(consumer, entries)

    async def _settle(self, consumer: Consumer, entries: Sequence[Entry], tried: int = 0) -> None:
        """Handle until it succeeds, then acknowledge; stop without acknowledging when the lease is lost."""
        name = (entries[0].partition, consumer.group)
        for attempt in itertools.count(tried):
            if not self._leases.holds(name):
                return
            try:
                await consumer.handle(entries)
            except TryAgain as again:
                log.info("event_waits", group=consumer.group, entry=entries[0].id, seconds=again.after)
                await asyncio.sleep(again.after)
            except GiveUp as why:
                log.error("event_passed_over", group=consumer.group, entry=entries[0].id, why=str(why))  # noqa: TRY400  no bug
                break
            except Exception as error:
                if consumer.only_tells and attempt >= TRIED and _is_bug(error):
                    if len(entries) > 1:  # one of them is to blame
                        for entry in entries:
                            await self._settle(consumer, [entry], attempt)
                        return
                    log.exception(
                        "event_passed_over", group=consumer.group, entry=entries[0].id, why=repr(error)[:300]
                    )
                    break
                pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempt, 10))
                unusual = not isinstance(error, Unavailable)
                log.warning(
                    "event_failed",
                    group=consumer.group,
                    entry=entries[0].id,
                    error=str(error),
                    again_in=pause,
                    exc_info=unusual,
                )
                await asyncio.sleep(pause)
            else:
                break
        for entry in entries:
            await self._stream.acknowledge(entry, consumer.group)


def _is_bug(error: Exception) -> bool:
    return isinstance(error, BUGS) and not isinstance(error, NO_BUG)
