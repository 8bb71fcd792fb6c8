"""Makes the target agree with a request's state. A consumer of the outbox, and called by deadlines.

It looks at the state and not at the event, so repeated, late and lost calls are all alike. What the target
creates for a request that ended meanwhile is taken back, by whoever finds it so.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from weakref import WeakValueDictionary

import structlog
from structlog.contextvars import bound_contextvars

from app.connectors.protocol import Connector, ConnectorFailed
from app.domain.refusals import UnknownRequest, WrongState
from app.domain.request import Request, State
from app.store.requests import RequestStore
from app.store.stream import Entry
from app.workflow import Workflow

GROUP = "connectors"
ACTED_ON = frozenset(
    {"requested", "approved", "confirmed", "glass_broken", "grant_begun", "end_begun", "consumed"}
)
ANSWERS_WITHIN = 30.0
"""Seconds after which a call of a connector has failed: others wait for their turn."""
T = TypeVar("T")
log = structlog.get_logger(__name__)


class Granter:
    """Gives and takes back; `connector_of` names the connector of a request's action."""

    def __init__(
        self, workflow: Workflow, store: RequestStore, connector_of: Callable[[Request], Connector]
    ) -> None:
        self._workflow = workflow
        self._store = store
        self._connector_of = connector_of
        self._one_at_a_time: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def handle(self, entries: Sequence[Entry]) -> None:
        """Consume events."""
        for entry in entries:
            if entry.event.kind in ACTED_ON:
                with bound_contextvars(request=entry.event.request_id):
                    await self.settle(entry.event.request_id)

    async def settle(self, request_id: str) -> None:
        """Bring one request's access to where its state wants it."""
        async with self._one_at_a_time.setdefault(request_id, asyncio.Lock()):
            await self._settle(request_id)

    async def _settle(self, request_id: str) -> None:
        try:
            request = (await self._store.load(request_id)).request
            match request.state:
                case State.APPROVED | State.SCHEDULED:
                    begun = await self._workflow.begin_grant(request_id)
                    if begun.state is State.GRANTING:
                        await self._give(begun)
                case State.GRANTING:
                    await self._give(request)
                case State.ENDING:
                    await self._take_back(request)
                case _ if request.is_final and request.starts_at is not None:
                    await _in_time(
                        self._connector_of(request).revoke(request)
                    )  # a dead process may have been granting
                case _:
                    pass
        except (WrongState, UnknownRequest) as overtaken:
            log.info("granter_overtaken", why=str(overtaken))

    async def _give(self, request: Request) -> None:
        connector = self._connector_of(request)
        try:
            lease = await _in_time(connector.grant(request))
        except ConnectorFailed as failure:
            await _in_time(connector.revoke(request))  # if this fails too, all of it comes again
            await self._workflow.fail_grant(request.id, str(failure))
            return
        try:
            await self._workflow.activate(request.id, lease)
        except WrongState:
            if (await self._store.load(request.id)).request.state is not State.ACTIVE:
                await _in_time(connector.revoke(request))
            raise

    async def _take_back(self, request: Request) -> None:
        try:
            await _in_time(self._connector_of(request).revoke(request))
        except ConnectorFailed as failure:
            await self._workflow.fail_end(request.id, str(failure))
            return
        await self._workflow.finish(request.id)


async def _in_time(call: Awaitable[T]) -> T:
    """Await a connector's call. Raises ConnectorFailed for one that takes too long."""
    try:
        async with asyncio.timeout(ANSWERS_WITHIN):
            return await call
    except TimeoutError:
        raise ConnectorFailed(f"the target did not answer within {ANSWERS_WITHIN:g} s") from None
