"""How every verb writes: load, judge, transition, save; again while others write in between.

Attempts that policy forbids are recorded before they are refused.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import structlog

from app.delegating import Delegating
from app.domain import transitions
from app.domain.delegation import Deputies
from app.domain.ids import partition_of
from app.domain.people import Principal
from app.domain.proof import API_TOKEN, Proof
from app.domain.refusals import (
    BadInput,
    Busy,
    DeniedByPolicy,
    NotByApi,
    NotPermitted,
    NotSetUp,
    Refused,
)
from app.domain.reminding import with_rungs
from app.domain.request import Request
from app.domain.transitions import Step
from app.domain.verdict import Outcome
from app.policy import Ask, Permission, Policy
from app.policy.ask import History
from app.policy.checking import must_be_bound
from app.policy.rejudging import no_longer, not_permitted
from app.store.beats import Beats
from app.store.proofs import ProofStore
from app.store.requests import ANY, KEPT_IN_INDEX, RequestStore
from app.workflow.counting import history

ATTEMPTS = 12
log = structlog.get_logger(__name__)
Transition = Callable[[Request, datetime], Step]
Decide = Callable[[Request, datetime, Deputies], Step]


def no_connectors(request: Request) -> tuple[str, ...]:
    """Plan for a bot without connectors: only what the grant key gives. Raises NotSetUp for all else."""
    if request.target:
        raise NotSetUp(request.action, f"no connector {request.target.connector} is set up")
    return ()


class Writing:
    """What the verbs share: the store, the policy in force, and who decides for whom."""

    def __init__(
        self,
        store: RequestStore,
        policy: Callable[[], Policy],
        delegating: Delegating | None = None,
        proofs: ProofStore | None = None,
        plan: Callable[[Request], tuple[str, ...]] = no_connectors,
        beats: Beats | None = None,
    ) -> None:
        """Without `delegating` nobody decides for others; without `proofs` each proof is for one thing alone.

        `plan` says what a connector will do for a request. Without `beats` no access lives by heartbeats.
        """
        self._store = store
        self._policy = policy
        self._delegating = delegating
        self._proofs = proofs
        self._plan = plan
        self._beats = beats

    @property
    def _delegations(self) -> Delegating:
        if self._delegating is None:
            raise BadInput("Nobody delegates here.")
        return self._delegating

    def require(self, by: Principal, permission: Permission) -> None:
        """Raise NotPermitted unless policy gives the person a permission."""
        if not self._policy().may(by.id, permission):
            raise NotPermitted(
                f"Policy does not let you do this: it takes the permission “{permission}”. "
                "Ask security, or whoever reviews the policies, if you need it."
            )

    async def _apply(self, request_id: str, transition: Transition) -> Request:
        """Load, transition and save, again while others write in between."""
        for attempt in range(ATTEMPTS):
            request, now = await self._store.load(request_id)
            changed, event = transition(request, now)
            if await self._store.save(changed, event, now):
                log.info(event.kind, request=request_id, state=changed.state, by=event.by)
                return changed.model_copy(update={"version": request.version + 1})
            await pause(attempt)
        raise Busy(request_id)

    async def _by_person(self, request_id: str, by: Principal, verb: str, transition: Transition) -> Request:
        """Apply what a person does; an attempt that policy forbids is recorded before it is refused."""
        async with self._recording(request_id, by, verb):
            return await self._apply(request_id, transition)

    async def _by_approver(self, request_id: str, by: Principal, verb: str, decide: Decide) -> Request:
        """Apply what someone does who decides in their own right or, where policy lets them, for another."""
        async with self._recording(request_id, by, verb):
            deputies_at = await self._deputies_of(by)

            def transition(request: Request, now: datetime) -> Step:
                deputies = deputies_at(request, now)
                return deputies.signed(decide(request, now, deputies))

            return await self._apply(request_id, transition)

    async def _may(self, request_id: str, by: Principal, verb: str, decide: Decide) -> Request:
        """Read a request on which this person may do something now. Raises what doing it would raise."""
        async with self._recording(request_id, by, verb):
            deputies_at = await self._deputies_of(by)
            request, now = await self._store.load(request_id)
            deputies = deputies_at(request, now)
            deputies.signed(decide(request, now, deputies))
            return request

    async def _deputies_of(self, by: Principal) -> Callable[[Request, datetime], Deputies]:
        """Look up for whom someone may decide, before anything is read that is to be changed."""
        held = await self._delegating.to(by) if self._delegating else ()
        entitled = self._policy().entitled
        return lambda request, now: Deputies(with_rungs(entitled, request), request, held, now)

    @asynccontextmanager
    async def _recording(self, request_id: str, by: Principal, verb: str) -> AsyncIterator[None]:
        try:
            yield
        except Refused as refusal:
            if refusal.recorded:
                await self.record_attempt(request_id, by, verb, refusal.code)
            raise

    async def record_attempt(self, request_id: str, by: Principal, verb: str, code: str) -> None:
        """Record that somebody tried something and was refused, where it was not the workflow that refused."""
        await self._apply(request_id, lambda r, now: transitions.refuse_attempt(r, by, verb, code, now))

    async def _counted(self, request_id: str) -> History | None:
        """What the requester had beside a request, where a rule about its action counts it."""
        request, now = await self._store.load(request_id)
        policy = self._policy()
        counted, _ = await self._history(policy, request.action, request.requester, now, besides=request.id)
        return counted

    async def _history(
        self, policy: Policy, action: str, by: Principal, now: datetime, besides: str = ""
    ) -> tuple[History | None, str]:
        """What someone had before, where a rule about the action counts it; unknown where too much is kept."""
        span = policy.remembers(action)
        if span is None:
            return None, ANY
        earlier = await self._store.of(partition_of(by.id), by.id)
        newest = earlier[0].id if earlier else ""
        if len(earlier) >= KEPT_IN_INDEX and earlier[KEPT_IN_INDEX - 1].created_at > now - span:
            return None, newest  # older ones may be forgotten: a count would be a guess
        return history(earlier, action, besides), newest

    def _raise_denial(
        self, request: Request, now: datetime, counted: History | None, seconds: int | None = None
    ) -> None:
        self._raise_unbound(request)
        ask = ask_of(request, now, seconds or request.seconds, request.reason, counted)
        for resource in dict.fromkeys((request.resource, request.asked_resource)):
            verdict = self._policy().denial(ask.model_copy(update={"resource": resource}))
            if verdict is not None and verdict.outcome is Outcome.DENY:
                raise DeniedByPolicy(f"Policy denies {request.id} by now: {verdict.message}.")

    def _raise_unbound(self, request: Request) -> None:
        """Raise DeniedByPolicy for what by now is given for one exact command alone, and is for none."""
        if why := why_unbound(self._policy(), request):
            raise DeniedByPolicy(f"Policy denies {request.id} by now: {why}")

    def _raise_not_permitted(self, request: Request) -> None:
        """Raise DeniedByPolicy where nothing in the present policy would let it be asked any more.

        Nothing matches means deny, of what waits too: its stages are those of the wish, but the wish must stand.
        """
        whys = [not_permitted(self._policy(), ask) for ask in as_asked(request)]
        if all(whys):
            raise DeniedByPolicy(f"Policy denies {request.id} by now: {whys[0]}.")

    def _must_take(self, proof: Proof, request: Request) -> None:
        """Raise NotByApi for a decision by a token, unless policy takes such ones."""
        if proof.kind == API_TOKEN.kind and not self._policy().decides_by_api:
            raise NotByApi(request.id)


def as_asked(request: Request) -> list[Ask]:
    """What policy was asked, or might have been: the whole time, and the one that it came to.

    Of more time that waits it is not recorded through what it was asked for.
    """
    if extension := request.extension:
        whole = ask_of(request, extension.asked_at, request.seconds + extension.seconds, request.reason, None)
        return [whole.model_copy(update={"source": "", "ip": ""})]
    spans = dict.fromkeys((request.asked_seconds, request.seconds))
    return [ask_of(request, request.created_at, seconds, request.reason, None) for seconds in spans]


def why_no_longer(policy: Policy, request: Request) -> str:
    """Say why a policy would not let the requester have by now what they have; empty where it stands."""
    if why := why_unbound(policy, request):
        return why.removesuffix(".")
    for resource in dict.fromkeys((request.resource, request.asked_resource)):
        asked = as_asked(request.model_copy(update={"extension": None, "resource": resource}))
        whys = [no_longer(policy, ask) for ask in asked]
        if all(whys):
            return whys[0]
    return ""


def why_unbound(policy: Policy, request: Request) -> str:
    """Say how a request would have to be asked that is for no exact command; empty where it need not be."""
    action = policy.actions.get(request.action)
    return must_be_bound(action) if action and action.bound and request.binding is None else ""


async def pause(attempt: int) -> None:
    """Let others finish, for a random and growing time of up to 2 s."""
    await asyncio.sleep(secrets.randbelow(1 + 2 ** min(attempt, 11)) / 1000)


def ask_of(request: Request, now: datetime, seconds: int, reason: str, counted: History | None) -> Ask:
    """What policy is asked about a request that exists."""
    return Ask(
        requester=request.requester,
        action=request.action,
        resource=request.resource,
        seconds=seconds,
        reason=reason,
        source=request.source,
        at=max(now, request.start_at or now),
        ip=request.ip,
        history=counted,
    )
