"""More time for access that is live."""

import secrets
from datetime import datetime, timedelta

from app.domain.delegation import Deputies
from app.domain.extension import ask_extension, decide_extension, must_be_extendable
from app.domain.people import Principal
from app.domain.proof import SLACK_SESSION, Proof
from app.domain.refusals import (
    BadInput,
)
from app.domain.request import Extension, Request
from app.domain.transitions import Step
from app.workflow.writing import Writing, ask_of

SHORTEST_EXTENSION = timedelta(minutes=1)


class _AskedBefore(Exception):  # noqa: N818  no failure: the answer is the same as the first time
    """More time was asked for by the same message already."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.id)
        self.request = request


class MoreTime(Writing):
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
            ask = ask_of(request, now, int(whole.total_seconds()), checked.reason, counted)
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
        proof: Proof = SLACK_SESSION,
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
                self._raise_not_permitted(request)
            return step

        verb = "approve more time of" if approved else "deny more time of"
        return await self._by_approver(request_id, by, verb, decide)
