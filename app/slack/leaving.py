"""Who may no longer have what they have, by what sources of members say: taken back once that is certain.

A source may be wrong for a moment: an answer cut in half, a group that is being written anew. So nothing is taken
back before every source on which it hangs has said so twice. And where it is many people at once, security is
told first, and has a while in which to mend the source. Nobody of them gets anything new meanwhile.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta

import structlog

from app.directory.keeping import Keeper
from app.domain.refusals import UnknownRequest, WrongState
from app.domain.request import Request, State
from app.policy import Policy
from app.policy.rejudging import answers_behind
from app.slack.views.alarm import many_leave
from app.store.leaving import LeavingNotes
from app.store.requests import RequestStore
from app.workflow import Workflow
from app.workflow.writing import as_asked, why_no_longer

MANY = 20
"""More people than these, within HELD, are many at once."""
HELD = timedelta(minutes=15)
LOOKED_AT_AGAIN = 5.0
"""Seconds between looks at those who are many: they may come back."""
BECAUSE = "who is in its groups has changed, and the policy in force would deny it"
log = structlog.get_logger(__name__)
TellAdmins = Callable[[str, str, str], Awaitable[bool]]
"""Says a text in the admin channel, once for a name and a day; False to try again."""


class Leaving:
    """Takes back, through the workflow, what was noted; called by one replica at a time."""

    def __init__(
        self,
        store: RequestStore,
        workflow: Workflow,
        members: Keeper,
        notes: LeavingNotes,
        tell_admins: TellAdmins,
    ) -> None:
        self._store = store
        self._workflow = workflow
        self._members = members
        self._notes = notes
        self._tell_admins = tell_admins
        self._rest_until = 0.0

    async def note(self, found: Sequence[Request]) -> None:
        """Note whom it concerns, of all requests, and forget whom it does not any more."""
        noted, ids = await self._notes.noted(), {request.id for request in found}
        await self._notes.drop(noted.keys() - ids)
        if new := sorted(ids - noted.keys()):
            log.info("members_leave", requests=len(new), people=len(_people(found)))
            await self._notes.note(new, await self._store.now())
        self._rest_until = 0.0

    async def is_due(self) -> bool:
        """Tell whether some are noted, and were not looked at just now."""
        return time.monotonic() >= self._rest_until and bool(await self._notes.noted())

    async def go_on(self, policy: Policy) -> None:
        """Take back what is certain by now; have sources asked again for the rest."""
        noted, now = await self._notes.noted(), await self._store.now()
        found = await self._store.find(sorted(noted))
        leave = [each for each in found if not _is_over(each) and why_no_longer(policy, each)]
        await self._notes.drop(noted.keys() - {each.id for each in leave})
        if len(_people(leave) | await self._notes.left_since(now - HELD)) > MANY:
            held = [each for each in leave if now - noted[each.id] < HELD]
            await self._hold(policy, held, min((noted[each.id] for each in held), default=now))
            leave = [each for each in leave if each not in held]
        for request in leave:
            if self._is_certain(policy, request, noted[request.id]):
                await self._take_back(request, now)

    async def _take_back(self, request: Request, now: datetime) -> None:
        try:
            taken = await self._workflow.withdraw_if_denied(request.id, BECAUSE)
        except (WrongState, UnknownRequest) as overtaken:
            log.info("leaver_overtaken", why=str(overtaken))
        else:
            if taken:
                await self._notes.left(request.requester.id, now)
        await self._notes.drop([request.id])

    def _is_certain(self, policy: Policy, request: Request, since: datetime) -> bool:
        """Tell whether every source on which it hangs was asked, and has answered, since it was noted."""
        waits = [name for name, at in _behind(policy, request).items() if at <= since]
        for name in waits:
            self._members.ask_again(name, since)
        return not waits

    async def _hold(self, policy: Policy, held: Sequence[Request], since: datetime) -> None:
        """Tell of many, once for each time that it happens, and leave them for a while."""
        if not held:
            return
        self._rest_until = time.monotonic() + LOOKED_AT_AGAIN
        sources = {name for request in held for name in _behind(policy, request)}
        text = many_leave(_people(held), len(held), sources, since + HELD)
        log.error(
            "many_members_leave", people=len(_people(held)), requests=len(held), held_until=since + HELD
        )
        if not await self._tell_admins(text, "leaving", f"{since:%Y%m%dT%H%M%S}"):
            self._rest_until = 0.0


def _people(requests: Iterable[Request]) -> frozenset[str]:
    return frozenset(request.requester.id for request in requests)


def _is_over(request: Request) -> bool:
    return request.is_final or request.state is State.ENDING


def _behind(policy: Policy, request: Request) -> dict[str, datetime]:
    return {name: at for ask in as_asked(request) for name, at in answers_behind(policy, ask).items()}
