"""Holding verbs to the factors that policy asks for, and the requester's own proof before access begins."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime

from app.domain.confirming import confirm, is_confirmed, must_be_confirmable
from app.domain.people import Principal
from app.domain.proof import SLACK_SESSION, Factor, Proof
from app.domain.proving import Purpose, factors_asked, must_be_proved, still_proves
from app.domain.refusals import FactorNeeded, Unavailable
from app.domain.request import Request
from app.domain.transitions import Step
from app.domain.verdict import Obligations, strictest
from app.policy.ask import History
from app.workflow.writing import Writing, ask_of

Older = Sequence[Proof]
"""Proofs that a person made for something else, the latest first."""


class Proving(Writing):
    """Asks for factors, and takes the requester's."""

    async def needed(self, request: Request, purpose: Purpose) -> tuple[Factor, ...] | None:
        """Name the factors of which one is needed now; None where none is, and none of any where nobody has it.

        For `EXTEND` what the access itself takes is named: an extension is judged when it is asked for.
        """
        now = await self._store.now()
        counted, _ = await self._history(
            self._policy(), request.action, request.requester, now, besides=request.id
        )
        obliged = self._obliged(request, now, counted)
        asks_requester = purpose in {Purpose.CONFIRM, Purpose.EXTEND}
        return None if asks_requester and is_confirmed(request, obliged) else factors_asked(obliged, purpose)

    async def may_confirm(self, request_id: str, by: Principal) -> Request:
        """Read a request that this person may confirm now, given a factor. Raises what confirming would raise."""
        counted = await self._counted(request_id)
        async with self._recording(request_id, by, "confirm"):
            request, now = await self._store.load(request_id)
            must_be_confirmable(request, by, self._obliged(request, now, counted), now)
            return request

    async def confirm(self, request_id: str, by: Principal, proof: Proof = SLACK_SESSION) -> Request:
        """Confirm, by a factor, that one is the requester whose access is to begin. Raises FactorNeeded."""
        counted = await self._counted(request_id)

        async def confirming(older: Older) -> Request:
            def confirmed(request: Request, now: datetime) -> Step:
                obliged = self._obliged(request, now, counted)
                must_be_confirmable(request, by, obliged, now)
                rests_on = resting_on(request.id, proof, older, obliged, Purpose.CONFIRM, now)
                return confirm(request, by, rests_on, obliged, now)

            return await self._by_person(request_id, by, "confirm", confirmed)

        return await self._proved(by, proof, confirming)

    async def _proved(
        self, by: Principal, proof: Proof, attempt: Callable[[Older], Awaitable[Request]]
    ) -> Request:
        """Do what may take a factor. To a click in Slack alone a proof may count that was made for something else."""
        try:
            done = await attempt(())
        except FactorNeeded:
            if self._proofs is None or proof.kind != SLACK_SESSION.kind:
                raise
            return await attempt(await self._proofs.latest(by.id))
        if self._proofs is not None and proof.factor is not None:
            with suppress(Unavailable):  # it is done; the person proves themselves once more next time
                await self._proofs.remember(by.id, proof, await self._store.now())
        return done

    def _obliged(self, request: Request, now: datetime, counted: History | None) -> Obligations:
        """What a request is held to: its own verdict, that of more time, and the policy in force, all together."""
        more = request.extension
        seconds = request.seconds + (more.seconds if more else 0)
        frozen = [request.verdict.obligations, *([more.verdict.obligations] if more else [])]
        present = self._policy().obliging(ask_of(request, now, seconds, request.reason, counted))
        return strictest([*frozen, present])


def resting_on(
    request_id: str, proof: Proof, older: Older, obliged: Obligations, purpose: Purpose, now: datetime
) -> Proof:
    """Give the proof that something rests on: the one made for it, or an older one. Raises FactorNeeded."""
    try:
        must_be_proved(request_id, proof, obliged, purpose, now)
    except FactorNeeded:
        fresh = next((each for each in older if still_proves(each, obliged, purpose, now)), None)
        if fresh is None:
            raise
        return fresh
    return proof
