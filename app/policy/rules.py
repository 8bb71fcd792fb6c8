"""A rule as it is asked, and the index that finds the rules which could match."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from app.domain.verdict import Obligations, Outcome, Reason, Stage
from app.policy.catalogue import Action
from app.policy.conditions import AskedBy, Condition, Facts, Finding
from app.policy.reach import Reach


@dataclass(frozen=True, slots=True)
class Rule:
    """All conditions must hold. `message` is told to the requester when a rule that denies matches.

    A condition that cannot be told counts as not met in a rule that permits, and as met in any other: what is
    not known gets nothing past a person, nor past a rule that denies. `obligations` is None where the rule has none.
    """

    name: str
    effect: Outcome
    conditions: tuple[Condition, ...] = ()
    stages: tuple[Stage, ...] = ()
    message: str = ""
    obligations: Obligations | None = None
    shadow: bool = False

    def look(self, facts: Facts) -> Reason:
        """Look at the facts and say what was found."""
        findings = [condition.look(facts) for condition in self.conditions]
        permits = self.effect is Outcome.AUTO_APPROVE
        missed = [each.because for each in findings if not each.holds and (each.known or permits)]
        if missed:
            because = ". ".join(_capitalised(text) if index else text for index, text in enumerate(missed))
        else:
            because = self._why(findings)
        return Reason(
            rule=self.name, effect=self.effect, matched=not missed, because=because, shadow=self.shadow
        )

    def doubts(self, facts: Facts) -> frozenset[str]:
        """Give the groups by which alone the requester may meet the rule, if only it were known; mostly none."""
        unsure = (
            each for each in self.conditions if isinstance(each, AskedBy) and not each.look(facts).known
        )
        return frozenset[str]().union(*(each.groups & facts.doubtful for each in unsure))

    def _why(self, findings: Sequence[Finding]) -> str:
        """Say why the rule matched, and what of it only counts as met, as it could not be told."""
        held = [finding.because for finding in findings if finding.holds and finding.because]
        because = self.message or ", ".join(held) or "anyone may ask"
        untold = [finding.because for finding in findings if not finding.known]
        return f"{because} (this counts as met: {'. '.join(untold)})" if untold else because


class Placed(NamedTuple):
    """A rule with the globs of actions and the environments that it is about; empty is about all."""

    rule: Rule
    actions: tuple[str, ...]
    environments: tuple[str, ...]


class RuleIndex:
    """Rules by what they are about, so that cost follows the rules that could match, not all there are."""

    def __init__(self, placed: Iterable[Placed], reach: Reach) -> None:
        self._by_action: dict[str, list[Rule]] = defaultdict(list)
        self._by_environment: dict[str, list[Rule]] = defaultdict(list)
        self._everywhere: list[Rule] = []
        self.count = 0
        for rule, actions, environments in sorted(placed, key=lambda each: each.rule.name):
            self.count += 1
            if actions:
                for action in reach.of(actions, environments):
                    self._by_action[action].append(rule)
            elif environments:
                for environment in set(environments):
                    self._by_environment[environment].append(rule)
            else:
                self._everywhere.append(rule)

    def about(self, action: Action) -> Sequence[Rule]:
        """Give the rules that could match, by name: the order of files and keys never shows."""
        found = [
            *self._by_action.get(action.name, ()),
            *self._by_environment.get(action.environment, ()),
            *self._everywhere,
        ]
        found.sort(key=attrgetter("name"))
        return found


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
