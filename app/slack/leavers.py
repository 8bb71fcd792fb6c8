"""People who are gone: deactivated in Slack, or no longer let by policy have what they have.

What they hold is taken back, what they asked for is cancelled, and cards that wait for them are made to say
so. Only what is positively known leads to that: Slack has said that somebody is deactivated, or a policy that
is in force denies. Silence, an error and a broken policy lead to nothing, and are looked at again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import TypeVar

import structlog

from app.domain.people import Principal
from app.domain.refusals import NotKnown, UnknownRequest, WrongState
from app.domain.request import Request, State
from app.domain.verdict import Stage
from app.policy import Policy
from app.slack.identity import Identity
from app.store.in_force import PolicyInForce
from app.store.once import Once
from app.store.requests import RequestStore
from app.workflow import Workflow

ASKED_AT_ONCE = 20
"""People whom one look asks Slack about: users.info takes about 100 calls a minute (docs: apis/web-api/rate-limits)."""
JOB = "judge-anew"
T = TypeVar("T")
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
        in_force: PolicyInForce,
    ) -> None:
        self._store = store
        self._workflow = workflow
        self._policy = policy
        self._identity = identity
        self._once = once
        self._in_force = in_force
        self._first = policy()
        self._settled: Policy | None = None
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
        policy = self._policy()
        if person.id in policy.people:
            waiting = [each for each in (*pending, *live) if _is_asked(policy, each, person)]
            await self._tell(waiting, f"{person.name} was deactivated in Slack", f"left-{user_id}", user_id)

    async def look(self) -> None:
        """Ask Slack about some of those who hold or ask for something, in turns: an event may have been lost."""
        found = [*await self._store.pending(), *await self._store.live()]
        people = {each.requester.slack: each.requester for each in found if each.requester.slack}
        turn = [slack for slack in people if slack not in self._asked][:ASKED_AT_ONCE]
        if not turn:
            self._asked.clear()
            turn = list(people)[:ASKED_AT_ONCE]
        for slack in turn:
            self._asked[slack] = None
            if await self._is_gone(people[slack]):
                await self._take_back(people[slack], [e for e in found if e.requester.slack == slack])

    async def _is_gone(self, person: Principal) -> bool:
        try:
            return await self._identity.is_gone(person)
        except NotKnown:
            return False

    async def _take_back(self, person: Principal, theirs: Iterable[Request]) -> None:
        because = f"{person.name} was deactivated in Slack"
        for request in theirs:
            if request.state is not State.ENDING:
                await _unless_overtaken(self._workflow.withdraw(request.id, because))

    # -- a changed policy ----------------------------------------------------------------------------

    async def judge_anew(self) -> None:
        """Look, after a change of policy, at everything that an earlier one let through.

        A replica that still has an older policy never sees a change, so it never judges by it.
        """
        if self._settled is None and await self._in_force.read() is None:
            await self._in_force.came(self._first.digest)
        policy = self._policy()
        if self._settled is not None and self._settled.digest == policy.digest:
            return
        noted = await self._in_force.came(policy.digest)
        if noted.judged != policy.digest:
            if not await self._once.take(JOB, policy.digest[:16]):
                return  # another replica is at it; looked at again, in case it dies
            known = {each.digest: each for each in (self._first, self._settled) if each is not None}
            await self._judge_all(policy, known.get(noted.judged), noted.since)
            await self._in_force.judged(policy.digest)
            await self._once.release(JOB, policy.digest[:16])
        self._settled = policy

    async def _judge_all(self, policy: Policy, before: Policy | None, since: datetime) -> None:
        log.info("judged_anew", digest=policy.digest[:12])
        pending, live = await self._store.pending(), await self._store.live()
        gone: set[str] = set()
        for request in (*pending, *live):
            await asyncio.sleep(0)  # hundreds of them must not hold up a click
            if request.state is State.ENDING:
                continue
            if await _unless_overtaken(self._workflow.withdraw_if_denied(request.id)):
                gone.add(request.id)
        open_ = [each for each in (*pending, *live) if each.id not in gone and _open_stages(each)]
        changed = [each for each in open_ if before is None or _differ(before, policy, each)]
        await self._tell(
            changed, "The policies changed", f"policy-{policy.digest[:16]}-{since.timestamp():.0f}"
        )

    async def _tell(self, requests: Iterable[Request], because: str, key: str, left: str = "") -> None:
        """Have the cards of open requests say who may decide now; each once, however often this is done."""
        for request in requests:
            if await self._once.take(request.id, key):
                await _unless_overtaken(self._workflow.tell_approvers_changed(request.id, because, left))
                await self._once.done(request.id, key)


async def _unless_overtaken(doing: Awaitable[T]) -> T | None:
    """Do something to a request, unless somebody was quicker and it is not there to be done any more."""
    try:
        return await doing
    except (WrongState, UnknownRequest) as overtaken:
        log.info("leaver_overtaken", why=str(overtaken))
        return None


def _open_stages(request: Request) -> tuple[Stage, ...]:
    """Stages of what waits for a decision: the request, or more time for it."""
    if request.extension is not None:
        return request.extension.verdict.stages
    return request.verdict.stages if request.state is State.PENDING else ()


def _is_asked(policy: Policy, request: Request, person: Principal) -> bool:
    return any(person.id in policy.entitled(stage) for stage in _open_stages(request))


def _differ(before: Policy, now: Policy, request: Request) -> bool:
    return any(before.entitled(stage) != now.entitled(stage) for stage in _open_stages(request))
