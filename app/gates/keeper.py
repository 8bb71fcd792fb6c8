"""Brings decisions to the gates where they are waited for. A consumer of the outbox, and a job of its own.

Events only say that a request is to be looked at; what the vendor is told follows from the request's state
(`app.domain.passing`), so repeated, late and lost events are all alike. What is to be looked at stands in the store
until it is settled: a process that dies is followed by another.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from structlog.contextvars import bound_contextvars

from app.domain.duration import format_duration
from app.domain.gate import Answer, Gate
from app.domain.passing import answer_to
from app.domain.refusals import AlreadyUsed, Unavailable, UnknownRequest, WrongState
from app.domain.request import Request, State
from app.gates.protocol import NotNow, Vendor, WaitsNoMore
from app.gates.registry import Gates
from app.gates.wording import said_of, still_open
from app.mfa.refusals import SecretUnreadable
from app.mfa.vault import Vault
from app.store.gates import SHOWN_FROM, Fate, GateStore
from app.store.giving import Giving
from app.store.requests import RequestStore
from app.store.stream import Entry
from app.workflow import Workflow

GROUP = "gates"
BATCH = 50
IDLE = 0.25
MOST_UNDER_WAY = 32
FIRST_AGAIN = 2.0
"""Seconds until a call that failed is tried again; they double with each."""
LOOKED_AT_EVERY = timedelta(minutes=10)
"""Events say when to look; this is for those that are lost with a store."""
TRIED_FOR = timedelta(days=1)
"""A no that the vendor cannot be told for so long is given up: without a yes it lets nothing through."""
log = structlog.get_logger(__name__)
Tell = Callable[[str, str], Awaitable[object]]
"""Says a text in the admin channel, once for its name."""


class Keeper:
    """Looks at gates, each by one process at a time."""

    def __init__(
        self,
        gates: Gates,
        store: GateStore,
        requests: RequestStore,
        workflow: Workflow,
        *,
        giving: Giving,
        vault: Vault,
        tell: Tell,
    ) -> None:
        self._gates = gates
        self._store = store
        self._requests = requests
        self._workflow = workflow
        self._giving = giving
        self._vault = vault
        self._tell_admins = tell
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()

    async def handle(self, entries: Sequence[Entry]) -> None:
        """Consume events: have the gates of their requests looked at."""
        for request_id in dict.fromkeys(each.event.request_id for each in entries):
            asked = [each for each in entries if each.event.request_id == request_id]
            is_new = any(each.event.kind == "requested" for each in asked) and await self._is_gated(
                request_id
            )
            await self._store.wake(request_id, new=is_new)

    async def _is_gated(self, request_id: str) -> bool:
        with suppress(UnknownRequest):
            return (await self._requests.load(request_id)).request.gate is not None
        return False

    async def run(self) -> None:
        """Look at what is due, until cancelled."""
        try:
            while True:
                try:
                    free = MOST_UNDER_WAY - len(self._under_way)
                    for request_id in await self._store.claim(free) if free > 0 else ():
                        self._take_up(request_id)
                except Unavailable:
                    log.info("gates_wait_for_store")
                except Exception:  # a bug must not end the bot: it is told, and what is due is claimed again
                    log.exception("gate_failed")
                await asyncio.sleep(IDLE)
        finally:
            tasks = list(self._under_way.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _take_up(self, request_id: str) -> None:
        """Look at one; what is being looked at already is looked at once more then."""
        self._again.add(request_id)
        if request_id not in self._under_way:
            self._under_way[request_id] = asyncio.create_task(self._look_alone(request_id))

    async def _look_alone(self, request_id: str) -> None:
        try:
            with bound_contextvars(request=request_id):
                async with self._giving.alone(request_id):
                    while request_id in self._again:
                        self._again.discard(request_id)
                        if await self._store.waits(request_id):
                            await self.look(request_id)
        except Unavailable:
            self._again.discard(request_id)
            log.info("gate_waits_for_store")
        except Exception:  # one gate's bug must not keep the others waiting; it is claimed again
            self._again.discard(request_id)
            log.exception("gate_failed", request=request_id)
        finally:
            del self._under_way[request_id]
        if request_id in self._again:  # claimed as this was ending: its claim is not to be waited for
            self._take_up(request_id)

    async def look(self, request_id: str) -> None:
        """Do what a request's state asks for at its gate, and say when to look again."""
        try:
            request, now = await self._requests.load(request_id)
        except UnknownRequest:
            await self._store.settle(request_id, Fate.FORGOTTEN)
            return
        gate = request.gate
        if gate is None:
            await self._store.settle(request_id, Fate.FORGOTTEN)
            return
        try:
            vendor = self._vendor(gate)
            token = await self._token(gate)
            answer = answer_to(request, now)
            if answer is not None:
                await self._answer(request, gate, vendor, answer, token)
            elif why := await self._overtaken(request, gate, vendor):
                await self._withdraw(request, why)
            elif vendor.waits is not None and now >= request.created_at + vendor.waits:
                limit = format_duration(vendor.waits)
                await self._withdraw(request, f"{vendor.title} waits for {limit} and no longer")
            elif request.state is State.ACTIVE:
                await self._let_through(request, gate, vendor, token)
            else:
                await self._wait(request, gate, vendor, token, now)
        except NotNow as why:
            await self._try_later(request, gate, why, now)

    # -- once the vendor asked anew ------------------------------------------------------------------------

    async def _overtaken(self, request: Request, gate: Gate, vendor: Vendor) -> str:
        """Say that the vendor asked anew, so that an answer to this request would be one to the other; else empty."""
        turn = vendor.turn(gate)
        newer = await self._store.take_turn(gate.name, turn, request.id) if turn else None
        if newer is None:
            return ""
        return f"{vendor.title} asked anew" + (f": {newer} takes its place" if newer else "")

    # -- while it is open ------------------------------------------------------------------------------------

    async def _wait(self, request: Request, gate: Gate, vendor: Vendor, token: str, now: datetime) -> None:
        try:
            await vendor.still_open(gate, token, still_open(request))
        except WaitsNoMore as why:
            await self._gone(request, gate, vendor, why)
            return
        wait = vendor.hears_every or LOOKED_AT_EVERY
        if vendor.waits is not None:
            wait = max(timedelta(), min(wait, request.created_at + vendor.waits - now))
        await self._store.later(request.id, wait.total_seconds())

    async def _let_through(self, request: Request, gate: Gate, vendor: Vendor, token: str) -> None:
        """Use the grant up once the vendor is seen to answer, and tell it.

        While it does not answer the grant stays unused, so that people can revoke it and its time can run out.
        """
        try:
            await vendor.is_ready(gate, token, still_open(request))
        except WaitsNoMore as why:
            await self._gone(request, gate, vendor, why)
            return
        if newer := await self._overtaken(request, gate, vendor):  # while the vendor was looked at
            await self._withdraw(request, newer)
            return
        try:
            used = await self._workflow.let_through(request.id)
        except (WrongState, AlreadyUsed) as overtaken:
            log.info("gate_overtaken", why=str(overtaken))
            await self._store.later(request.id, 0)
            return
        await self._answer(used, gate, vendor, Answer.APPROVED, token)

    async def _gone(self, request: Request, gate: Gate, vendor: Vendor, why: WaitsNoMore) -> None:
        """The vendor waits no more: nobody is to decide in vain, and nothing stays granted."""
        if await self._withdraw(request, f"{vendor.title} waits no more: {why}"):
            await self._note(request, gate, Answer.REJECTED, Fate.REFUSED, str(why))

    async def _withdraw(self, request: Request, because: str) -> bool:
        """Cancel or revoke, unless it went on meanwhile; then it is looked at again."""
        done = True
        try:
            await self._workflow.withdraw(request.id, because)
        except (WrongState, UnknownRequest):
            done = False
        await self._store.later(request.id, 0)
        return done

    # -- once it is decided ----------------------------------------------------------------------------------

    async def _answer(self, request: Request, gate: Gate, vendor: Vendor, answer: Answer, token: str) -> None:
        tries = await self._store.begin(request.id)
        doubt = "; it may have taken an answer that was sent before" if tries else ""
        if newer := await self._overtaken(request, gate, vendor):
            await self._note(request, gate, answer, Fate.REFUSED, f"it is not told, as {newer}{doubt}")
            return
        try:
            await vendor.tell(gate, answer, said_of(request, answer), token)
        except WaitsNoMore as why:
            await self._note(request, gate, answer, Fate.REFUSED, f"{why}{doubt}")
            return
        await self._note(request, gate, answer, Fate.ANSWERED)

    async def _note(self, request: Request, gate: Gate, answer: Answer, fate: Fate, said: str = "") -> None:
        """Record what became of it, and let it rest."""
        taken = fate is Fate.ANSWERED
        log.info("gate_answered", gate=gate.name, answer=answer.value, taken=taken, said=said)
        await self._workflow.note_gate_answered(request.id, gate, answer, taken=taken, said=said)
        if name := gate.place.get("token"):
            await self._store.forget_token(name)
        await self._store.settle(request.id, fate)

    async def _try_later(self, request: Request, gate: Gate, why: NotNow, now: datetime) -> None:
        over = request.finished_at
        if over and now - over > TRIED_FOR and answer_to(request, now) is Answer.REJECTED:
            await self._note(request, gate, Answer.REJECTED, Fate.GIVEN_UP, str(why))
            return
        text = f"{request.id} ({gate.what}) cannot be brought to the gate {gate.name}: {why}"
        failed = await self._store.later(request.id, FIRST_AGAIN, text, at_least=why.after or 0)
        log.warning("gate_not_told", gate=gate.name, said=str(why), failed=failed)
        if failed >= SHOWN_FROM:
            await self._tell_admins(
                f"{text}. It is tried again, and nothing is let through until then.",
                f"gate:{request.id}:{now:%Y-%m-%dT%H}",
            )

    def _vendor(self, gate: Gate) -> Vendor:
        vendor = self._gates.all.get(gate.name)
        if vendor is None:
            raise NotNow(f"no gate {gate.name} is set up any more; name it again in the file of JIT_GATES")
        return vendor

    async def _token(self, gate: Gate) -> str:
        """Give the token that answers for it; empty where none does, or it is gone."""
        name = gate.place.get("token", "")
        sealed = await self._store.token(name) if name else ""
        if not sealed:
            return ""
        try:
            return self._vault.open(sealed, name).secret
        except SecretUnreadable:
            raise NotNow("its access token cannot be opened: none of JIT_SECRET_KEYS fits") from None
