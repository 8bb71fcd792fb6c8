"""Compares what stands at targets with live grants, and removes what has no grant. It restores nothing.

A target is listed before the store is read, and a grant is in the store before its target is asked: so whatever is
listed and has no grant had none, or has none any more. It is looked at twice all the same, and once more just before
it is removed.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import structlog

from app.connectors.calls import Calls, Told, nobody
from app.connectors.places import why_elsewhere
from app.connectors.protocol import ConnectorFailed, Found
from app.connectors.registry import Connectors, Opened
from app.connectors.troubles import Troubles
from app.domain.refusals import UnknownRequest
from app.domain.request import Request, State
from app.store.requests import RequestStore
from app.workflow import Workflow

LOOKS_AGAIN_AFTER = 0.5
ENDS_SOON = timedelta(seconds=10)
"""What ends within this may be gone at the target already."""
EARLY = timedelta(seconds=5)
"""By so much a target's end may come before the grant's: it was told before more time was given."""
log = structlog.get_logger(__name__)


class Drift(NamedTuple):
    """What a target holds, and should not, or lacks, and should hold; or that it could not be compared."""

    connector: str
    request_id: str
    said: str
    settled: bool
    """Whether nothing is left to be done about it."""

    def __str__(self) -> str:
        return f"{self.connector}: {self.said}"


class Reconciler:
    """Runs once each time it is called. Several may run at a time: what one removes the other does not find."""

    def __init__(
        self,
        connectors: Connectors,
        store: RequestStore,
        workflow: Workflow,
        troubles: Troubles,
        extend: Callable[[str], object] = lambda _: None,
        told: Told = nobody,
    ) -> None:
        """`extend` is told a request whose target ends it too early."""
        self._connectors = connectors
        self._store = store
        self._workflow = workflow
        self._troubles = troubles
        self._extend = extend
        self._calls = Calls(told)

    async def run(self) -> list[Drift]:
        """Compare every target. Raises Unavailable."""
        compared = await asyncio.gather(
            *(self._compare(name, opened) for name, opened in self._connectors.all.items())
        )
        await self._troubles.forget_all_but(self._store)
        return [drift for each in compared for drift in each]

    async def _compare(self, name: str, opened: Opened) -> list[Drift]:
        try:
            first = await self._list(opened)
            suspects = [found for found in first.values() if await self._has_no_grant(found)]
            missing = await self._missing(name, opened, first)
            if not suspects and not missing:
                return []
            await asyncio.sleep(LOOKS_AGAIN_AFTER)
            second = await self._list(opened)
        except ConnectorFailed as failure:
            log.warning("not_reconciled", connector=name, error=str(failure))
            return [Drift(name, "", f"could not be compared: {failure}", settled=False)]
        left = await asyncio.gather(
            *(self._remove(name, opened, each) for each in suspects if each.key in second)
        )
        gone = await self._still_missing(name, opened, missing, second)
        return [drift for drift in (*left, *gone) if drift]

    async def _list(self, opened: Opened) -> Mapping[str, Found]:
        found = await self._calls.make("list", opened, lambda: _listed(opened), lambda: None)
        return {each.key: each for each in found}

    async def _has_no_grant(self, found: Found) -> bool:
        request_id = self._connectors.mark.request_in(found.key)
        if request_id is None:
            return False  # it is not ours to judge
        try:
            return (await self._store.load(request_id)).request.is_final
        except UnknownRequest:
            return True

    async def _remove(self, name: str, opened: Opened, found: Found) -> Drift | None:
        if not await self._has_no_grant(found):
            return None
        request_id = self._connectors.mark.request_in(found.key) or ""
        said = f"{found.key} stood at {found.place} without a grant"
        try:
            await self._calls.make("remove", opened, lambda: opened.connector.remove(found), lambda: None)
        except ConnectorFailed as failure:
            drift = Drift(name, request_id, f"{said}, and is not removed: {failure}", settled=False)
        else:
            drift = Drift(name, request_id, f"{said}, and is removed", settled=True)
        await self._report(drift)
        return drift

    async def _missing(self, name: str, opened: Opened, found: Mapping[str, Found]) -> list[Request]:
        """Find live grants of which the target has nothing; what it ends too early is told on the way."""
        if not opened.connector.capabilities.lists_all:
            return []
        missing, now = [], await self._store.now()
        async for request in self._store.each_live():
            is_here = request.target is not None and request.target.connector == name
            if request.state is not State.ACTIVE or not is_here or request.ends_at is None:
                continue
            at_target = found.get(self._connectors.mark.key(request.id))
            if at_target is None and request.ends_at - now > ENDS_SOON:
                missing.append(request)
            elif at_target and at_target.ends_at and request.ends_at - at_target.ends_at > EARLY:
                self._extend(request.id)
        return missing

    async def _still_missing(
        self, name: str, opened: Opened, missing: Sequence[Request], second: Mapping[str, Found]
    ) -> list[Drift]:
        drifts = []
        again = {each.id for each in await self._missing(name, opened, second)} if missing else set()
        for request in missing:
            if request.id in again:
                why = await why_elsewhere(self._connectors, request)
                said = f"the access of {request.id} is not there" + (
                    f": {why}" if why else ", though its grant is live"
                )
                drifts.append(Drift(name, request.id, said, settled=False))
                await self._report(drifts[-1])
        return drifts

    async def _report(self, drift: Drift) -> None:
        """Tell it in the log, the audit log and the admin channel; what lasts once an hour."""
        log.error("drift", connector=drift.connector, about=drift.request_id, said=drift.said)
        if await self._troubles.is_new(drift.request_id, drift.said):
            await self._workflow.note_drift(drift.request_id, drift.connector, drift.said)
            await self._troubles.drift(str(drift), drift.request_id)


async def _listed(opened: Opened) -> Sequence[Found]:
    return await opened.connector.list_active()
