"""Why policy says what it says, who may approve, and what would have made it pass: a function of both."""

from collections.abc import Iterator
from typing import NamedTuple

from app.domain.duration import format_duration
from app.domain.people import Principal
from app.domain.value import Value
from app.domain.verdict import Outcome, Stage, Verdict
from app.policy.ask import Ask
from app.policy.catalogue import Action
from app.policy.conditions import Facts
from app.policy.globs import Globs, is_pattern
from app.policy.nearest import listed, nearest
from app.policy.policy import CATALOGUE, Policy
from app.policy.remedies import shown, way_out
from app.policy.rules import Rule

MOST_WAYS = 5


class Looked(Value):
    """One condition that was looked at. `change` would make it hold; empty where it does, or nothing can."""

    key: str
    holds: bool
    expected: str
    actual: str
    change: str = ""


class RuleLooked(Value):
    """A rule that could have matched, with each of its conditions; `message` is that of one that denies."""

    rule: str
    effect: Outcome
    matched: bool
    message: str
    conditions: tuple[Looked, ...]


class Asked(Value):
    """A stage, and the people who may approve it now: never the one who asks."""

    stage: str
    quorum: int
    people: tuple[Principal, ...]


class Way(Value):
    """What would have made it pass: `rule` permits it then, or does not deny it any more; "": the catalogue.

    `ask`, by someone in `groups`, is what would be judged after all changes and `then` what policy would say;
    both are None where that cannot be made up.
    """

    rule: str
    changes: tuple[str, ...]
    ask: Ask | None = None
    groups: tuple[str, ...] = ()
    then: Verdict | None = None
    approvers: tuple[Asked, ...] = ()


class Explanation(Value):
    """A verdict with all that it rests on. `groups`: those that the requester is in."""

    ask: Ask
    groups: tuple[str, ...]
    verdict: Verdict
    rules: tuple[RuleLooked, ...]
    approvers: tuple[Asked, ...]
    ways: tuple[Way, ...]


def explain(policy: Policy, ask: Ask) -> Explanation:
    """Explain what a policy says of an ask. Never raises."""
    facts = policy.facts_of(ask)
    verdict = policy.judge_facts(facts)
    action = None if _is_of_the_catalogue(verdict) else policy.actions.get(ask.action)
    return Explanation(
        ask=ask,
        groups=tuple(sorted(facts.groups)),
        verdict=verdict,
        rules=tuple(_looked(rule, facts, action) for rule in policy.rules_about(ask)) if action else (),
        approvers=_who(policy, verdict, ask.requester.id),
        ways=tuple(_ways(policy, verdict, facts)) if verdict.outcome is Outcome.DENY else (),
    )


def _looked(rule: Rule, facts: Facts, action: Action) -> RuleLooked:
    conditions = []
    for condition in rule.conditions:
        holds, seen = condition.look(facts).holds, shown(condition, facts, action)
        conditions.append(
            Looked(
                key=seen.key,
                holds=holds,
                expected=seen.expected,
                actual=seen.actual,
                change="" if holds else seen.change,
            )
        )
    return RuleLooked(
        rule=rule.name,
        effect=rule.effect,
        matched=rule.look(facts).matched,
        message=rule.message,
        conditions=tuple(conditions),
    )


def _who(policy: Policy, verdict: Verdict, requester: str) -> tuple[Asked, ...]:
    return tuple(
        Asked(stage=stage.name, quorum=stage.quorum, people=_may_approve(policy, stage, requester))
        for stage in verdict.stages
    )


def _may_approve(policy: Policy, stage: Stage, requester: str) -> tuple[Principal, ...]:
    return tuple(policy.people[person] for person in sorted(policy.entitled(stage) - {requester}))


# -- what would have made it pass ---------------------------------------------------------------------


def _ways(policy: Policy, verdict: Verdict, facts: Facts) -> Iterator[Way]:
    action = policy.actions.get(facts.ask.action)
    if action is None or facts.ask.requester.id not in policy.people:
        yield from _into_the_catalogue(policy, facts)
    elif _is_of_the_catalogue(verdict):
        yield _within_bounds(policy, facts, action)
    elif verdict.rules:
        if past := _past_denials(policy, facts, action):
            names = " and ".join(verdict.rules)
            yield _way(policy, names, past.changes, past.facts)
    else:
        yield from _nearest(policy, facts, action)


