"""What would have made it pass: the changes, and what policy would say after them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from app.domain.duration import format_duration
from app.domain.people import Principal
from app.domain.verdict import Outcome, Stage, Verdict
from app.policy.catalogue import Action
from app.policy.conditions import Condition, Facts
from app.policy.explain.explanation import Asked, Way
from app.policy.explain.remedies import lasting, shown
from app.policy.explain.ways_out import WayOut, way_out
from app.policy.globs import Globs, is_pattern
from app.policy.nearest import listed, nearest
from app.policy.patterns import found_in
from app.policy.policy import CATALOGUE, Policy
from app.policy.rules import Rule

MOST_WAYS = 5


def ways(policy: Policy, verdict: Verdict, facts: Facts) -> Iterator[Way]:
    """Find what would have made a denied ask pass; none where nothing would."""
    action = policy.actions.get(facts.ask.action)
    if action is None or facts.ask.requester.id not in policy.people:
        yield from _into_the_catalogue(policy, facts)
    elif is_of_the_catalogue(verdict):
        yield _within_bounds(policy, facts, action)
    elif verdict.rules:
        if past := _past_denials(policy, facts, action):
            names = " and ".join(verdict.rules)
            yield _way(policy, names, past.changes, past.facts)
    else:
        yield from _nearest(policy, facts, action)


def is_of_the_catalogue(verdict: Verdict) -> bool:
    """Tell whether a denial is not any rule's, as the catalogue does not have what is asked."""
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
    facts: Facts | None


def _past_denials(policy: Policy, facts: Facts, action: Action) -> _Past | None:
    """Find what keeps all rules from denying, if that is up to whoever asks."""
    now, is_known, changes = facts, True, dict[str, str]()
    for rule in _in_force(policy, facts):
        if not rule.look(now).matched:
            continue  # never did, or what was changed for another one does for this one too
        if rule.effect is Outcome.DENY:
            found = next(filter(None, (way_out(each, now, action) for each in rule.conditions)), None)
            if found is None:
                return None
            ways = [found]
        else:
            ways = list(_missed_obligations(rule, now))
        for way in ways:
            changes[way.key] = way.change
            now, is_known = way.then or now, is_known and way.then is not None
    if not is_known:
        return _Past(changes, None)
    return None if policy.judge_facts(now).rules and policy.denial(now.ask) else _Past(changes, now)


def _missed_obligations(rule: Rule, facts: Facts) -> Iterator[WayOut]:
    """Find what a rule that permits obliges to and the ask does not fulfil."""
    bound = rule.obligations
    if bound and bound.up_to is not None and facts.ask.seconds > bound.up_to:
        longest = timedelta(seconds=bound.up_to)
        yield WayOut("longest", f"ask for at most {format_duration(longest)}", lasting(facts, longest))
    for ticket in bound.tickets if bound else ():
        if not found_in(facts.ask.reason, ticket):
            yield WayOut("ticket", f"name a ticket like {ticket} in the reason", None)


def _in_force(policy: Policy, facts: Facts) -> list[Rule]:
    return [rule for rule in policy.rules_about(facts.ask) if not rule.shadow]


def _missed(rule: Rule, facts: Facts) -> list[Condition]:
    """Give the conditions that keep a rule from matching."""
    permits = rule.effect is Outcome.AUTO_APPROVE
    looked = [(condition, condition.look(facts)) for condition in rule.conditions]
    return [condition for condition, found in looked if not found.holds and (found.known or permits)]


def _nearest(policy: Policy, facts: Facts, action: Action) -> Iterator[Way]:
    """Find the rules that lack least, with a change for each condition that they lack."""
    lacking = [
        (rule, _missed(rule, facts)) for rule in _in_force(policy, facts) if rule.effect is not Outcome.DENY
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
            if now and not rule.look(now).matched:
                now = None  # one change undid another: who asks by another way is known to be elsewhere
            ways.append(_way(policy, rule.name, changes, now, rule))
    ways.sort(key=lambda way: way.then is not None and way.then.outcome is Outcome.DENY)
    yield from ways[:MOST_WAYS]


def _way(
    policy: Policy, rule: str, changes: dict[str, str], facts: Facts | None, met: Rule | None = None
) -> Way:
    """Judge what is asked after the changes: they may lead into a rule that denies, and then past it.

    `met` is a rule that the changes make match; what would lead away from it again is no way.
    """
    action = policy.actions[facts.ask.action] if facts else None
    if facts and action and policy.judge_facts(facts).outcome is Outcome.DENY:
        past = _past_denials(policy, facts, action)
        undone = past and past.facts and met and not met.look(past.facts).matched
        if past and past.changes and not undone:
            changes, facts = changes | past.changes, past.facts
    if facts is None:
        return Way(rule=rule, changes=tuple(changes.values()))
    then = policy.judge_facts(facts)
    return Way(
        rule=rule,
        changes=tuple(changes.values()),
        ask=facts.ask,
        groups=tuple(sorted(facts.groups)),
        then=then,
        approvers=who_may(policy, then, facts.ask.requester.id),
    )


def who_may(policy: Policy, verdict: Verdict, requester: str) -> tuple[Asked, ...]:
    """Give who may approve each stage of a verdict now."""
    return tuple(
        Asked(stage=stage.name, quorum=stage.quorum, people=_may_approve(policy, stage, requester))
        for stage in verdict.stages
    )


def _may_approve(policy: Policy, stage: Stage, requester: str) -> tuple[Principal, ...]:
    return tuple(policy.people[person] for person in sorted(policy.entitled(stage) - {requester}))
