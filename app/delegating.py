"""The verbs of delegation, and which delegations count now. The only writer of delegations.

What is written is only what somebody wished. Whether it counts is asked again at every decision: policy must
still let the one delegate to the other for so long, and both must still be there.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog

from app.domain.delegation import Delegation
from app.domain.duration import format_duration
from app.domain.events import Delegated, DelegationEnded
from app.domain.ids import new_delegation_id
from app.domain.people import Principal
from app.domain.refusals import BadInput, Busy, NotDelegable
from app.policy import Policy
from app.policy.delegation import longest_delegation
from app.store.delegations import DelegationStore

log = structlog.get_logger(__name__)


class Delegating:
    """Delegations over their store, the policy in force, and who is there."""

    def __init__(
        self,
        store: DelegationStore,
        policy: Callable[[], Policy],
        is_there: Callable[[Principal], Awaitable[bool]],
    ) -> None:
        """`is_there` tells whether someone is an active member now; what is not known is no."""
        self._store = store
        self._policy = policy
        self._is_there = is_there

    async def delegate(
        self, by: Principal, to: Principal, until: datetime, now: datetime
    ) -> tuple[Delegation, Delegation | None]:
        """Let someone decide in one's place; gives that, and the delegation that it takes the place of.

        Raises BadInput or NotDelegable.
        """
        if to.is_same_person(by):
            raise BadInput("That is yourself: name someone else, who decides while you are away.")
        limit = longest_delegation(self._policy().delegation, by.id, to.id)
        if limit is None:
            raise NotDelegable(
                f"Policy does not let you delegate to {to.name}: the section “delegation” says who may to whom."
            )
        if until - now > limit:
            raise BadInput(
                f"Policy lets you delegate for at most {format_duration(limit)}: name an earlier end.",
                field="until",
            )
        if not await self._is_there(to):
            raise BadInput(f"{to.name} cannot decide for you: Slack does not have them as an active member.")
        before = await self.end(by, now)
        delegation = Delegation(
            id=new_delegation_id(by.id), delegator=by, delegate=to, since=now, until=until
        )
        event = Delegated(request_id=delegation.id, at=now, by=by.id, delegator=by, delegate=to, until=until)
        if not await self._store.put(delegation, event):
            raise Busy(delegation.id)
        log.info(event.kind, by=by.id, to=to.id)
        return delegation, before

    async def end(self, by: Principal, now: datetime) -> Delegation | None:
        """End one's delegation; None when there is none."""
        delegation = await self._store.of(by.id)
        if delegation is None:
            return None
        event = DelegationEnded(
            request_id=delegation.id,
            at=now,
            by=by.id,
            delegator=delegation.delegator,
            delegate=delegation.delegate,
        )
        return delegation if await self._store.end(delegation, event) else None

    async def wished(self) -> Sequence[Delegation]:
        """Every delegation that somebody wishes, whether or not policy lets it be."""
        return await self._store.all()

    async def in_force(self) -> Sequence[Delegation]:
        """Every delegation that policy lets be, with the end that policy lets it have."""
        policy = self._policy()
        if not policy.delegation:
            return ()
        return [held for each in await self._store.all() if (held := _as_policy_lets(policy, each))]

    async def to(self, delegate: Principal) -> Sequence[Delegation]:
        """The delegations by which someone may decide now: those of people who are there themselves."""
        given = [each for each in await self.in_force() if each.delegate.is_same_person(delegate)]
        return [each for each in given if await self._is_there(each.delegator)]


def _as_policy_lets(policy: Policy, delegation: Delegation) -> Delegation | None:
    """Both must be the people whom policy names by those ids, and the time within what it lets them."""
    for person in (delegation.delegator, delegation.delegate):
        named = policy.people.get(person.id)
        if named is None or named.slack != person.slack:
            return None
    limit = longest_delegation(policy.delegation, delegation.delegator.id, delegation.delegate.id)
    if limit is None:
        return None
    return delegation.model_copy(update={"until": min(delegation.until, delegation.since + limit)})
