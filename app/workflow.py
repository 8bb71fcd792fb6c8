"""The verbs: load, judge, transition, save. The only writer of requests.

Whoever calls, through whatever channel, meets the same checks here: state, policy and actor are read again
at every verb. Every verb raises a `Refused` when the answer is no.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import structlog

from app.delegating import Delegating
from app.domain import transitions
from app.domain.break_glass import break_glass, may_break_glass, must_be_reviewable, review_glass
from app.domain.consumption import consume
from app.domain.delegation import Delegation, Deputies, change_deputies
from app.domain.extension import ask_extension, decide_extension, must_be_extendable
from app.domain.ids import new_request_id, partition_of
from app.domain.people import Principal
from app.domain.question import answer_question, ask_question, must_be_askable, to_answer
from app.domain.refusals import (
    BadInput,
    Busy,
    DeniedByPolicy,
    NotByApi,
    NotPermitted,
    Refused,
    Unavailable,
    UnknownRequest,
    WrongState,
)
from app.domain.reminding import escalate, remind, reminds_at, with_rungs
from app.domain.request import Extension, Lease, Question, Request, State
from app.domain.shorter import approve_for_less
from app.domain.transitions import Step
from app.domain.value import Value
from app.domain.verdict import Outcome, Stage
from app.domain.waiting import waits_for
from app.policy import Action, Ask, Permission, Policy
from app.policy.ask import History
from app.policy.explain import Explanation, explain
from app.policy.rejudging import no_longer
from app.store.requests import ANY, KEPT_IN_INDEX, LATEST_START, Overtaken, RequestStore

ATTEMPTS = 12
LISTED = 20
CAME_TO_NOTHING = frozenset({State.DENIED, State.CANCELLED, State.LAPSED})
HELD = frozenset({State.APPROVED, State.SCHEDULED, State.GRANTING, State.ACTIVE, State.ENDING})
SOONEST = timedelta(minutes=5)
"""A start that lies this little in the past is one that came while the form was filled in."""
SHORTEST_EXTENSION = timedelta(minutes=1)
SLACK_SESSION = "slack-session"
API_TOKEN = "api-token"  # noqa: S105  a proof's name
"""What a decision rests on: a click in Slack, or a token of the API."""
NO_WHY = "Say why you deny it: the requester is told."
log = structlog.get_logger(__name__)
Transition = Callable[[Request, datetime], Step]
Decide = Callable[[Request, datetime, Deputies], Step]


class Wish(Value):
    """What someone asks for, as typed. `delivery` names the message that asked, so that it counts once."""

    action: str
    resource: str
    duration: timedelta | None = None
    reason: str = ""
    source: str = "slack"
    ip: str = ""
    ip_told_by: str = ""
    """As in `Request`."""
    delivery: str = ""
    start_at: datetime | None = None
    asked_with: tuple[str, ...] = ()
    """Other resources that the same wish names; each is a request of its own."""


class _AskedBefore(Exception):  # noqa: N818  no failure: the answer is the same as the first time
    """More time was asked for by the same message already."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.id)
        self.request = request


