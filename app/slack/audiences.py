"""Whom a request concerns: who may decide, who is pinged for it, who cannot be reached, and what people are called."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from app.domain.delegation import Delegation, Deputies
from app.domain.events import ApproversChanged, Escalated, Event, Reminded
from app.domain.people import Principal
from app.domain.reminding import with_rungs
from app.domain.request import Request, State
from app.domain.verdict import Stage
from app.policy import Policy
from app.policy.pinging import awake, to_remind
from app.slack.identity import Identity
from app.slack.views.card import Audience, Deputy
from app.store.requests import RequestStore

LOOKED_UP = 30
"""So many approvers of a request Slack is asked about at most: it takes about 100 such questions a minute."""


class Audiences:
    """Finds them as policy, Slack and the delegations in force say now."""

    def __init__(
        self,
        store: RequestStore,
        policy: Callable[[], Policy],
        identity: Identity,
        delegations: Callable[[], Awaitable[Sequence[Delegation]]],
        lets_ping: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """`lets_ping` tells of a person, by id, whether Slack may ping them, or another way was chosen."""
        self._store = store
        self._policy = policy
        self._identity = identity
        self._delegations = delegations
        self.lets_ping = lets_ping

    async def of(self, request: Request, *also: str) -> Audience:
        """Give whom a request concerns; `also` are ids of people to be named."""
        policy = self._policy()
        entitled = with_rungs(policy.entitled, request)
        extension = request.extension
        stages = (*request.verdict.stages, *(extension.verdict.stages if extension else ()))
        approvers = {
            stage.name: tuple(
                policy.people[person]
                for person in sorted(entitled(stage))
                if not policy.people[person].is_same_person(request.requester)
            )
            for stage in stages
        }
        deputies = await self._deputies(request, stages)
        notified: tuple[Principal, ...] = ()
        unreachable: tuple[Principal, ...] = ()
        if request.state is State.PENDING or extension:
            asked = [person for stage in stages for person in policy.notified(stage)]
            told = {person.id for person in asked}
            asked += [each.person for some in deputies.values() for each in some if each.behalf.id in told]
            everyone = {person.id: person for people in (*approvers.values(), asked) for person in people}
            unreachable = await self.unreachable(tuple(everyone.values())[:LOOKED_UP])
            notified = tuple({
                person.id: person
                for person in asked
                if person not in unreachable
                and not person.is_same_person(request.requester)
                and self.lets_ping(person.id)
            }.values())  # fmt: skip
            notified = await self._awake(request, notified)
        tell = Stage(name="tell", notify=request.verdict.obligations.tell)
        return Audience(
            approvers=approvers,
            told=tuple(each for each in policy.notified(tell) if self.lets_ping(each.id)),
            deputies=deputies,
            notified=notified,
            unreachable=tuple(person.name for person in unreachable),
            names=_names(policy, request, *also),
        )

    def to_ping(self, request: Request, event: Event, audience: Audience) -> tuple[Principal, ...]:
        """Whom a line reaches: of those who have not decided, the approvers, or the people of a new rung."""
        match event:
            case Reminded() if request.state is State.PENDING:
                asked = [*to_remind(self._policy(), request)]
                asked += [
                    deputy.person.id
                    for stage in request.open_stages
                    for deputy in audience.deputies.get(stage.name, ())
                    if deputy.behalf.id in asked
                ]
            case Escalated() if request.state is State.PENDING:
                rung = Stage(name="rung", notify=(*event.groups, *event.people))
                asked = [person.id for person in self._policy().notified(rung)]
            case ApproversChanged():
                stages = (request.extension or request).open_stages if _waits(request) else ()
                told = {person.id for stage in stages for person in self._policy().notified(stage)}
                asked = [person for person in event.came if person in told]
            case _:
                return ()
        left = {decision.by.id for decision in request.decisions} | {request.requester.id}
        people = self._policy().people
        return tuple(
            people[each]
            for each in awake(self._policy(), request, dict.fromkeys(asked), event.at)
            if each in people
            and each not in left
            and people[each].name not in audience.unreachable
            and self.lets_ping(each)
        )

    async def unreachable(self, people: Sequence[Principal]) -> tuple[Principal, ...]:
        """Give those of these people whom Slack cannot reach."""
        reachable = await asyncio.gather(*(self._identity.is_reachable(person) for person in people))
        return tuple(person for person, is_there in zip(people, reachable, strict=True) if not is_there)

    async def _awake(self, request: Request, people: tuple[Principal, ...]) -> tuple[Principal, ...]:
        """Leave out who has quiet hours: they stand on the card by name, and a name pings nobody."""
        policy = self._policy()
        if not policy.quiet_hours.has_any():
            return people
        found = {*awake(policy, request, (person.id for person in people), await self._store.now())}
        return tuple(person for person in people if person.id in found)

    async def _deputies(self, request: Request, stages: Sequence[Stage]) -> dict[str, tuple[Deputy, ...]]:
        """Who may decide the stages for somebody else, where both are still there."""
        held = await self._delegations()
        if not held or request.is_final:
            return {}
        deputies = Deputies(
            with_rungs(self._policy().entitled, request), request, held, await self._store.now()
        )
        found = {stage.name: deputies.of(stage) for stage in stages}
        everyone = dict.fromkeys(
            person for each in found.values() for d in each for person in (d.delegator, d.delegate)
        )
        gone = {person.id for person in await self.unreachable(tuple(everyone)[:LOOKED_UP])}
        return {
            name: tuple(
                Deputy(person=each.delegate, behalf=each.delegator, until=each.until)
                for each in delegations
                if not {each.delegate.id, each.delegator.id} & gone
            )
            for name, delegations in found.items()
        }


def _waits(request: Request) -> bool:
    return request.state is State.PENDING or request.extension is not None


def _names(policy: Policy, request: Request, *also: str) -> dict[str, str]:
    ids = {request.settled_by, *also} | ({request.ending.by} if request.ending else set())
    known = [request.requester, *(decision.by for decision in request.decisions)]
    known += [question.by for question in request.questions]
    known += [policy.people[person] for person in ids if person in policy.people]
    return {person.id: person.name for person in known}
