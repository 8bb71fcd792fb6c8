"""Makes the target agree with a request's state. A consumer of the outbox, and called by deadlines.

It looks at the state and not at the event, so repeated, late and lost calls are all alike. Everything that is
to be done at a target has a deadline in the store from before it is begun, so an event is acknowledged once it is
taken up; a target that is slow holds up nobody else. What the target creates for a request that ended meanwhile
is taken back, by whoever finds it so.
"""

import asyncio
from collections.abc import Sequence
from weakref import WeakValueDictionary

import structlog
from structlog.contextvars import bound_contextvars

from app.connectors.calls import Calls, Told, nobody
from app.connectors.places import must_be_there, place_of, why_elsewhere
from app.connectors.protocol import ConnectorFailed, Granted
from app.connectors.registry import Connectors, Opened
from app.connectors.troubles import Troubles
from app.domain.refusals import Unavailable, UnknownRequest, WrongState
from app.domain.request import Request, State
from app.store.giving import Giving
from app.store.requests import RequestStore
from app.store.secrets import Secrets
from app.store.stream import Entry
from app.workflow import Workflow

GROUP = "connectors"
MORE_TIME = frozenset({"extension_asked", "extension_decided"})
ACTED_ON = MORE_TIME | {
    "requested",
    "approved",
    "confirmed",
    "glass_broken",
    "grant_begun",
    "end_begun",
    "consumed",
    "went_silent",
}
BATCH = 50
PATIENCE = 1.0
"""Seconds for which an event waits for its effect; then it is acknowledged, and the effect still comes."""
MOST_UNDER_WAY = 5000
"""So many are worked on; what is more is left to its deadline."""
log = structlog.get_logger(__name__)


