"""Asking: what is wished is checked, judged and written once."""

import secrets
from datetime import datetime, timedelta

from app.domain import transitions
from app.domain.ids import new_request_id
from app.domain.people import Principal
from app.domain.refusals import BadInput, Busy
from app.domain.reminding import reminds_at
from app.domain.request import Request, State
from app.domain.verdict import Outcome, Verdict
from app.policy import Ask, Policy
from app.policy.checking import must_be_bound
from app.store.requests import Overtaken
from app.workflow.wish import Wish, check_start
from app.workflow.writing import ATTEMPTS, Writing, log, pause


class Asking(Writing):
    """Asks for access."""

    async def request(self, wish: Wish, by: Principal) -> Request:
        """Ask. The request comes back denied, approved or pending, as policy says. Raises BadInput or NotSetUp."""
        delivery = wish.delivery or secrets.token_hex(16)
        for attempt in range(ATTEMPTS):
            drafted, newest = await self._draft(wish, by)
            try:
                found = await self._create(drafted, delivery, newest, wish.delivery_kept)
            except Overtaken:
                await pause(attempt)
                continue
            if found is not None:
                return found
        raise Busy(drafted.id)

    async def needs_address(self, wish: Wish, by: Principal) -> bool:
        """Tell whether policy would say something else if it knew where a wish comes from. Raises BadInput."""
        policy = self._policy()
        ask, _ = await self._put(policy, wish, by, await self._store.now())
        return policy.needs_address(ask)

    def usual_seconds(self, request: Request) -> int | None:
        """Give for how long what was asked lasts where nobody says; None where policy is another one by now."""
        policy = self._policy()
        if policy.digest != request.verdict.policy_digest:
            return None
        return int(policy.actions[request.action].default.total_seconds())

    async def _put(self, policy: Policy, wish: Wish, by: Principal, now: datetime) -> tuple[Ask, str]:
        """Put a wish to policy; gives what is asked, and the newest of the earlier requests that it counts."""
        checked = policy.check(wish.action, wish.resource, wish.duration, wish.reason)
        if checked.action.bound and wish.binding is None:
            raise BadInput(must_be_bound(checked.action), field="command")
        counted, newest = await self._history(policy, checked.action.name, by, now)
        ask = Ask(
            requester=by,
            action=checked.action.name,
            resource=checked.resource,
            seconds=int(checked.duration.total_seconds()),
            reason=checked.reason,
            source=wish.source,
            at=check_start(wish.start_at, now) or now,
            ip=wish.ip,
            history=counted,
        )
        return ask, newest

    async def _draft(self, wish: Wish, by: Principal) -> tuple[Request, str]:
        """Judge a wish; gives the request, and what `RequestStore.create` is to know of those counted."""
        policy = self._policy()
        now = await self._store.now()
        ask, newest = await self._put(policy, wish, by, now)
        start_at = check_start(wish.start_at, now)
        action = policy.actions[ask.action]
        environment = policy.environments[action.environment]
        lapses_at = max(now + environment.lapse, start_at or now)
        drafted = Request(
            id=new_request_id(by.id),
            state=State.PENDING,
            requester=by,
            action=action.name,
            action_title=action.title,
            environment=environment.name,
            resource=ask.resource,
            seconds=ask.seconds,
            reason=ask.reason,
            risk=action.risk,
            channel=environment.channel,
            source=wish.source,
            ip=wish.ip,
            ip_told_by=wish.ip_told_by,
            run=wish.run,
            verdict=_once(policy.judge(ask)) if wish.gate else policy.judge(ask),
            created_at=now,
            lapses_at=lapses_at,
            reminds_at=reminds_at(now, lapses_at, environment.remind),
            start_at=start_at,
            binding=wish.binding,
            heartbeat=wish.heartbeat,
            asked_with=wish.asked_with,
            target=action.target,
            gate=wish.gate,
        )
        if wish.gate and action.target:
            raise BadInput(
                f"The action {action.name} has a connector, and a gate opens no access: name another."
            )
        if drafted.verdict.outcome is not Outcome.DENY:
            gated = (
                (f"{wish.gate.what} is let through, once, at the gate {wish.gate.name}",) if wish.gate else ()
            )
            drafted = drafted.model_copy(update={"plan": (*gated, *self._plan(drafted))})
        return drafted, newest

    async def _create(self, drafted: Request, delivery: str, newest: str, kept: timedelta) -> Request | None:
        """Write a drafted request, or find the one that the same delivery made; None when the id is taken."""
        request, event = transitions.ask(drafted)
        found = await self._store.create(request, event, delivery, newest, kept)
        if found is None:
            return None
        if found != request.id:
            return (await self._store.load(found)).request
        log.info(event.kind, request=request.id, state=request.state, by=event.by)
        return request


def _once(verdict: Verdict) -> Verdict:
    """Oblige to one use: what waits at a gate is let through once."""
    obliged = verdict.obligations.model_copy(update={"single_use": True})
    return verdict.model_copy(update={"obligations": obliged})
