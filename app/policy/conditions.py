"""What a rule looks at: one small condition for each key, which finds a result with its explanation.

The keys `environments` and `actions` are no conditions: the index finds a rule by them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple, Protocol

from app.policy.ask import Ask
from app.policy.catalogue import Action
from app.policy.globs import Globs
from app.policy.nearest import listed
from app.policy.spans import span

SHOWN = 8


Attributes = Mapping[str, tuple[str, ...]]
NO_ATTRIBUTES: Attributes = MappingProxyType({})
NOBODY_KNOWS: frozenset[str] = frozenset()


class Facts(NamedTuple):
    """An ask, the groups that its requester is in, what else is known of them, and the action asked for.

    `doubtful` are groups of which it cannot be told now whether the requester is in them.
    """

    ask: Ask
    groups: frozenset[str]
    attributes: Attributes = NO_ATTRIBUTES
    action: Action | None = None
    doubtful: frozenset[str] = frozenset()


class Finding(NamedTuple):
    """Whether a condition holds. `because` is expected against actual where not; else it may be empty.

    `known` is False when that cannot be told, as a fact is missing; then `holds` is False too, and the rule
    decides what it counts as: as met where the rule denies or requires, as not met where it permits.
    """

    holds: bool
    because: str
    known: bool = True


class Condition(Protocol):
    """One key of a rule."""

    def look(self, facts: Facts) -> Finding:
        """Look at the facts; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class AskedBy:
    """The requester is in one of the groups, or is one of the people."""

    groups: frozenset[str]
    people: frozenset[str]

    def look(self, facts: Facts) -> Finding:
        """Look at the requester."""
        if shared := self.groups & facts.groups:
            return Finding(True, f"group {min(shared)} may ask")
        requester = facts.ask.requester
        if requester.id in self.people:
            return Finding(True, f"{requester.name} may ask")
        needed = _needed(self.groups, self.people)
        if unsure := self.groups & facts.doubtful:
            untold = f"whether you are in {listed(sorted(unsure), SHOWN)} is not known now"
            return Finding(False, f"needs {needed}; {untold}", False)
        return Finding(False, f"needs {needed}; you are {requester.id}, {_membership(facts.groups)}")


@dataclass(frozen=True, slots=True)
class OnResource:
    """The resource matches one of the globs."""

    globs: Globs
    written: tuple[str, ...]

    def look(self, facts: Facts) -> Finding:
        """Look at the resource."""
        if self.globs.match(facts.ask.resource):
            return Finding(True, "")
        expected = listed(self.written, SHOWN)
        return Finding(False, f"is about {expected}; you ask for {facts.ask.resource[:128]}")


@dataclass(frozen=True, slots=True)
class UpTo:
    """The duration is at most this long."""

    longest: timedelta

    def look(self, facts: Facts) -> Finding:
        """Look at the duration."""
        expected = f"for up to {span(self.longest.total_seconds())}"
        if facts.ask.seconds <= self.longest.total_seconds():
            return Finding(True, expected)
        return Finding(False, f"is {expected}; you ask for {span(facts.ask.seconds)}")


@dataclass(frozen=True, slots=True)
class LongerThan:
    """The duration is longer than this."""

    bound: timedelta

    def look(self, facts: Facts) -> Finding:
        """Look at the duration."""
        expected = f"for more than {span(self.bound.total_seconds())}"
        if facts.ask.seconds > self.bound.total_seconds():
            return Finding(True, expected)
        return Finding(False, f"is {expected}; you ask for {span(facts.ask.seconds)}")


@dataclass(frozen=True, slots=True)
class CameThrough:
    """The request came through one of these sources, such as `slack`."""

    sources: frozenset[str]

    def look(self, facts: Facts) -> Finding:
        """Look at the source."""
        if facts.ask.source in self.sources:
            return Finding(True, "")
        expected = " or ".join(_some(self.sources))
        if not facts.ask.source:
            return Finding(False, f"is for requests from {expected}; where yours is from is not known", False)
        return Finding(False, f"is for requests from {expected}; yours is from {facts.ask.source[:64]}")


@dataclass(frozen=True, slots=True)
class OfRisk:
    """The action has one of these risks."""

    risks: frozenset[str]

    def look(self, facts: Facts) -> Finding:
        """Look at the action."""
        expected = f"is for risk {' or '.join(_some(self.risks))}"
        if facts.action is None:
            return Finding(False, f"{expected}; the risk of {facts.ask.action[:64]} is not known", False)
        if facts.action.risk in self.risks:
            return Finding(True, f"of {facts.action.risk} risk")
        return Finding(False, f"{expected}; {facts.action.name} is of {facts.action.risk} risk")


@lru_cache(maxsize=4096)
def _needed(groups: frozenset[str], people: frozenset[str]) -> str:
    needed = [_alternatives("group", groups)] if groups else []
    needed += ["to be " + " or ".join(_some(people))] if people else []
    return ", or ".join(needed)


@lru_cache(maxsize=4096)
def _membership(groups: frozenset[str]) -> str:
    return f"in {listed(sorted(groups), SHOWN)}" if groups else "in no group"


def _alternatives(what: str, names: frozenset[str]) -> str:
    return f"{what} " + " or ".join(_some(names))


def _some(names: frozenset[str]) -> list[str]:
    ordered = sorted(names)
    return ordered if len(ordered) <= SHOWN else [*ordered[: SHOWN - 1], f"{len(ordered) - SHOWN + 1} more"]
