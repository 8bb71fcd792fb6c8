"""What policy gives someone at once: the actions that a template approves for them, with a way to ask.

The rules that approve at once are looked at first, for they are few and most are not for this person; an
action is judged only where one of them may be about it. So cost follows what a person could be offered, and
not the size of the catalogue.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from app.domain.people import Principal
from app.domain.value import Value
from app.domain.verdict import Outcome
from app.policy.ask import Ask, History
from app.policy.catalogue import Action
from app.policy.conditions import AskedBy, Facts
from app.policy.globs import is_pattern
from app.policy.policy import Policy
from app.policy.rules import Rule

RESOURCES_TRIED = 8
SHORTER = tuple(timedelta(minutes=m) for m in (240, 60, 30, 15, 5))
EXAMPLE = str.maketrans({"*": "1", "?": "1"})


class Offer(Value):
    """An action that is approved at once when asked so. `resource` is empty where the person must name one."""

    action: Action
    resource: str
    duration: timedelta


class Offers:
    """The offers of one policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._by_rule = _approving(policy)

    def to(self, person: Principal, history: History, at: datetime, at_most: int) -> list[Offer]:
        """Give what this person gets at once at this time, by environment and title."""
        found: list[Offer] = []
        for action in self._possible(person, at):
            offer = self._offer(action, person, history, at)
            if offer is not None:
                found.append(offer)
                if len(found) == at_most:
                    break
        return found

    def for_action(self, name: str, person: Principal, history: History, at: datetime) -> Offer | None:
        """Give the offer of one action, if it is one now."""
        action = self.policy.actions.get(name)
        return self._offer(action, person, history, at) if action else None

    def _possible(self, person: Principal, at: datetime) -> list[Action]:
        ask = Ask(requester=person, action="", resource="", seconds=0, reason="", source="slack", at=at)
        facts = self.policy.facts_of(ask)
        actions = {
            action.name: action for rule, about in self._by_rule if _is_for(rule, facts) for action in about
        }
        return sorted(actions.values(), key=lambda action: (action.environment, action.title, action.name))

    def _offer(self, action: Action, person: Principal, history: History, at: datetime) -> Offer | None:
        for resource, named in _resources(action):
            for duration in _durations(action):
                ask = Ask(
                    requester=person,
                    action=action.name,
                    resource=resource,
                    seconds=int(duration.total_seconds()),
                    reason="",
                    source="slack",
                    at=at,
                    history=history,
                )
                if self.policy.judge(ask).outcome is Outcome.AUTO_APPROVE:
                    return Offer(action=action, resource=named, duration=duration)
        return None


def _approving(policy: Policy) -> Sequence[tuple[Rule, Sequence[Action]]]:
    """Find the rules that approve at once, each with the actions that it may be about."""
    rules: dict[str, Rule] = {}
    about: Mapping[str, list[Action]] = defaultdict(list)
    for action in policy.actions.values():
        for rule in policy.rules_of(action):
            if rule.effect is Outcome.AUTO_APPROVE and not rule.shadow and not action.bound:
                rules[rule.name] = rule
                about[rule.name].append(action)
    return [(rule, about[name]) for name, rule in rules.items()]


def _is_for(rule: Rule, facts: Facts) -> bool:
    """Tell whether the rule is for people like this one; its other conditions are about the ask."""
    return all(each.look(facts).holds for each in rule.conditions if isinstance(each, AskedBy))


def _resources(action: Action) -> Iterator[tuple[str, str]]:
    """Resources to try, each with what to fill in: nothing where there is a choice, or only a pattern."""
    for resource in action.resources[:RESOURCES_TRIED]:
        if is_pattern(resource):
            yield resource.translate(EXAMPLE), ""
        else:
            yield resource, resource if len(action.resources) == 1 else ""


def _durations(action: Action) -> Iterator[timedelta]:
    yield action.default
    yield from (each for each in SHORTER if action.shortest <= each < action.default)
