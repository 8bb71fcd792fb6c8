"""What a changed policy would have said of the requests that were made.

A recorded request tells who asked for what, when and why; what they had before is made up from the other
events. What the record does not tell, such as an IP address, is not known here. The groups of people are
those of the policy that is asked, not those of the day.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.events import Event, Requested
from app.domain.value import Value
from app.domain.verdict import Outcome, Stage, Verdict
from app.policy.ask import Ask, History
from app.policy.explain.remedies import shown
from app.policy.policy import Policy
from app.policy.rules import Rule
from app.policy.simulate.had_before import HadBefore

MARGIN = timedelta(days=1)
SLACK = "slack"
SOME_ADDRESS = "203.0.113.7"
"""One for documentation (RFC 5737), to see what an address would decide."""


class Difference(StrEnum):
    """What changed about a request, or that it cannot be told; the first that fits."""

    OUTCOME = "outcome"
    STAGES = "stages"
    OBLIGATIONS = "obligations"
    NONE = "none"
    UNKNOWN = "unknown"


class Judged(Value):
    """A verdict, and who may approve each of its stages; None where only the groups of the day would tell."""

    verdict: Verdict
    approvers: tuple[tuple[str, ...], ...] | None = None


class Replayed(Value):
    """A recorded request, what was said of it, and what would be.

    `unknown` says what the new verdict hangs on that the record does not tell. What a rule that denies or
    requires looks for then counts as met, and what one that approves at once looks for does not.
    """

    request_id: str
    ask: Ask
    was: Judged
    would_be: Judged
    difference: Difference
    unknown: tuple[str, ...] = ()


class Simulation(Value):
    """All that was replayed, in the order in which it was asked. `digest` is the new policy's."""

    digest: str
    since: datetime
    replayed: tuple[Replayed, ...]

    @property
    def changed(self) -> tuple[Replayed, ...]:
        """Requests whose outcome, approvers or obligations would be others."""
        same = {Difference.NONE, Difference.UNKNOWN}
        return tuple(each for each in self.replayed if each.difference not in same)

    @property
    def unknown(self) -> tuple[Replayed, ...]:
        """Requests of which it cannot be told."""
        return tuple(each for each in self.replayed if each.difference is Difference.UNKNOWN)

    @property
    def counts(self) -> dict[tuple[Outcome, Outcome, Difference], int]:
        """Count the changes, by the outcome there was, the one there would be, and what changed."""
        each = (
            (one.was.verdict.outcome, one.would_be.verdict.outcome, one.difference) for one in self.changed
        )
        return dict(sorted(Counter(each).items()))


def simulate(
    policy: Policy, events: Iterable[Event], since: datetime, against: Policy | None = None
) -> Simulation:
    """Judge anew each request of `events` (in the order of the log) that was made at or after `since`.

    It is compared with the recorded verdict, or with what `against` says: then people who came to groups or
    left them show too. Earlier events tell what requesters had before: give those of `horizon` too.
    """
    replayed = []
    before = HadBefore()
    for event in events:
        if isinstance(event, Requested) and event.at >= since:
            replayed.append(_replay(policy, event, before.of(event), against))
        before.take(event)
    return Simulation(digest=policy.digest, since=since, replayed=tuple(replayed))


def horizon(policy: Policy) -> timedelta:
    """Tell how long before the first request to replay events still matter: rates, and grants still live."""
    counted = [policy.remembers(name) or timedelta() for name in policy.actions]
    longest = [action.longest for action in policy.actions.values()]
    return max([*counted, *longest], default=timedelta()) + MARGIN


def asked_again(event: Requested, history: History | None = None) -> Ask:
    """Give what was asked, from the record of it."""
    return Ask(
        requester=event.requester,
        action=event.action,
        resource=event.resource,
        seconds=event.seconds,
        reason=event.reason,
        source=event.source,
        at=event.at,
        ip=event.ip,
        history=history,
    )


def unknowns(policy: Policy, event: Requested, ask: Ask) -> tuple[str, ...]:
    """Say what a verdict hangs on that was known when it was asked, and that the record does not tell.

    That is the address, in records of versions that did not record it. Slack tells none, so that of a request
    from Slack all is told.
    """
    if "ip" in event.model_fields_set or event.source == SLACK:
        return ()
    rules = [rule for rule in policy.rules_about(ask) if not rule.shadow]
    return tuple(dict.fromkeys(text for rule in rules for text in _untold(policy, rule, ask)))


def _untold(policy: Policy, rule: Rule, ask: Ask) -> Iterator[str]:
    """Find the conditions that an address would decide, in a rule that could match for all else."""
    facts = policy.facts_of(ask)
    located = facts._replace(ask=ask.model_copy(update={"ip": SOME_ADDRESS}))
    looked = [(condition, condition.look(facts)) for condition in rule.conditions]
    if any(found.known and not found.holds for _, found in looked):
        return
    for condition, found in looked:
        if not found.known and condition.look(located).known and ask.action in policy.actions:
            yield f"{shown(condition, facts, policy.actions[ask.action]).key} of rule {rule.name}"


def _replay(policy: Policy, event: Requested, history: History, against: Policy | None) -> Replayed:
    ask = asked_again(event, history)
    was = _judged(against, ask) if against else Judged(verdict=event.verdict)
    would_be, unknown = _judged(policy, ask), unknowns(policy, event, ask)
    difference = Difference.UNKNOWN if unknown else _difference(was, would_be)
    return Replayed(
        request_id=event.request_id,
        ask=ask,
        was=was,
        would_be=would_be,
        difference=difference,
        unknown=unknown,
    )


def _judged(policy: Policy, ask: Ask) -> Judged:
    verdict = policy.judge(ask)
    people = [tuple(sorted(policy.entitled(stage) - {ask.requester.id})) for stage in verdict.stages]
    return Judged(verdict=verdict, approvers=tuple(people))


def _difference(was: Judged, would_be: Judged) -> Difference:
    before, after = was.verdict, would_be.verdict
    if before.outcome is not after.outcome:
        return Difference.OUTCOME
    if [*map(_asked_of, before.stages)] != [*map(_asked_of, after.stages)]:
        return Difference.STAGES
    if was.approvers is not None and was.approvers != would_be.approvers:
        return Difference.STAGES
    return Difference.NONE if before.obligations == after.obligations else Difference.OBLIGATIONS


def _asked_of(stage: Stage) -> tuple[object, ...]:
    """What makes two stages ask the same; whom they tell does not."""
    return (
        stage.name,
        stage.quorum,
        frozenset(stage.groups),
        frozenset(stage.people),
        stage.approver,
        stage.managers,
    )
