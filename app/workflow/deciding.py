"""Deciding, and asking questions before one does."""

from datetime import datetime, timedelta

from app.domain import transitions
from app.domain.delegation import Deputies
from app.domain.people import Principal
from app.domain.proof import SLACK_SESSION, Proof
from app.domain.proving import Purpose
from app.domain.question import answer_question, ask_question, must_be_askable, to_answer
from app.domain.refusals import (
    BadInput,
)
from app.domain.request import Question, Request
from app.domain.shorter import approve_for_less
from app.domain.transitions import Step
from app.domain.verdict import strictest
from app.policy.ask import History
from app.policy.narrowing import of_a_part
from app.workflow.proving import Older, Proving, resting_on
from app.workflow.writing import ask_of

NO_WHY = "Say why you deny it: the requester is told."


class Deciding(Proving):
    """What approvers do with a request that waits."""

    async def approve(
        self,
        request_id: str,
        by: Principal,
        comment: str = "",
        less: timedelta | None = None,
        proof: Proof = SLACK_SESSION,
        resource: str = "",
    ) -> Request:
        """Count an approval, for `less` time or a `resource` that is a part of what was asked, where that is said.

        Rules that deny are asked again, and of a part whether policy would give it for these approvals.
        Nothing is approved that no rule would let ask for any more. Approvals of people whom policy does not name
        any more do not count. Raises FactorNeeded where policy asks for a factor that the proof is not.
        """
        counted = await self._counted(request_id)

        async def approving(older: Older) -> Request:
            def approve(request: Request, now: datetime, deputies: Deputies) -> Step:
                request = request.decided_by(self._policy().people)

                def resting(on: Proof) -> Step:
                    if less is None and not resource:
                        return transitions.approve(request, by, deputies, now, comment, on)
                    shortest = self._policy().find_action(request.action).shortest
                    step = approve_for_less(request, by, deputies, less, shortest, now, comment, on, resource)
                    return (self._judged_anew(step[0], counted), step[1]) if resource else step

                step = deputies.signed(resting(proof))  # whoever may not is asked for no factor
                self._must_take(proof, request)
                self._raise_denial(step[0], now, counted)
                self._raise_not_permitted(step[0])
                whole, given = (self._obliged(each, now, counted) for each in (request, step[0]))
                obliged = strictest([whole, given])
                return resting(resting_on(request.id, proof, older, obliged, Purpose.APPROVE, now))

            return await self._by_approver(request_id, by, "approve", approve)

        return await self._proved(by, proof, approving)

    def _judged_anew(self, request: Request, counted: History | None) -> Request:
        """Hold a request of which a part is given to what policy says of the part. Raises Refused."""
        asked = ask_of(request, request.created_at, request.seconds, request.reason, counted)
        return request.model_copy(update={"verdict": of_a_part(self._policy(), asked, request.verdict)})

    async def deny(
        self, request_id: str, by: Principal, comment: str, proof: Proof = SLACK_SESSION
    ) -> Request:
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
        """Read a request that this person may approve now, given the factor that policy asks for.

        Raises what approving it would raise else.
        """
        return await self._may(
            request_id,
            by,
            "approve",
            lambda request, now, deputies: transitions.approve(request, by, deputies, now),
        )

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