class Granter:
    """Gives and takes back, each request by the connector that was named when it was asked."""

    def __init__(
        self,
        workflow: Workflow,
        store: RequestStore,
        connectors: Connectors,
        *,
        giving: Giving,
        secrets: Secrets,
        troubles: Troubles,
        told: Told = nobody,
    ) -> None:
        self._workflow = workflow
        self._store = store
        self._connectors = connectors
        self._giving = giving
        self._secrets = secrets
        self._troubles = troubles
        self._calls = Calls(told)
        self._one_at_a_time: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._again: dict[str, bool] = {}
        self._overdue: set[str] = set()

    async def handle(self, entries: Sequence[Entry]) -> None:
        """Consume events: take up what they are about, and wait a little for it."""
        events = [entry.event for entry in entries if entry.event.kind in ACTED_ON]
        taken = [self._take_up(each.request_id, more=each.kind in MORE_TIME) for each in events]
        tasks = {task for task in taken if task is not None}
        if not tasks:
            return
        done, late = await asyncio.wait(tasks, timeout=0 if self._overdue else PATIENCE)
        for task in done:
            if isinstance(error := task.exception(), Unavailable):
                raise error
        self._overdue |= {id_ for id_, task in self._under_way.items() if task in late}

    async def take_up(self, request_id: str) -> None:
        """Begin to bring one request's access to where its state wants it, and return at once.

        What is under way already is left to itself: a deadline says nothing new, and comes again.
        """
        if request_id not in self._under_way:
            self._take_up(request_id)

    def take_up_more(self, request_id: str) -> None:
        """The same for one that is live and whose target may not know its end."""
        self._take_up(request_id, more=True)

    async def close(self) -> None:
        """End what is under way; its deadline brings it back."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _take_up(self, request_id: str, *, more: bool = False) -> "asyncio.Task[None] | None":
        task = self._under_way.get(request_id)
        if task is None and len(self._under_way) >= MOST_UNDER_WAY:
            return None
        self._again[request_id] = more or self._again.get(request_id, False)
        if task is None:
            task = asyncio.create_task(self._work_on(request_id))
            task.add_done_callback(_heard)
            self._under_way[request_id] = task
        return task

    async def _work_on(self, request_id: str) -> None:
        """Settle until nothing more is said of it. What fails here has a deadline that brings it back."""
        try:
            with bound_contextvars(request=request_id):
                while request_id in self._again:
                    await self.settle(request_id, more=self._again.pop(request_id))
        except Unavailable:
            log.info("target_waits_for_store", request=request_id)
            raise
        except Exception:
            log.exception("granter_failed", request=request_id)
        finally:
            self._again.pop(request_id, None)
            self._overdue.discard(request_id)
            del self._under_way[request_id]

    async def settle(self, request_id: str, *, more: bool = False) -> None:
        """Bring one request's access to where its state wants it; `more`: its end may have moved."""
        async with self._one_at_a_time.setdefault(request_id, asyncio.Lock()):
            try:
                await self._settle(request_id, more=more)
            except (WrongState, UnknownRequest) as overtaken:
                log.info("granter_overtaken", why=str(overtaken))

    async def _settle(self, request_id: str, *, more: bool) -> None:
        request = (await self._store.load(request_id)).request
        match request.state:
            case State.APPROVED | State.SCHEDULED:
                place = await place_of(self._connectors, request)
                begun = await self._workflow.begin_grant(request_id, place)
                if begun.state is State.GRANTING:
                    await self._give_alone(begun)
            case State.GRANTING:
                await self._give_alone(request)
            case State.ACTIVE if more and request.target:
                await self._extend(request)
            case State.ENDING:
                await self._take_back(request)
            case _ if request.is_final and request.starts_at is not None:
                await self._leave_nothing(request)  # a dead process may have been granting
            case _:
                pass

    async def _give_alone(self, request: Request) -> None:
        """Let one process give at a time: of two secrets the requester would get the wrong one."""
        if request.target is None:
            await self._give(request)
            return
        async with self._giving.alone(request.id):
            request = (await self._store.load(request.id)).request
            if request.state is State.GRANTING:
                await self._give(request)

    async def _give(self, request: Request) -> None:
        try:
            granted = await self._grant(request)
        except ConnectorFailed as failure:
            await self._undo(request, str(failure))
            return
        if granted.secret:
            await self._secrets.put(request, granted.secret)
        lease = granted.lease.model_copy(update={"has_credentials": granted.secret is not None})
        try:
            await self._workflow.activate(request.id, lease)
        except WrongState:
            if (await self._store.load(request.id)).request.state is not State.ACTIVE:
                await self._leave_nothing(request)
            raise

    async def _undo(self, request: Request, error: str) -> None:
        """Take back what a failed grant may have left; if that fails too, go on as with any end that fails."""
        try:
            await self._revoke(request)
        except ConnectorFailed as failure:
            log.warning("grant_not_undone", error=error, then=str(failure))
            await self._workflow.begin_undo(request.id, error)
            return
        await self._workflow.fail_grant(request.id, error)

    async def _take_back(self, request: Request) -> None:
        await self._secrets.forget(request.id)
        try:
            await self._revoke(request)
        except ConnectorFailed as failure:
            failed = await self._workflow.fail_end(request.id, str(failure))
            await self._troubles.end_failed(failed)
            return
        await self._workflow.finish(request.id)
        await self._troubles.ended(request)

    async def _leave_nothing(self, request: Request) -> None:
        """Revoke once more what is over. What is not taken now the reconciler finds, unless it is elsewhere."""
        try:
            await self._revoke(request)
        except ConnectorFailed as failure:
            log.warning("left_to_the_reconciler", request=request.id, error=str(failure))
            if why := await why_elsewhere(self._connectors, request):
                text = f"{request.id} is over, and whether something is left of it cannot be seen: {why}"
                await self._troubles.drift(text, request.id)

    async def _extend(self, request: Request) -> None:
        await self._secrets.keep(request)
        try:
            opened, key = await self._opened(request), self._connectors.mark.key(request.id)
            await self._calls.make(
                "extend", opened, lambda: opened.connector.extend(request, key), lambda: None
            )
        except ConnectorFailed as failure:  # it ends early, not late; the reconciler tries again
            await self._troubles.not_extended(request, str(failure))

    async def _grant(self, request: Request) -> Granted:
        opened, key = await self._opened(request), self._connectors.mark.key(request.id)
        granted = await self._calls.make(
            "grant", opened, lambda: opened.connector.grant(request, key), lambda: self._take_up(request.id)
        )
        is_fixed = not opened.connector.capabilities.moves_ends
        return granted._replace(lease=granted.lease.model_copy(update={"end_is_fixed": is_fixed}))

    async def _revoke(self, request: Request) -> None:
        if request.place == "":
            return  # no place was known, so nothing was created
        opened, key = await self._opened(request), self._connectors.mark.key(request.id)
        await self._calls.make("revoke", opened, lambda: opened.connector.revoke(request, key), lambda: None)

    async def _opened(self, request: Request) -> Opened:
        """Find the connector. Raises ConnectorFailed where the settings name it no more, or lead elsewhere."""
        await must_be_there(self._connectors, request)
        opened = self._connectors.of(request)
        if opened is None:
            name = request.target.connector if request.target else ""
            raise ConnectorFailed(f"no connector {name} is set up any more; name it again in JIT_CONNECTORS")
        return opened


def _heard(task: "asyncio.Task[None]") -> None:
    """Look at how it ended, where nobody waits for it."""
    if not task.cancelled():
        task.exception()