def _is_of_the_catalogue(verdict: Verdict) -> bool:
    return [reason.rule for reason in verdict.reasons] == [CATALOGUE]


def _into_the_catalogue(policy: Policy, facts: Facts) -> Iterator[Way]:
    requester, action = facts.ask.requester.id[:64], facts.ask.action[:64]
    if facts.ask.requester.id not in policy.people:
        near = nearest(requester, policy.people)
        change = f"have {requester} added to the people of the policy"
        yield Way(rule="", changes=(f"{change}, or ask as {near}" if near else change,))
    if facts.ask.action not in policy.actions:
        near = nearest(action, policy.actions)
        there = near or " or ".join(sorted(policy.actions)[:8])
        yield Way(rule="", changes=(f"ask for {there}" if there else "have an action written",))


def _within_bounds(policy: Policy, facts: Facts, action: Action) -> Way:
    """Find what the catalogue has instead of a resource or a duration that it does not have."""
    changes: dict[str, str] = {}
    changed: dict[str, object] = {}
    if not Globs.of(action.resources).match(facts.ask.resource):
        near = nearest(facts.ask.resource, [each for each in action.resources if not is_pattern(each)])
        changes["resources"] = f"ask for {near or listed(action.resources, 8).replace(', ', ' or ')}"
        changed["resource"] = near
    if facts.ask.seconds > action.longest.total_seconds():
        changes["longest"] = f"ask for at most {format_duration(action.longest)}"
        changed["seconds"] = int(action.longest.total_seconds())
    elif facts.ask.seconds < action.shortest.total_seconds():
        changes["longer_than"] = f"ask for at least {format_duration(action.shortest)}"
        changed["seconds"] = int(action.shortest.total_seconds())
    is_known = changed.get("resource", "") is not None
    then = facts._replace(ask=facts.ask.model_copy(update=changed)) if is_known else None
    return _way(policy, "", changes, then)


class _Past(NamedTuple):
    changes: dict[str, str]
    facts: Facts


def _past_denials(policy: Policy, facts: Facts, action: Action) -> _Past | None:
    """Find what keeps every rule that denies from matching, if that is up to whoever asks."""
    denying = [rule for rule in policy.rules_about(facts.ask) if rule.effect is Outcome.DENY]
    now, changes = facts, dict[str, str]()
    for rule in denying:
        if not rule.look(now).matched:
            continue  # never did, or what was changed for another one does for this one too
        found = next(filter(None, (way_out(each, now, action) for each in rule.conditions)), None)
        if found is None:
            return None
        changes[found.key] = found.change
        now = found.then
    return None if any(rule.look(now).matched for rule in denying) else _Past(changes, now)


def _nearest(policy: Policy, facts: Facts, action: Action) -> Iterator[Way]:
    """Find the rules that lack least, with a change for each condition that they lack."""
    lacking = [
        (rule, [each for each in rule.conditions if not each.look(facts).holds])
        for rule in policy.rules_about(facts.ask)
        if rule.effect is not Outcome.DENY
    ]
    least = min((len(missed) for _, missed in lacking), default=0)
    ways = []
    for rule, missed in lacking:
        if len(missed) != least:
            continue
        changes: dict[str, str] = {}
        now: Facts | None = facts
        for condition in missed:
            seen = shown(condition, now or facts, action)
            changes[seen.key] = seen.change
            now = seen.then if now else None
        if all(changes.values()):
            ways.append(_way(policy, rule.name, changes, now))
    ways.sort(key=lambda way: way.then is not None and way.then.outcome is Outcome.DENY)
    yield from ways[:MOST_WAYS]


def _way(policy: Policy, rule: str, changes: dict[str, str], facts: Facts | None) -> Way:
    """Judge what is asked after the changes: they may lead into a rule that denies, and then past it."""
    if facts is None:
        return Way(rule=rule, changes=tuple(changes.values()))
    then, action = policy.judge_facts(facts), policy.actions[facts.ask.action]
    if then.outcome is Outcome.DENY and then.rules and (past := _past_denials(policy, facts, action)):
        changes, facts = changes | past.changes, past.facts
        then = policy.judge_facts(facts)
    return Way(
        rule=rule,
        changes=tuple(changes.values()),
        ask=facts.ask,
        groups=tuple(sorted(facts.groups)),
        then=then,
        approvers=_who(policy, then, facts.ask.requester.id),
    )
