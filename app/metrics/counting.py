"""Counts events once the audit log has them: whatever is counted is recorded, and costs no consumer of its own."""

from collections.abc import Awaitable, Callable, Container, Mapping, Sequence

import structlog

from app.domain import events
from app.domain.events import Event
from app.domain.refusals import Unavailable
from app.domain.request import Request
from app.metrics.meters import Meters
from app.metrics.names import OTHER, Names
from app.store.stream import Entry

log = structlog.get_logger(__name__)

Record = Callable[[Sequence[Entry]], Awaitable[None]]
Find = Callable[[Sequence[str]], Awaitable[Sequence[Request]]]


class Counting:
    """Stands around the consumer that records. What cannot be counted never keeps anything from being recorded."""

    def __init__(
        self, meters: Meters, record: Record, find: Find, actions: Callable[[], Container[str]]
    ) -> None:
        """`find` reads requests by their ids; `actions` are those that policy has now."""
        self._meters = meters
        self._record = record
        self._find = find
        self._actions = actions
        self._action, self._verb, self._code, self._proof = Names(), Names(), Names(), Names()

    async def handle(self, entries: Sequence[Entry]) -> None:
        """Consume events: record them, then count."""
        await self._record(entries)
        try:
            for entry in entries:
                self.count(entry.event)
            await self._measure([entry.event for entry in entries])
        except Unavailable:
            log.info("not_measured_without_store")
        except Exception:
            log.exception("not_counted")

    def count(self, event: Event) -> None:
        """Count one event, by what it says itself."""
        self._meters.events.labels(event.kind).inc()
        match event:
            case events.Requested():
                named = self._action(event.action) if event.action in self._actions() else OTHER
                self._meters.requests.labels(named, event.verdict.outcome.value).inc()
            case events.Approved() | events.Denied():
                self._meters.decisions.labels(event.kind, self._proof(event.proof.kind)).inc()
            case events.AttemptRefused():
                self._meters.refused.labels(self._verb(event.verb), self._code(event.code)).inc()
            case _:
                pass

    async def _measure(self, happened: Sequence[Event]) -> None:
        """Measure what takes the request to know: since when it waits, or has access."""
        measured = [event for event in happened if _is_measured(event)]
        if measured:
            ids = list(dict.fromkeys(event.request_id for event in measured))
            found = {each.id: each for each in await self._find(ids)}
            for event in measured:
                self._observe(event, found)

    def _observe(self, event: Event, found: Mapping[str, Request]) -> None:
        request = found.get(event.request_id)
        if request is None:
            return
        match event:
            case events.Approved() | events.Denied():
                waited = (event.at - request.created_at).total_seconds()
                self._meters.decision_seconds.labels(event.kind).observe(waited)
            case events.Activated() if request.starts_at:
                self._meters.start_seconds.observe((event.at - request.starts_at).total_seconds())
            case events.Ended() if request.starts_at:
                stood = (event.at - request.starts_at).total_seconds()
                self._meters.grant_seconds.labels(event.cause.value).observe(stood)
            case _:
                pass


def _is_measured(event: Event) -> bool:
    match event:
        case events.Approved(settled=settled):
            return settled
        case events.Denied() | events.Activated() | events.Ended():
            return True
        case _:
            return False
