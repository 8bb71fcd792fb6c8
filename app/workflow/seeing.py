"""What people may see. Reads, and writes nothing."""

from collections.abc import AsyncIterator
from datetime import datetime

from app.domain.binding import must_be_bound_to
from app.domain.delegation import Deputies
from app.domain.ids import partition_of
from app.domain.people import Principal
from app.domain.refusals import (
    UnknownRequest,
)
from app.domain.request import Extension, Request
from app.domain.verdict import Stage
from app.domain.waiting import extension_waits_for, waits_for
from app.policy import Permission
from app.policy.explain import Explanation, explain
from app.workflow.writing import Writing, ask_of

LISTED = 20


class Seeing(Writing):
    """Shows requests to those whom they concern."""

    async def now(self) -> datetime:
        """The clock by which everything here is judged."""
        return await self._store.now()

    async def see(self, request_id: str, by: Principal) -> Request:
        """Read a request that concerns this person. Raises UnknownRequest alike for others' and for none."""
        deputies = await self._deputies_of(by)
        request, now = await self._store.load(request_id)
        if not self._may_see(request, by, deputies(request, now)):
            raise UnknownRequest(request_id)
        return request

    async def mine(self, by: Principal) -> list[Request]:
        """One's own requests, newest first."""
        return await self._store.of(partition_of(by.id), by.id, LISTED)

    async def waiting_for(self, by: Principal) -> list[Request]:
        """Pending requests that this person may decide now, oldest first."""
        deputies, now = await self._deputies_of(by), await self._store.now()
        people = self._policy().people
        pending = [each.decided_by(people) for each in await self._store.pending()]
        return [each for each in pending if waits_for(each, by, deputies(each, now), now)]

    async def decisions_for(self, by: Principal) -> list[str]:
        """Ids of requests of which a decision, on access or on more time, waits for this person now."""
        access = [each.id for each in await self.waiting_for(by)]
        deputies, now = await self._deputies_of(by), await self._store.now()
        more_time = [
            each.id
            async for each in self._store.each_live()
            if extension_waits_for(each, by, deputies(each, now), now)
        ]
        return access + more_time

    async def own(self, request_id: str, by: Principal) -> Request:
        """Read a request of one's own. Raises UnknownRequest alike for others' and for none."""
        request = (await self._store.load(request_id)).request
        if not by.is_same_person(request.requester):
            raise UnknownRequest(request_id)
        return request

    async def must_be_bound_to(self, request: Request, by: Principal, digest: str) -> None:
        """Raise DigestNeeded or DigestMismatch unless one's request is for what has this digest; that is recorded."""
        async with self._recording(request.id, by, "use"):
            must_be_bound_to(request.id, request.binding, digest)

    async def explain(self, request_id: str, by: Principal) -> tuple[Request, Explanation]:
        """Explain what the policy in force says of a request as it was asked. Raises UnknownRequest."""
        request = await self.see(request_id, by)
        counted = await self._counted(request_id)
        asked = ask_of(request, request.created_at, request.seconds, request.reason, counted)
        return request, explain(self._policy(), asked.model_copy(update={"resource": request.asked_resource}))

    async def live(self) -> AsyncIterator[Request]:
        """Everything live, for the digest. Who may see it is the caller's to check by `require`."""
        async for request in self._store.each_live():
            if request.is_live:  # and not only approved, or waiting for its start
                yield request

    def _may_see(self, request: Request, by: Principal, deputies: Deputies) -> bool:
        policy = self._policy()
        return (
            by.is_same_person(request.requester)
            or any(by.id in deputies(stage) for stage in request.verdict.stages)
            or any(by.id in deputies(stage) for stage in _stages_of(request.extension))
            or policy.may(by.id, Permission.AUDIT)
            or policy.may(by.id, Permission.REVOKE)
        )


def _stages_of(extension: Extension | None) -> tuple[Stage, ...]:
    return extension.verdict.stages if extension else ()
