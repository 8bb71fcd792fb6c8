"""Tokens of a grant that hold for minutes without a look at the store. Each is recorded before anybody has it."""

import secrets
from datetime import datetime

from app.domain.offline import Claims, issue
from app.domain.people import Principal
from app.domain.refusals import NotOffline, UnknownRequest
from app.domain.request import Request
from app.domain.token import Scope
from app.domain.transitions import Step
from app.workflow.writing import Writing

ID_BYTES = 16


class Offline(Writing):
    """Says what may be signed."""

    async def issue_offline(
        self, request_id: str, by: Principal, audience: str, ip: str = "", *, for_all: bool = False
    ) -> Claims:
        """Record that somebody gets a token of a live grant, and give what it says.

        The requester of the grant may; and machines that policy lets have those of everyone, where their token
        is for it (`for_all`). Raises UnknownRequest alike for others' and for none, WrongState, or NotOffline where
        policy does not let it.
        """
        token = secrets.token_urlsafe(ID_BYTES)
        said: list[Claims] = []

        def note(request: Request, now: datetime) -> Step:
            policy = self._policy()
            may_all = for_all and Scope.OFFLINE in policy.machines.get(by.id, frozenset[Scope]())
            if not may_all and not by.is_same_person(request.requester):
                raise UnknownRequest(request_id)
            action = policy.actions.get(request.action)
            if action is None or not action.offline:
                raise NotOffline(request_id, f"policy does not let {request.action} be used so")
            claims, step = issue(request, by, audience, token, now, ip)
            said.append(claims)
            return step

        await self._by_person(request_id, by, "sign", note)
        return said[-1]
