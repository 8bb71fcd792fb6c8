"""Delegation: deciding in the place of somebody who is away."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from app.domain.delegation import Delegation, change_deputies
from app.domain.people import Principal
from app.domain.refusals import (
    Refused,
    Unavailable,
)
from app.domain.reminding import with_rungs
from app.domain.request import Request
from app.workflow.writing import Writing


class Deputising(Writing):
    """Lets others decide in one's place."""

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