class Workflow:
    """Verbs over one store and the policy in force."""

    def __init__(
        self, store: RequestStore, policy: Callable[[], Policy], delegating: Delegating | None = None
    ) -> None:
        """Without `delegating` nobody decides for others."""
        self._store = store
        self._policy = policy
        self._delegating = delegating

    # -- what people do ------------------------------------------------------------------------------

    async def request(self, wish: Wish, by: Principal) -> Request:
        """Ask. The request comes back denied, approved or pending, as policy says. Raises BadInput."""
        delivery = wish.delivery or secrets.token_hex(16)
        for attempt in range(ATTEMPTS):
            drafted, newest = await self._draft(wish, by)
            try:
                found = await self._create(drafted, delivery, newest)
            except Overtaken:
                await _pause(attempt)
                continue
            if found is not None:
                return found
        raise Busy(drafted.id)

    async def _draft(self, wish: Wish, by: Principal) -> tuple[Request, str]:
        """Judge a wish; gives the request, and what `RequestStore.create` is to know of those counted."""
        policy = self._policy()
        checked = policy.check(wish.action, wish.resource, wish.duration, wish.reason)
        environment = policy.environments[checked.action.environment]
        now = await self._store.now()
        start_at = check_start(wish.start_at, now)
        seconds = int(checked.duration.total_seconds())
        counted, newest = await self._history(policy, checked.action.name, by, now)
        ask = Ask(
            requester=by,
            action=checked.action.name,
            resource=checked.resource,
            seconds=seconds,
            reason=checked.reason,
            source=wish.source,
            at=start_at or now,
            ip=wish.ip,
            history=counted,
        )
        lapses_at = max(now + environment.lapse, start_at or now)
        drafted = Request(
            id=new_request_id(by.id),
            state=State.PENDING,
            requester=by,
            action=checked.action.name,
            action_title=checked.action.title,
            environment=environment.name,
            resource=checked.resource,
            seconds=seconds,
            reason=checked.reason,
            risk=checked.action.risk,
            channel=environment.channel,
            source=wish.source,
            ip=wish.ip,
            ip_told_by=wish.ip_told_by,
            verdict=policy.judge(ask),
            created_at=now,
            lapses_at=lapses_at,
            reminds_at=reminds_at(now, lapses_at, environment.remind),
            start_at=start_at,
            asked_with=wish.asked_with,
        )
        return drafted, newest

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

    async def _create(self, drafted: Request, delivery: str, newest: str) -> Request | None:
        """Write a drafted request, or find the one that the same delivery made; None when the id is taken."""
        request, event = transitions.ask(drafted)
        found = await self._store.create(request, event, delivery, newest)
        if found is None:
            return None
        if found != request.id:
            return (await self._store.load(found)).request
        log.info(event.kind, request=request.id, state=request.state, by=event.by)
        return request

    async def approve(
        self,
        request_id: str,
        by: Principal,
        comment: str = "",
        less: timedelta | None = None,
        proof: str = SLACK_SESSION,
    ) -> Request:
        """Count an approval, for `less` than was asked where that is said. Rules that deny are asked again.

        Approvals of people whom policy does not name any more count no more.
        """
        counted = await self._counted(request_id)

        def approve(request: Request, now: datetime, deputies: Deputies) -> Step:
            request = request.decided_by(self._policy().people)
            if less is None:
                step = transitions.approve(request, by, deputies, now, comment, proof)
            else:
                shortest = self._policy().find_action(request.action).shortest
                step = approve_for_less(request, by, deputies, less, shortest, now, comment, proof)
            self._must_take(proof, request)
            self._raise_denial(step[0], now, counted)
            return step

        return await self._by_approver(request_id, by, "approve", approve)

    async def deny(self, request_id: str, by: Principal, comment: str, proof: str = SLACK_SESSION) -> Request:
        """Settle a request by a no, which says why."""
        if not comment.strip():
            raise BadInput(NO_WHY, field="comment")

        def deny(request: Request, now: datetime, deputies: Deputies) -> Step:
            step = transitions.deny(request, by, deputies, now, comment, proof)
            self._must_take(proof, request)
            return step

        return await self._by_approver(request_id, by, "deny", deny)

    async def may_decide(self, request_id: str, by: Principal) -> Request:
        """Read a request that this person may decide now. Raises what deciding it would raise."""
        return await self._may(
            request_id,
            by,
            "deny",
            lambda request, now, deputies: transitions.deny(request, by, deputies, now),
        )

    async def may_approve(self, request_id: str, by: Principal) -> Request:
        """Read a request that this person may approve now. Raises what approving it would raise."""
        return await self._may(
            request_id,
            by,
            "approve",
            lambda request, now, deputies: transitions.approve(request, by, deputies, now),
        )

    async def cancel(self, request_id: str, by: Principal) -> Request:
        """Take one's own pending request back."""
        return await self._by_person(
            request_id, by, "cancel", lambda request, now: transitions.cancel(request, by, now)
        )

    async def done(self, request_id: str, by: Principal) -> Request:
        """Give one's own access back early."""
        return await self._by_person(
            request_id, by, "done", lambda request, now: transitions.done(request, by, now)
        )

    async def revoke(self, request_id: str, by: Principal, comment: str = "") -> Request:
        """Take access away from someone."""

        def revoke(request: Request, now: datetime, deputies: Deputies) -> Step:
            may_any = self._policy().may(by.id, Permission.REVOKE)
            return transitions.revoke(request, by, deputies, may_any, now, comment)

        return await self._by_approver(request_id, by, "revoke", revoke)

    async def revoke_all(self, of: str, by: Principal, comment: str = "") -> list[Request]:
        """Take away all that someone holds or is about to; `of` is their id in policy or in Slack.

        Gives what was revoked. Raises NotPermitted unless policy lets `by` revoke.
        """
        self.require(by, Permission.REVOKE)
        revoked = []
        for request in await self._store.live():
            if of in {request.requester.id, request.requester.slack} and request.state is not State.ENDING:
                try:
                    revoked.append(await self.revoke(request.id, by, comment))
                except (WrongState, UnknownRequest) as overtaken:
                    log.info("revoke_overtaken", request=request.id, why=str(overtaken))
        return revoked

    async def consume(self, request_id: str, by: Principal, ip: str = "") -> Request:
        """Use up a grant that is good for one use: whoever is first, and nobody else. Nothing is recorded twice.

        People use their own grants alone; machines those of everyone. Who may at all is the caller's to check.
        """

        def use(request: Request, now: datetime) -> Step:
            if by.id not in self._policy().machines and not by.is_same_person(request.requester):
                raise UnknownRequest(request_id)
            return consume(request, by, now, ip)

        return await self._by_person(request_id, by, "consume", use)

    async def extend(
        self,
        request_id: str,
        by: Principal,
        more: timedelta,
        reason: str,
        delivery: str = "",
        source: str = "slack",
        ip: str = "",
    ) -> Request:
        """Ask for more time for one's own access; policy judges the whole time since its start.

        `delivery` names the message that asks, so that it counts once; `source` and `ip` are those of this
        wish, which may come by another way than the request did.
        """
        counted = await self._counted(request_id)
        delivery = delivery or secrets.token_hex(16)

        def ask(request: Request, now: datetime) -> Step:
            if delivery in request.extended_by and by.is_same_person(request.requester):
                raise _AskedBefore(request)
            policy = self._policy()
            whole = request.duration + more
            checked = policy.check(request.action, request.resource, whole, reason or request.reason)
            ask = _ask_of(request, now, int(whole.total_seconds()), checked.reason, counted)
            verdict = policy.judge(ask.model_copy(update={"source": source, "ip": ip}))
            extension = Extension(
                seconds=int(more.total_seconds()),
                reason=reason.strip(),
                verdict=verdict,
                asked_at=now,
                delivery=delivery,
            )
            return ask_extension(request, by, extension, now)

        try:
            return await self._by_person(request_id, by, "extend", ask)
        except _AskedBefore as before:
            return before.request

    async def may_extend(self, request_id: str, by: Principal) -> Request:
        """Read a request for which this person may ask more time now. Raises what asking would raise."""
        async with self._recording(request_id, by, "extend"):
            request, now = await self._store.load(request_id)
            must_be_extendable(request, by, now)
            left = self._policy().find_action(request.action).longest - request.duration
            if left < SHORTEST_EXTENSION:
                raise BadInput(f"{request_id} lasts as long as it may already: ask anew when it ends.")
            return request

    async def may_decide_extension(self, request_id: str, by: Principal) -> Request:
        """Read a request whose extension this person may decide now. Raises what deciding would raise."""
        return await self._may(
            request_id,
            by,
            "deny more time of",
            lambda request, now, deputies: decide_extension(request, by, deputies, now, approved=False),
        )

    async def decide_extension(
        self,
        request_id: str,
        by: Principal,
        *,
        approved: bool,
        comment: str = "",
        proof: str = SLACK_SESSION,
        shown: str | None = None,
    ) -> Request:
        """Count a decision on more time. Rules that deny are asked again first.

        `shown` is the name of the extension that the person saw, where that is known.
        """
        counted = await self._counted(request_id)

        def decide(request: Request, now: datetime, deputies: Deputies) -> Step:
            if request.extension:
                counting = request.extension.decided_by(self._policy().people)
                request = request.model_copy(update={"extension": counting})
            step = decide_extension(
                request, by, deputies, now, approved=approved, comment=comment, proof=proof, shown=shown
            )
            self._must_take(proof, request)
            if approved and request.extension:
                self._raise_denial(request, now, counted, request.seconds + request.extension.seconds)
            return step

        verb = "approve more time of" if approved else "deny more time of"
        return await self._by_approver(request_id, by, verb, decide)

    async def may_break_glass(self, wish: Wish, by: Principal) -> Action:
        """Find the action for which this person may go past the stages. Raises what doing it would raise."""
        request, _ = await self._draft(wish, by)
        verdict = request.verdict
        if verdict.outcome is Outcome.DENY:
            raise DeniedByPolicy(f"Policy denies it, in an emergency too: {verdict.message}.")
        if verdict.outcome is Outcome.AUTO_APPROVE:
            raise BadInput("Policy gives you this at once: no glass is in the way. Type `/jit request …`.")
        if not may_break_glass(verdict):
            log.warning("glass_held", by=by.id, action=request.action)
            raise NotPermitted(
                f"Policy does not let you break the glass for {request.action}: `/jit request` asks its approvers."
            )
        return self._policy().find_action(request.action)

    async def break_glass(self, request_id: str, by: Principal, why: str) -> Request:
        """Go past the stages of one's own request that waits. Policy is asked again whether one may."""
        counted = await self._counted(request_id)

        def broken(request: Request, now: datetime) -> Step:
            ask = _ask_of(request, now, request.seconds, request.reason, counted)
            return break_glass(request, by, why, self._policy().judge(ask), now)

        return await self._by_person(request_id, by, "break the glass for", broken)

    async def may_review(self, request_id: str, by: Principal) -> Request:
        """Read a request whose broken glass this person may review now. Raises what reviewing would raise."""
        async with self._recording(request_id, by, "review"):
            request = (await self._store.load(request_id)).request
            must_be_reviewable(request, by, self._policy().may(by.id, Permission.REVIEW))
            return request

    async def review(self, request_id: str, by: Principal, comment: str) -> Request:
        """Close the review of a broken glass."""

        def reviewed(request: Request, now: datetime) -> Step:
            may_review = self._policy().may(by.id, Permission.REVIEW)
            return review_glass(request, by, may_review, comment, now)

        return await self._by_person(request_id, by, "review", reviewed)

    async def may_ask(self, request_id: str, by: Principal) -> Request:
        """Read a request about which this person may ask now. Raises what asking would raise."""
        async with self._recording(request_id, by, "ask about"):
            deputies = await self._deputies_of(by)
            request, now = await self._store.load(request_id)
            must_be_askable(request, by, deputies(request, now), now)
            return request

    async def ask(self, request_id: str, by: Principal, text: str) -> Request:
        """Put a question to the other side; nothing is settled by it."""
        return await self._by_approver(
            request_id,
            by,
            "ask about",
            lambda request, now, deputies: ask_question(request, by, deputies, text, now),
        )

    async def may_answer(self, request_id: str, by: Principal) -> tuple[Request, tuple[Question, ...]]:
        """Read the open questions that this person may answer now. Raises what answering would raise."""
        async with self._recording(request_id, by, "answer"):
            deputies = await self._deputies_of(by)
            request, now = await self._store.load(request_id)
            return request, to_answer(request, by, deputies(request, now), now)

    async def answer(self, request_id: str, by: Principal, number: int, text: str) -> Request:
        """Answer a question of the other side."""
        return await self._by_approver(
            request_id,
            by,
            "answer",
            lambda request, now, deputies: answer_question(request, by, deputies, number, text, now),
        )

    async def delegate(self, by: Principal, to: Principal, until: datetime) -> Delegation:
        """Let someone decide in one's place; requests that wait are told. Raises BadInput or NotDelegable."""
        delegation, before = await self._delegations.delegate(by, to, until, await self._store.now())
        if before is not None:
            await self._tell_deputies_changed(before, ended=True)
        await self._tell_deputies_changed(delegation)
        return delegation

    async def end_delegation(self, by: Principal) -> Delegation | None:
        """Decide oneself again; None when one has not delegated."""
        ended = await self._delegations.end(by, await self._store.now())
        if ended is not None:
            await self._tell_deputies_changed(ended, ended=True)
        return ended

    async def delegations(self) -> Sequence[Delegation]:
        """Every delegation that policy lets be, by now."""
        now = await self._store.now()
        held = await self._delegating.in_force() if self._delegating else ()
        return [each for each in held if now < each.until]

    async def _tell_deputies_changed(self, delegation: Delegation, *, ended: bool = False) -> None:
        """Let the card of each request that waits and is concerned show who may decide it."""
        entitled, by = self._policy().entitled, delegation.delegator
        waiting: list[Request] = []
        with suppress(Unavailable):  # it is made or ended: to say that nothing was done would be untrue
            waiting = await self._store.pending()
        for request in waiting:
            able = with_rungs(entitled, request)
            stages = [stage for stage in request.verdict.stages if by.id in able(stage)]
            others = (by, delegation.delegate)
            if not stages or any(each.is_same_person(request.requester) for each in others):
                continue
            with suppress(Refused):  # settled meanwhile: there is nothing to show any more
                await self._apply(
                    request.id,
                    lambda r, now: change_deputies(r, delegation, now, by=by.id, ended=ended),
                )

    @property
    def _delegations(self) -> Delegating:
        if self._delegating is None:
            raise BadInput("Nobody delegates here.")
        return self._delegating

    async def now(self) -> datetime:
        """The clock by which everything here is judged."""
        return await self._store.now()

    # -- what people see -----------------------------------------------------------------------------

    async def see(self, request_id: str, by: Principal) -> Request:
        """Read a request that concerns this person. Raises UnknownRequest alike for others' and for none."""
        deputies = await self._deputies_of(by)
        request, now = await self._store.load(request_id)
        if not self._may_see(request, by, deputies(request, now)):
            raise UnknownRequest(request_id)
        return request

    async def mine(self, by: Principal) -> list[Request]:
        """One's own requests, newest first."""
        return await self._store.of(partition_of(by.id), by.id, LISTED)

    async def waiting_for(self, by: Principal) -> list[Request]:
        """Pending requests that this person may decide now, oldest first."""
        deputies, now = await self._deputies_of(by), await self._store.now()
        people = self._policy().people
        pending = [each.decided_by(people) for each in await self._store.pending()]
        return [each for each in pending if waits_for(each, by, deputies(each, now), now)]

    async def own(self, request_id: str, by: Principal) -> Request:
        """Read a request of one's own. Raises UnknownRequest alike for others' and for none."""
        request = (await self._store.load(request_id)).request
        if not by.is_same_person(request.requester):
            raise UnknownRequest(request_id)
        return request

    async def explain(self, request_id: str, by: Principal) -> tuple[Request, Explanation]:
        """Explain what the policy in force says of a request as it was asked. Raises UnknownRequest."""
        request = await self.see(request_id, by)
        counted = await self._counted(request_id)
        asked = _ask_of(request, request.created_at, request.seconds, request.reason, counted)
        return request, explain(self._policy(), asked)

    async def live(self) -> AsyncIterator[Request]:
        """Everything live, for the digest. Who may see it is the caller's to check by `require`."""
        async for request in self._store.each_live():
            if request.is_live:  # and not only approved, or waiting for its start
                yield request

    def require(self, by: Principal, permission: Permission) -> None:
        """Raise NotPermitted unless policy gives the person a permission."""
        if not self._policy().may(by.id, permission):
            raise NotPermitted(
                f"Policy does not let you do this: it takes the permission “{permission}”. "
                "Ask security, or whoever reviews the policies, if you need it."
            )

    def _may_see(self, request: Request, by: Principal, deputies: Deputies) -> bool:
        policy = self._policy()
        return (
            by.is_same_person(request.requester)
            or any(by.id in deputies(stage) for stage in request.verdict.stages)
            or any(by.id in deputies(stage) for stage in _stages_of(request.extension))
            or policy.may(by.id, Permission.AUDIT)
            or policy.may(by.id, Permission.REVOKE)
        )

    # -- what time and targets do --------------------------------------------------------------------

    async def begin_grant(self, request_id: str) -> Request:
        """Start granting an approved request, or let it wait for its start; policy may cancel it instead."""
        counted = await self._counted(request_id)

        def begin(request: Request, now: datetime) -> Step:
            if request.state is State.APPROVED and transitions.starts_later(request, now):
                return transitions.schedule(request, now)
            try:
                self._raise_denial(request, now, counted)
            except DeniedByPolicy as denial:
                return transitions.cancel_by_policy(request, now, str(denial))
            return transitions.begin_grant(request, now)

        return await self._apply(request_id, begin)

    async def withdraw(self, request_id: str, because: str) -> Request:
        """The requester is gone, or may not ask any more: cancel what is open, take back what is live."""
        return await self._apply(request_id, lambda r, now: transitions.withdraw(r, now, because))

    async def withdraw_if_denied(self, request_id: str) -> str:
        """Withdraw what policy would deny by now, as it was asked; gives why, and nothing where it stands."""
        request = (await self._store.load(request_id)).request
        asked = _ask_of(request, request.created_at, request.seconds, request.reason, None)
        why = no_longer(self._policy(), asked)
        if why:
            await self.withdraw(request_id, f"the policy in force would deny it: {why}")
        return why

    async def tell_approvers_changed(self, request_id: str, because: str, left: str = "") -> Request:
        """Others than before may decide: let the card say so. `left`: the Slack user who is gone."""
        return await self._apply(
            request_id, lambda r, now: transitions.tell_approvers_changed(r, now, because, left)
        )

    async def activate(self, request_id: str, lease: Lease) -> Request:
        """The target confirmed: set the grant key with its TTL."""
        return await self._apply(request_id, lambda r, now: transitions.activate(r, lease, now))

    async def fail_grant(self, request_id: str, error: str) -> Request:
        """The target refused, and nothing is left there."""
        return await self._apply(request_id, lambda r, now: transitions.fail_grant(r, error, now))

    async def lapse(self, request_id: str) -> Request:
        """Nobody decided in time."""
        return await self._apply(request_id, transitions.lapse)

    async def remind(self, request_id: str) -> Request:
        """Nobody decided so far."""
        return await self._apply(request_id, remind)

    async def escalate(self, request_id: str) -> Request:
        """Nobody decided for so long that others may too."""
        return await self._apply(request_id, escalate)

    async def warn(self, request_id: str) -> Request:
        """The end is near."""
        return await self._apply(request_id, transitions.warn)

    async def expire(self, request_id: str) -> Request:
        """Time is up."""
        return await self._apply(request_id, transitions.expire)

    async def fail_end(self, request_id: str, error: str) -> Request:
        """The target did not confirm that access is gone."""
        return await self._apply(request_id, lambda r, now: transitions.fail_end(r, error, now))

    async def finish(self, request_id: str) -> Request:
        """The target confirmed that access is gone."""
        return await self._apply(request_id, transitions.finish)

    # -- how ------------------------------------------------------------------------------------------

    async def _counted(self, request_id: str) -> History | None:
        """What the requester had beside a request, where a rule about its action counts it."""
        request, now = await self._store.load(request_id)
        policy = self._policy()
        counted, _ = await self._history(policy, request.action, request.requester, now, besides=request.id)
        return counted

    def _must_take(self, proof: str, request: Request) -> None:
        """Raise NotByApi for a decision by a token, unless policy takes such ones."""
        if proof == API_TOKEN and not self._policy().decides_by_api:
            raise NotByApi(request.id)

    def _raise_denial(
        self, request: Request, now: datetime, counted: History | None, seconds: int | None = None
    ) -> None:
        ask = _ask_of(request, now, seconds or request.seconds, request.reason, counted)
        verdict = self._policy().denial(ask)
        if verdict is not None and verdict.outcome is Outcome.DENY:
            raise DeniedByPolicy(f"Policy denies {request.id} by now: {verdict.message}.")

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
                code = refusal.code
                await self._apply(
                    request_id, lambda r, now: transitions.refuse_attempt(r, by, verb, code, now)
                )
            raise

    async def _apply(self, request_id: str, transition: Transition) -> Request:
        """Load, transition and save, again while others write in between."""
        for attempt in range(ATTEMPTS):
            request, now = await self._store.load(request_id)
            changed, event = transition(request, now)
            if await self._store.save(changed, event, now):
                log.info(event.kind, request=request_id, state=changed.state, by=event.by)
                return changed.model_copy(update={"version": request.version + 1})
            await _pause(attempt)
        raise Busy(request_id)


