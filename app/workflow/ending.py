"""Ending: by the requester, by those who may revoke, by the one use it was good for."""

from datetime import datetime

from app.domain import transitions
from app.domain.consumption import consume
from app.domain.delegation import Deputies
from app.domain.passing import let_through
from app.domain.people import Principal
from app.domain.refusals import (
    UnknownRequest,
    WrongState,
)
from app.domain.request import Request, State
from app.domain.transitions import Step
from app.policy import Permission
from app.workflow.writing import Writing, log


class Ending(Writing):
    """Takes back what was asked or given."""

    async def cancel(self, request_id: str, by: Principal) -> Request:
        """Take one's own pending request back."""
        return await self._by_person(
            request_id, by, "cancel", lambda request, now: transitions.cancel(request, by, now)
        )

    async def done(self, request_id: str, by: Principal) -> Request:
        """Give one's own access back early."""
        return await self._by_person(
            request_id, by, "done", lambda request, now: transitions.done(request, by, now)
        )

    async def revoke(self, request_id: str, by: Principal, comment: str = "") -> Request:
        """Take access away from someone."""

        def revoke(request: Request, now: datetime, deputies: Deputies) -> Step:
            may_any = self._policy().may(by.id, Permission.REVOKE)
            return transitions.revoke(request, by, deputies, may_any, now, comment)

        return await self._by_approver(request_id, by, "revoke", revoke)

    async def revoke_all(self, of: str, by: Principal, comment: str = "") -> list[Request]:
        """Take away all that someone holds or is about to; `of` is their id in policy or in Slack.

        Gives what was revoked. Raises NotPermitted unless policy lets `by` revoke.
        """
        self.require(by, Permission.REVOKE)
        revoked = []
        for request in await self._store.live():
            if of in {request.requester.id, request.requester.slack} and request.state is not State.ENDING:
                try:
                    revoked.append(await self.revoke(request.id, by, comment))
                except (WrongState, UnknownRequest) as overtaken:
                    log.info("revoke_overtaken", request=request.id, why=str(overtaken))
        return revoked

    async def consume(self, request_id: str, by: Principal, ip: str = "", digest: str = "") -> Request:
        """Use up a grant that is good for one use: whoever is first, and nobody else. Nothing is recorded twice.

        People use their own grants alone; machines those of everyone. Who may at all is the caller's to check.
        """

        def use(request: Request, now: datetime) -> Step:
            if by.id not in self._policy().machines and not by.is_same_person(request.requester):
                raise UnknownRequest(request_id)
            return consume(request, by, now, ip, digest)

        return await self._by_person(request_id, by, "consume", use)

    async def let_through(self, request_id: str) -> Request:
        """Use a grant up for what waits at its gate: from here on nobody takes it back. Raises WrongState."""
        return await self._apply(request_id, let_through)
