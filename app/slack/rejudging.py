"""Everything that waits or is live, judged anew when the policy, or who is in groups and on call, has changed.

What the present policy would not let have is taken back or cancelled, and the cards of what waits say who may
decide now. One replica does it at a time, beginning with all that any replica was told, so that a change is
followed in its order; doing it again does nothing. What it costs follows what waits and is live, whatever the
number of people and groups.
"""

import asyncio
from collections.abc import Awaitable, Collection, Sequence
from typing import TypeVar

import structlog

from app.delegating import Delegating
from app.directory.keeping import Keeper
from app.domain.delegation import Delegation
from app.domain.refusals import UnknownRequest, WrongState
from app.domain.reminding import with_rungs
from app.domain.request import Request, State
from app.domain.verdict import Stage
from app.policy import Policy
from app.policy.deciders import Deciding, came
from app.slack.leaving import Leaving
from app.store.deciders import DecidersTold
from app.store.in_force import InForce, PolicyInForce
from app.store.once import Once
from app.store.requests import RequestStore
from app.workflow import Workflow
from app.workflow.writing import why_no_longer

JOB, ALL = "judge-anew", "all"
POLICY_CHANGED = "The policies changed"
MEMBERS_CHANGED = "Who is in groups or on call changed"
READ_AT_ONCE = 500
T = TypeVar("T")
log = structlog.get_logger(__name__)


class Rejudging:
    """Follows the policy in force; every change goes through the workflow."""

    def __init__(
        self,
        store: RequestStore,
        workflow: Workflow,
        members: Keeper,
        once: Once,
        in_force: PolicyInForce,
        told: DecidersTold,
        leaving: Leaving,
        delegating: Delegating,
    ) -> None:
        self._store = store
        self._workflow = workflow
        self._members = members
        self._once = once
        self._in_force = in_force
        self._told = told
        self._leaving = leaving
        self._delegating = delegating
        self._first = members.policy()
        self._settled: Policy | None = None

    async def tick(self) -> None:
        """Look at everything after a change; else go on with what a change has begun.

        A replica whose policy is not the newest never judges by it: only a change of files that it sees itself, or
        its start, makes its policy the newest.
        """
        if not self._members.has_looked:
            return  # of who is in groups nothing was asked yet
        noted = await self._newest()
        policy, settled = self._members.policy(), self._settled
        has_changed = settled is None or policy.says != settled.says
        if noted.digest != policy.digest or not (has_changed or await self._leaving.is_due()):
            return
        if not await self._once.take(JOB, ALL):
            return  # another replica is at it; looked at again, in case it dies
        await self._members.catch_up()
        policy = self._members.policy()
        if settled is None or policy.says != settled.says:
            await self._judge_all(policy, noted)
            self._settled = policy
        await self._leaving.go_on(policy)
        await self._once.release(JOB, ALL)

    async def _newest(self) -> InForce:
        """Give the note of the policy in force, which this replica's becomes when it is a new one here."""
        noted = await self._in_force.read()
        if noted is None:
            noted = await self._in_force.came(self._first.digest)
        policy, settled = self._members.policy(), self._settled
        if settled is None or settled.digest != policy.digest:
            return await self._in_force.came(policy.digest)
        return noted

    async def _judge_all(self, policy: Policy, noted: InForce) -> None:
        has_new_files = noted.judged != policy.digest
        log.info("judged_anew", digest=policy.digest[:12], files=has_new_files)
        pending, live = await self._store.pending(), await self._store.live()
        gone, leave = set[str](), list[Request]()
        by_files = policy.by_files_alone()
        for request in (*pending, *live):
            await asyncio.sleep(0)  # hundreds of them must not hold up a click
            if request.state is State.ENDING or not why_no_longer(policy, request):
                continue
            if not why_no_longer(by_files, request):  # it is because of what a source says
                leave.append(request)
            elif await unless_overtaken(self._workflow.withdraw_if_denied(request.id)):
                gone.add(request.id)
        await self._leaving.note(leave)
        waits = [each for each in (*pending, *live) if each.id not in gone and stages_that_wait(each)]
        for first in range(0, len(waits), READ_AT_ONCE):
            await self._tell_changes(waits[first : first + READ_AT_ONCE], policy, has_new_files=has_new_files)
        if has_new_files:
            await self._tell_lost_delegations(waits, policy)
            await self._in_force.judged(policy.digest)

    async def _tell_changes(self, waits: Sequence[Request], policy: Policy, *, has_new_files: bool) -> None:
        """Have cards say who may decide now, where that is not who it was when it was last told."""
        deciding = Deciding(policy)
        because = POLICY_CHANGED if has_new_files else MEMBERS_CHANGED
        for request, before in zip(waits, await self._told.of([each.id for each in waits]), strict=True):
            await asyncio.sleep(0)
            now = deciding.of(request)
            new = came(before, now, request)
            if new is not None:
                await unless_overtaken(self._workflow.tell_approvers_changed(request.id, because, came=new))
            if before != now:
                await self._told.now(request.id, now)

    async def _tell_lost_delegations(self, waits: Sequence[Request], policy: Policy) -> None:
        """Have cards name no delegate whom the policy does not let decide any more."""
        wished, counting = await self._delegating.wished(), await self._delegating.in_force()
        lost = [each for each in wished if each.id not in {one.id for one in counting}]
        for request in waits:
            for each in lost:
                key = f"lost-{each.id}"
                if delegates(each, policy, request) and await self._once.take(request.id, key):
                    telling = self._workflow.tell_approvers_changed(request.id, POLICY_CHANGED)
                    await unless_overtaken(telling)
                    await self._once.done(request.id, key)


def stages_that_wait(request: Request) -> tuple[Stage, ...]:
    """Stages of what waits for a decision: the request, or more time for it."""
    if request.extension is not None:
        return request.extension.verdict.stages
    return request.verdict.stages if request.state is State.PENDING else ()


def is_asked(policy: Policy, request: Request, people: Collection[str]) -> bool:
    """Tell whether some of these people may decide what waits of a request."""
    able = with_rungs(policy.entitled, request)
    return any(not set(people).isdisjoint(able(stage)) for stage in stages_that_wait(request))


def delegates(delegation: Delegation, policy: Policy, request: Request) -> bool:
    """Tell whether a delegation is about what waits of a request."""
    return is_asked(policy, request, {delegation.delegator.id})


async def unless_overtaken(doing: Awaitable[T]) -> T | None:
    """Do something to a request, unless somebody was quicker and it is not there to be done any more."""
    try:
        return await doing
    except (WrongState, UnknownRequest) as overtaken:
        log.info("overtaken", why=str(overtaken))
        return None