async def _pause(attempt: int) -> None:
    """Let others finish, for a random and growing time of up to 2 s."""
    await asyncio.sleep(secrets.randbelow(1 + 2 ** min(attempt, 11)) / 1000)


def history(earlier: Iterable[Request], action: str, besides: str = "") -> History:
    """Count what someone had before: `besides` is the request that is judged, and not counted."""
    others = [request for request in earlier if request.id != besides]
    return History(
        asked=tuple(
            request.created_at
            for request in others
            if request.action == action and request.state not in CAME_TO_NOTHING
        ),
        live=sum(request.state in HELD for request in others),
    )


def check_start(wanted: datetime | None, now: datetime) -> datetime | None:
    """Check the start that someone asks for; one that has just passed is at once. Raises BadInput."""
    if wanted is None or now - SOONEST < wanted <= now:
        return None
    if wanted < now:
        raise BadInput(
            "The start lies in the past: leave it out to start as soon as it is approved.", field="start"
        )
    if wanted > now + LATEST_START:
        raise BadInput(
            f"The start lies more than {LATEST_START.days} days ahead: ask nearer to it.", field="start"
        )
    return wanted


def _stages_of(extension: Extension | None) -> tuple[Stage, ...]:
    return extension.verdict.stages if extension else ()


def _ask_of(request: Request, now: datetime, seconds: int, reason: str, counted: History | None) -> Ask:
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
