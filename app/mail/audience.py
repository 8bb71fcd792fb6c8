"""Whom an event concerns by email, as policy says now. A function of policy, request and delegations."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from app.domain import events
from app.domain.delegation import Delegation, Deputies
from app.domain.people import Principal
from app.domain.reminding import ladder, with_rungs
from app.domain.request import EndCause, Request, State
from app.domain.verdict import Outcome, Stage
from app.mail.letter import Letter, Topic
from app.policy import Permission, Policy
from app.policy.ways import Way

SETTLES = (events.Approved, events.Denied, events.Cancelled, events.Lapsed, events.GlassBroken)
TOLD_TO_LISTS = (
    events.Requested,
    events.Approved,
    events.Denied,
    events.Cancelled,
    events.Lapsed,
    events.GrantFailed,
    events.GlassBroken,
    events.ExtensionDecided,
    events.Ended,
)
TOLD_TO_REQUESTERS = (
    events.Approved,
    events.Denied,
    events.Cancelled,
    events.Lapsed,
    events.GrantFailed,
    events.Activated,
    events.Warned,
    events.ExtensionDecided,
    events.Ended,
)
ASKS = (
    events.Requested,
    events.Approved,
    events.Escalated,
    events.ApproversChanged,
    events.DeputiesChanged,
)


class Concerned:
    """Whom a request concerns at one moment."""

    def __init__(
        self, policy: Policy, request: Request, delegations: Sequence[Delegation], now: datetime
    ) -> None:
        self._policy = policy
        self._request = request
        self._delegations = delegations
        self._now = now

    def letters(self, entry_id: str, event: events.Event) -> Iterator[tuple[str, Letter]]:
        """Give the letters that an event makes, each with its id: the same whoever makes them, and when."""
        if self._request.verdict.outcome is Outcome.DENY:
            return  # nobody was asked, and the answer went to the requester at once
        for letter_id, letter in self._letters(entry_id, event):
            about = {"request_id": self._request.id, "event": event}
            yield f"{self._request.id}:{letter_id}", letter.model_copy(update=about)

    def _letters(self, entry_id: str, event: events.Event) -> Iterator[tuple[str, Letter]]:
        if isinstance(event, ASKS):
            for key, person in self.asked():
                yield f"{key}:{person.id}", Letter(topic=Topic.ASK, person=person.id)
        if isinstance(event, events.ExtensionAsked | events.ExtensionDecided):
            for key, person in self.asked_for_more():
                yield f"{key}:{person.id}", Letter(topic=Topic.ASK, person=person.id)
        for topic, person in self._people(event):
            yield f"{entry_id}:{topic}:{person.id}", Letter(topic=topic, person=person.id)
        environment = self._policy.environments.get(self._request.environment)
        if environment and isinstance(event, TOLD_TO_LISTS):
            for address in dict.fromkeys(environment.email):
                yield f"{entry_id}:list:{address}", Letter(topic=Topic.TELL, address=address)

    def _people(self, event: events.Event) -> Iterator[tuple[Topic, Principal]]:
        request, by_mail = self._request, self._by_mail
        if isinstance(event, TOLD_TO_REQUESTERS) and not self._is_their_own(event):
            yield from ((Topic.TELL, each) for each in by_mail([request.requester.id]))
        if isinstance(event, SETTLES) and request.state is not State.PENDING:
            also = {person.id for stage in request.verdict.stages for person in self._of(stage)}
            also |= {person.id for stage in self._rungs() for person in self._policy.notified(stage)}
            yield from ((Topic.SETTLED, each) for each in self._others(also - {event.by}))
        match event:
            case events.Reminded():
                asked = {person.id for _, person in self.asked()}
                yield from ((Topic.REMIND, each) for each in by_mail(sorted(asked)))
            case events.Activated():
                tell = Stage(name="tell", notify=request.verdict.obligations.tell)
                told = [person.id for person in self._policy.notified(tell)]
                yield from ((Topic.TELL, each) for each in self._others(told))
            case events.GlassBroken():
                reviewers = self._policy.permissions.get(Permission.REVIEW, frozenset())
                yield from ((Topic.GLASS, each) for each in self._others(reviewers))
            case events.QuestionAsked() if event.by == request.requester.id:
                decided = {decision.by.id for decision in request.decisions}
                to = {person.id for _, person in self.asked()} - decided
                yield from ((Topic.QUESTION, each) for each in self._others(to))
            case events.QuestionAsked():
                yield from ((Topic.QUESTION, each) for each in by_mail([request.requester.id]))
            case events.QuestionAnswered():
                yield from ((Topic.QUESTION, each) for each in by_mail([event.asked_by]))
            case _:
                return

    # -- who is asked --------------------------------------------------------------------------------

    def asked(self) -> list[tuple[str, Principal]]:
        """Who is asked by email to decide on a request that waits, each with the key of why."""
        if self._request.state is not State.PENDING:
            return []
        stages = [(f"ask:{stage.name}", self._of(stage)) for stage in self._request.open_stages]
        rungs = [(f"ask-too:{stage.name}", self._policy.notified(stage)) for stage in self._rungs()]
        decided = {decision.by.id for decision in self._request.decisions}
        return self._keyed([*stages, *rungs], decided)

    def asked_for_more(self) -> list[tuple[str, Principal]]:
        """Who is asked to decide on more time."""
        extension = self._request.extension
        if extension is None:
            return []
        decided = {decision.by.id for decision in extension.decisions}
        stages = [(f"more:{extension.name}:{stage.name}", self._of(stage)) for stage in extension.open_stages]
        return self._keyed(stages, decided)

    def asks_of(self, person: str) -> Sequence[str]:
        """Ids of all letters by which someone may have been asked to decide on this request."""
        stages = [f"ask:{stage.name}" for stage in self._request.verdict.stages]
        rungs = [f"ask-too:{stage.name}" for stage in self._rungs()]
        return [f"{self._request.id}:{key}:{person}" for key in (*stages, *rungs)]

    def may_decide(self, person: str) -> bool:
        """Tell whether someone may decide now, in their own right or for somebody."""
        stages = (self._request.extension or self._request).open_stages
        deputies = self._deputies()
        return any(person in deputies(stage) for stage in stages)

    def _keyed(
        self, found: Iterable[tuple[str, Iterable[Principal]]], decided: set[str]
    ) -> list[tuple[str, Principal]]:
        """Each person once, by the first key there is."""
        keyed: dict[str, tuple[str, Principal]] = {}
        for key, people in found:
            for person in self._others({each.id for each in people} - decided):
                keyed.setdefault(person.id, (key, person))
        return list(keyed.values())

    def _of(self, stage: Stage) -> list[Principal]:
        """Who is told of a stage: those policy says, and those who may decide for one of them."""
        told = list(self._policy.notified(stage))
        ids = {person.id for person in told}
        return told + [each.delegate for each in self._deputies().of(stage) if each.delegator.id in ids]

    def _rungs(self) -> list[Stage]:
        reached = ladder(self._request)[: self._request.rungs]
        return [
            Stage(name=f"rung{number}", notify=(*rung.groups, *rung.people))
            for number, rung in enumerate(reached, 1)
        ]

    def _deputies(self) -> Deputies:
        entitled = with_rungs(self._policy.entitled, self._request)
        return Deputies(entitled, self._request, self._delegations, self._now)

    # -- who reads mail ------------------------------------------------------------------------------

    def _others(self, ids: Iterable[str]) -> list[Principal]:
        """Those of these people who chose email, but for the requester."""
        requester = self._request.requester
        return [each for each in self._by_mail(sorted(ids)) if not each.is_same_person(requester)]

    def _by_mail(self, ids: Iterable[str]) -> list[Principal]:
        known, policy = self._policy.people, self._policy
        return [known[each] for each in ids if each in known and policy.is_told_by(Way.EMAIL, each)]

    def _is_their_own(self, event: events.Event) -> bool:
        """Tell whether the requester did it themselves: they know."""
        requester = self._request.requester.id
        ending = self._request.ending
        gave_back = isinstance(event, events.Ended) and event.cause is EndCause.DONE
        return event.by == requester or (gave_back and ending is not None and ending.by == requester)
