"""What follows from time, targets and people who are gone."""

from datetime import datetime

from app.domain import transitions
from app.domain.confirming import ask_confirmation, is_confirmed
from app.domain.events import Drifted, GateAnswered
from app.domain.gate import Answer, Gate
from app.domain.people import SYSTEM
from app.domain.refusals import (
    DeniedByPolicy,
    WrongState,
)
from app.domain.reminding import escalate, put_off_reminder, remind
from app.domain.request import Lease, Request, State
from app.domain.transitions import Step
from app.domain.verdict import Rung
from app.policy.pinging import of_rung, to_remind, wake_at
from app.workflow.proving import Proving
from app.workflow.writing import why_no_longer


class Following(Proving):
    """Moves requests on that nobody clicks on."""

    async def begin_grant(self, request_id: str, place: str | None = None) -> Request:
        """Start granting an approved request, or let it wait for its start or its requester's proof.

        `place` is where its access will be. Policy may cancel it instead. Raises WrongState while the proof is still
        waited for.
        """
        counted = await self._counted(request_id)

        def begin(request: Request, now: datetime) -> Step:
            if request.state is State.APPROVED and transitions.starts_later(request, now):
                return transitions.schedule(request, now)
            try:
                self._raise_denial(request, now, counted)
            except DeniedByPolicy as denial:
                return transitions.cancel_by_policy(request, now, str(denial))
            if why := why_no_longer(self._policy(), request):
                return transitions.cancel_by_policy(
                    request, now, f"Policy denies {request.id} by now: {why}."
                )
            obliged = self._obliged(request, now, counted)
            if not is_confirmed(request, obliged):
                if request.confirms_by is not None:
                    raise WrongState(
                        request.id, "not confirmed", "grant", f"{request.id} waits for its requester"
                    )
                return ask_confirmation(request, obliged, now)
            return transitions.begin_grant(request, now, place)

        return await self._apply(request_id, begin)

    async def withdraw(self, request_id: str, because: str) -> Request:
        """The requester is gone, or may not ask any more: cancel what is open, take back what is live."""
        return await self._apply(request_id, lambda r, now: transitions.withdraw(r, now, because))

    async def withdraw_if_denied(
        self, request_id: str, because: str = "the policy in force would deny it"
    ) -> str:
        """Withdraw what policy would deny by now, as it was asked; gives why, and nothing where it stands."""
        request = (await self._store.load(request_id)).request
        why = why_no_longer(self._policy(), request)
        if why:
            await self.withdraw(request_id, f"{because}: {why}")
        return why

    async def tell_approvers_changed(
        self, request_id: str, because: str, left: str = "", came: tuple[str, ...] = ()
    ) -> Request:
        """Others than before may decide: let the card say so.

        `left` is the Slack user who is gone, `came` are the ids of people who may decide from now on.
        """
        return await self._apply(
            request_id, lambda r, now: transitions.tell_approvers_changed(r, now, because, left, came)
        )

    async def activate(self, request_id: str, lease: Lease) -> Request:
        """The target confirmed: set the grant key with its TTL."""
        return await self._apply(request_id, lambda r, now: transitions.activate(r, lease, now))

    async def fail_grant(self, request_id: str, error: str) -> Request:
        """The target refused, and nothing is left there."""
        return await self._apply(request_id, lambda r, now: transitions.fail_grant(r, error, now))

    async def begin_undo(self, request_id: str, error: str) -> Request:
        """The target refused, and may still hold something: it is taken back as at any end."""
        return await self._apply(request_id, lambda r, now: transitions.begin_undo(r, error, now))

    async def lapse(self, request_id: str) -> Request:
        """Nobody decided in time, or the requester did not confirm in time."""
        return await self._apply(request_id, transitions.lapse)

    async def remind(self, request_id: str) -> Request:
        """Nobody decided so far: remind those who may, or later where all of them have quiet hours."""

        def remind_or_put_off(request: Request, now: datetime) -> Step:
            policy = self._policy()
            wakes = wake_at(policy, request, to_remind(policy, request), now)
            return remind(request, now) if wakes == now else put_off_reminder(request, now, wakes)

        return await self._apply(request_id, remind_or_put_off)

    async def escalate(self, request_id: str) -> Request:
        """Nobody decided for so long that others may too, who have no quiet hours where there are such."""

        def escalate_to_who_is_awake(request: Request, now: datetime) -> Step:
            policy = self._policy()

            def wakes_at(rung: Rung) -> datetime | None:
                wakes = wake_at(policy, request, of_rung(policy, request, rung), now)
                return None if wakes == now else wakes or request.lapses_at

            return escalate(request, now, wakes_at)

        return await self._apply(request_id, escalate_to_who_is_awake)

    async def warn(self, request_id: str) -> Request:
        """The end is near."""
        return await self._apply(request_id, transitions.warn)

    async def expire(self, request_id: str) -> Request:
        """Time is up."""
        return await self._apply(request_id, transitions.expire)

    async def note_drift(self, request_id: str, connector: str, said: str) -> None:
        """Record that a target did not agree with the grants; the request may be long forgotten."""
        now = await self._store.now()
        await self._store.note(
            Drifted(request_id=request_id, at=now, by=SYSTEM, connector=connector, comment=said)
        )

    async def note_gate_answered(
        self, request_id: str, gate: Gate, answer: Answer, *, taken: bool, said: str = ""
    ) -> None:
        """Record that a gate's vendor took an answer, or never will; `said` is what it said."""
        event = GateAnswered(
            request_id=request_id,
            at=await self._store.now(),
            by=SYSTEM,
            gate=gate.name,
            what=gate.what,
            answer=answer,
            taken=taken,
            comment=said,
        )
        await self._store.note(event)

    async def fail_end(self, request_id: str, error: str) -> Request:
        """The target did not confirm that access is gone."""
        return await self._apply(request_id, lambda r, now: transitions.fail_end(r, error, now))

    async def finish(self, request_id: str) -> Request:
        """The target confirmed that access is gone."""
        return await self._apply(request_id, transitions.finish)
