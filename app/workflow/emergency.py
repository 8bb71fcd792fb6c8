"""Breaking glass, and the review that follows."""

from datetime import datetime

from app.domain.break_glass import break_glass, may_break_glass, must_be_reviewable, review_glass
from app.domain.people import Principal
from app.domain.proof import SLACK_SESSION, Proof
from app.domain.proving import Purpose
from app.domain.refusals import (
    BadInput,
    DeniedByPolicy,
    NotPermitted,
)
from app.domain.request import Request
from app.domain.transitions import Step
from app.domain.verdict import Outcome
from app.policy import Action, Permission
from app.workflow.asking import Asking
from app.workflow.proving import Older, Proving, resting_on
from app.workflow.wish import Wish
from app.workflow.writing import ask_of, log


class Emergency(Asking, Proving):
    """Goes past the stages where policy lets one, in the open."""

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

    async def break_glass(
        self, request_id: str, by: Principal, why: str, proof: Proof = SLACK_SESSION
    ) -> Request:
        """Go past the stages of one's own request that waits. Policy is asked again whether one may.

        Raises FactorNeeded where policy asks for a factor of the requester that the proof is not.
        """
        counted = await self._counted(request_id)

        async def breaking(older: Older) -> Request:
            def broken(request: Request, now: datetime) -> Step:
                ask = ask_of(request, now, request.seconds, request.reason, counted)
                verdict = self._policy().judge(ask)
                break_glass(request, by, why, verdict, now)  # whoever may not is asked for no factor
                obliged = self._obliged(request, now, counted)
                rests_on = resting_on(request.id, proof, older, obliged, Purpose.GLASS, now)
                return break_glass(request, by, why, verdict, now, rests_on)

            return await self._by_person(request_id, by, "break the glass for", broken)

        return await self._proved(by, proof, breaking)

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
