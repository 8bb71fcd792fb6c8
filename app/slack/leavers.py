"""People who are deactivated in Slack.

What they hold is taken back, what they asked for is cancelled, and cards that wait for them, or for those in whose
place they decide, are made to say so. Only what is positively known leads to that: Slack has said that somebody
is deactivated. Silence and errors lead to nothing, and are looked at again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import structlog

from app.domain.delegation import Delegation
from app.domain.people import Principal
from app.domain.refusals import NotKnown
from app.domain.request import Request, State
from app.policy import Policy
from app.slack.identity import Identity
from app.slack.rejudging import delegates, is_asked, unless_overtaken
from app.store.once import Once
from app.store.requests import RequestStore
from app.workflow import Workflow

ASKED_AT_ONCE = 20
"""People whom one look asks Slack about: users.info takes about 100 calls a minute (docs: apis/web-api/rate-limits)."""
log = structlog.get_logger(__name__)


class Leavers:
    """Looks for people who are gone; every change goes through the workflow, by one replica, once."""

    def __init__(
        self,
        store: RequestStore,
        workflow: Workflow,
        policy: Callable[[], Policy],
        identity: Identity,
        once: Once,
        delegations: Callable[[], Awaitable[Sequence[Delegation]]],
    ) -> None:
        self._store = store
        self._workflow = workflow
        self._policy = policy
        self._identity = identity
        self._once = once
        self._delegations = delegations
        self._asked: dict[str, None] = {}
        self._alone = asyncio.Lock()
        """What is told twice at once is done one after the other: of replicas `Once` sees to that, here this."""

    # -- deactivated in Slack ------------------------------------------------------------------------

    async def left(self, user_id: str) -> None:
        """Slack tells that a user is deactivated: ask it once more, then take back what is theirs."""
        async with self._alone:
            await self._left(user_id)

    async def _left(self, user_id: str) -> None:
        pending, live = await self._store.pending(), await self._store.live()
        theirs = [each for each in (*pending, *live) if each.requester.slack == user_id]
        person = self._policy().person_by_slack(user_id) or next((each.requester for each in theirs), None)
        if person is None or not await self._is_gone(person):
            return
        await self._take_back(person, theirs)
        await self._tell_of(person, [*pending, *live])

    async def look(self) -> None:
        """Ask Slack, in turns, about some of those who hold or ask for something, or decide in another's place.

        An event may have been lost.
        """
        found = [*await self._store.pending(), *await self._store.live()]
        people = {each.requester.slack: each.requester for each in found if each.requester.slack}
        people |= {each.delegate.slack: each.delegate for each in await self._delegations()}
        turn = [slack for slack in people if slack not in self._asked][:ASKED_AT_ONCE]
        if not turn:
            self._asked.clear()
            turn = list(people)[:ASKED_AT_ONCE]
        for slack in turn:
            self._asked[slack] = None
            if await self._is_gone(people[slack]):
                await self._take_back(people[slack], [e for e in found if e.requester.slack == slack])
                await self._tell_of(people[slack], found)

    async def _is_gone(self, person: Principal) -> bool:
        try:
            return await self._identity.is_gone(person)
        except NotKnown:
            return False

    async def _take_back(self, person: Principal, theirs: Iterable[Request]) -> None:
        because = f"{person.name} was deactivated in Slack"
        for request in theirs:
            if request.state is not State.ENDING:
                await unless_overtaken(self._workflow.withdraw(request.id, because))

    async def _tell_of(self, person: Principal, found: Iterable[Request]) -> None:
        """Have the cards that wait for somebody who is gone, or for whom they stand in, say so."""
        policy = self._policy()
        if person.id not in policy.people:
            return
        stood_in = [each for each in await self._delegations() if each.delegate.is_same_person(person)]
        waiting = [
            request
            for request in found
            if is_asked(policy, request, {person.id})
            or any(delegates(each, policy, request) for each in stood_in)
        ]
        because = f"{person.name} was deactivated in Slack"
        await self._tell(waiting, because, f"left-{person.slack}", person.slack)

    async def _tell(self, requests: Iterable[Request], because: str, key: str, left: str) -> None:
        """Have the cards of open requests say who may decide now; each once, however often this is done."""
        for request in requests:
            if await self._once.take(request.id, key):
                await unless_overtaken(self._workflow.tell_approvers_changed(request.id, because, left))
                await self._once.done(request.id, key)
