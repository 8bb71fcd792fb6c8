"""More time for access that is live."""

import secrets
from datetime import datetime, timedelta

from app.domain.confirming import is_confirmed
from app.domain.delegation import Deputies
from app.domain.extension import ask_extension, decide_extension, must_be_extendable
from app.domain.people import Principal
from app.domain.proof import SLACK_SESSION, Proof
from app.domain.proving import Purpose
from app.domain.refusals import (
    BadInput,
)
from app.domain.request import Extension, Request
from app.domain.run import Run
from app.domain.transitions import Step
from app.policy import Ask, Policy
from app.policy.ask import History
from app.workflow.proving import Older, Proving, resting_on
from app.workflow.writing import ask_of

SHORTEST_EXTENSION = timedelta(minutes=1)


class _AskedBefore(Exception):  # noqa: N818  no failure: the answer is the same as the first time
    """More time was asked for by the same message already."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.id)
        self.request = request


class MoreTime(Proving):
    """Asks for more time, and decides on it."""

    async def extend(
        self,
        request_id: str,
        by: Principal,
        more: timedelta,
        reason: str,
        delivery: str = "",
        source: str = "slack",
        ip: str = "",
        ip_told_by: str = "",
        proof: Proof = SLACK_SESSION,
        run: Run | None = None,
    ) -> Request:
        """Ask for more time for one's own access; policy judges the whole time since its start.

        `delivery` names the message that asks, so that it counts once; `source`, `ip`, `ip_told_by` and `run` are
        those of this wish, which may come by another way than the request did. Raises FactorNeeded where what comes of
        it takes a factor of the requester by which the access was not confirmed.
        """
        counted = await self._counted(request_id)
        delivery = delivery or secrets.token_hex(16)

        def ask(request: Request, now: datetime, older: Older) -> Step:
            if delivery in request.extended_by and by.is_same_person(request.requester):
                raise _AskedBefore(request)
            policy = self._policy()
            ask = _longer(policy, request, now, more, reason, counted)
            verdict = policy.judge(ask.model_copy(update={"source": source, "ip": ip}))
            extension = Extension(
                seconds=int(more.total_seconds()),
                reason=reason.strip(),
                verdict=verdict,
                asked_at=now,
                delivery=delivery,
                source=source,
                ip=ip,
                ip_told_by=ip_told_by,
                run=run,
            )
            step = ask_extension(request, by, extension, now)
            self._raise_unbound(request)
            obliged = self._obliged(request.model_copy(update={"extension": extension}), now, counted)
            if is_confirmed(request, obliged):
                return step
            rests_on = resting_on(request.id, proof, older, obliged, Purpose.EXTEND, now)
            return ask_extension(request, by, extension, now, rests_on)

        async def asking(older: Older) -> Request:
            return await self._by_person(request_id, by, "extend", lambda r, now: ask(r, now, older))

        try:
            return await self._proved(by, proof, asking)
        except _AskedBefore as before:
            return before.request

    async def more_time_needs_address(
        self, request_id: str, by: Principal, more: timedelta, reason: str
    ) -> bool:
        """Tell whether policy would say something else if it knew where a wish in Slack comes from.

        Raises what asking would raise, but for what policy says.
        """
        counted = await self._counted(request_id)
        async with self._recording(request_id, by, "extend"):
            request, now = await self._store.load(request_id)
            must_be_extendable(request, by, now)
            policy = self._policy()
            ask = _longer(policy, request, now, more, reason, counted)
            return policy.needs_address(ask.model_copy(update={"source": "slack", "ip": ""}))

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
        proof: Proof = SLACK_SESSION,
        shown: str | None = None,
    ) -> Request:
        """Count a decision on more time. Rules that deny are asked again first. Approving may raise FactorNeeded.

        `shown` is the name of the extension that the person saw, where that is known.
        """
        counted = await self._counted(request_id)

        verb = "approve more time of" if approved else "deny more time of"

        async def deciding(older: Older) -> Request:
            def decide(request: Request, now: datetime, deputies: Deputies) -> Step:
                if request.extension:
                    counting = request.extension.decided_by(self._policy().people)
                    request = request.model_copy(update={"extension": counting})

                def resting(on: Proof) -> Step:
                    return decide_extension(
                        request, by, deputies, now, approved=approved, comment=comment, proof=on, shown=shown
                    )

                step = deputies.signed(resting(proof))  # whoever may not is asked for no factor
                self._must_take(proof, request)
                if not (approved and request.extension):
                    return step
                whole = request.seconds + request.extension.seconds
                self._raise_denial(_as_extended(request, request.extension), now, counted, whole)
                self._raise_not_permitted(request)
                obliged = self._obliged(request, now, counted)
                return resting(resting_on(request.id, proof, older, obliged, Purpose.MORE_TIME, now))

            return await self._by_approver(request_id, by, verb, decide)

        return await self._proved(by, proof, deciding)


def _longer(
    policy: Policy, request: Request, now: datetime, more: timedelta, reason: str, counted: History | None
) -> Ask:
    """What policy is asked about the whole time. Raises BadInput."""
    whole = request.duration + more
    checked = policy.check(request.action, request.resource, whole, reason or request.reason)
    return ask_of(request, now, int(whole.total_seconds()), checked.reason, counted)


def _as_extended(request: Request, extension: Extension) -> Request:
    """Say of a request that it came the way that the wish for more time came; earlier records do not tell it."""
    if not extension.source:
        return request
    return request.model_copy(update={"source": extension.source, "ip": extension.ip})
