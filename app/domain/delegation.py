"""Deciding for somebody else: an approver who is away lets a delegate decide where they may.

A delegation never reaches one's own: not the delegate's request, and not the delegator's. It is not passed on,
for only whom policy itself entitles can delegate. And it is no second vote: what was decided for somebody counts
as decided by them, whoever they delegate to next.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from app.domain import events
from app.domain.people import Principal
from app.domain.refusals import AlreadyDecidedFor
from app.domain.request import Decision, Request
from app.domain.transitions import Entitled, Step
from app.domain.value import Value
from app.domain.verdict import Stage


class Delegation(Value):
    """`delegate` decides for `delegator` from `since` until before `until`. The id begins with a D."""

    id: str
    delegator: Principal
    delegate: Principal
    since: datetime
    until: datetime


class Deputies:
    """Who may decide the stages of one request at one moment: the entitled, and delegates of theirs."""

    def __init__(
        self, entitled: Entitled, request: Request, delegations: Iterable[Delegation], now: datetime
    ) -> None:
        self._entitled = entitled
        self._request = request
        self._delegations = tuple(each for each in delegations if _counts(each, request, now))

    def __call__(self, stage: Stage) -> Collection[str]:
        """Give the ids of all who may decide a stage.

        Whoever may decide some stage in their own right is not kept from it by a vote that is used up.
        """
        able = {person for each in self._stages for person in self._entitled(each)}
        deputies = (
            each.delegate.id
            for each in self.of(stage)
            if each.delegate.id not in able or not self._has_decided(each, each.delegate.id)
        )
        return {*self._entitled(stage), *deputies}

    @property
    def _stages(self) -> Sequence[Stage]:
        """The stages that are to be decided: those of more time where that is asked for."""
        return (self._request.extension or self._request).verdict.stages

    def of(self, stage: Stage) -> Sequence[Delegation]:
        """Give the delegations by which others may decide a stage."""
        entitled = self._entitled(stage)
        return [
            each
            for each in self._delegations
            if each.delegator.id in entitled and each.delegate.id not in entitled
        ]

    def signed(self, step: Step) -> Step:
        """Say in a decision that was just made for whom it was made, where not in one's own right.

        Raises AlreadyDecidedFor when everyone for whom it could be made has decided.
        """
        decided, event = step
        if not isinstance(event, events.Approved | events.Denied | events.ExtensionDecided):
            return step
        stage = next(stage for stage in self._stages if stage.name == event.stage)
        if event.by in self._entitled(stage):
            return step
        deputised = [each for each in self.of(stage) if each.delegate.id == event.by]
        free = [each for each in deputised if not self._has_decided(each, event.by)]
        if not free:
            raise AlreadyDecidedFor(self._request.id, [each.delegator.name for each in deputised])
        behalf = free[0].delegator
        return _signed(decided, event, behalf), event.model_copy(update={"behalf": behalf.id})

    def _has_decided(self, delegation: Delegation, delegate: str) -> bool:
        """Tell whether the delegator has decided already, by themselves or through another delegate."""
        decisions = (self._request.extension or self._request).decisions
        return any(
            decision.counts_for(delegation.delegator) and decision.by.id != delegate for decision in decisions
        )


def _counts(delegation: Delegation, request: Request, now: datetime) -> bool:
    one, other = delegation.delegator, delegation.delegate
    is_own = any(each.is_same_person(request.requester) for each in (one, other))
    return delegation.since <= now < delegation.until and not is_own and not one.is_same_person(other)


def _signed(request: Request, event: events.Event, behalf: Principal) -> Request:
    if not isinstance(event, events.ExtensionDecided):
        return request.model_copy(update={"decisions": _last_signed(request.decisions, behalf)})
    if request.extension is None:  # settled: the event alone tells
        return request
    signed = request.extension.model_copy(
        update={"decisions": _last_signed(request.extension.decisions, behalf)}
    )
    return request.model_copy(update={"extension": signed})


def _last_signed(decisions: tuple[Decision, ...], behalf: Principal) -> tuple[Decision, ...]:
    *before, last = decisions
    return (*before, last.model_copy(update={"behalf": behalf}))


def change_deputies(
    request: Request, delegation: Delegation, now: datetime, *, by: str, ended: bool = False
) -> Step:
    """Tell of a request that waits that somebody else may decide it now, or no longer."""
    return request, events.DeputiesChanged(
        request_id=request.id,
        at=now,
        by=by,
        delegator=delegation.delegator.id,
        delegate=delegation.delegate,
        until=None if ended else delegation.until,
    )
