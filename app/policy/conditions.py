"""What a rule looks at: one small condition for each key, which finds a result with its explanation.

The keys `environments` and `actions` are no conditions: the index finds a rule by them.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple, Protocol

from app.domain.duration import format_duration
from app.policy.ask import Ask
from app.policy.globs import Globs
from app.policy.nearest import listed
from app.policy.spans import span

SHOWN = 8


class Facts(NamedTuple):
    """An ask, and the groups that its requester is in."""

    ask: Ask
    groups: frozenset[str]


class Finding(NamedTuple):
    """Whether a condition holds. `because` is expected against actual where not; else it may be empty."""

    holds: bool
    because: str


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
        needed = [_alternatives("group", self.groups)] if self.groups else []
        needed += ["to be " + " or ".join(_some(self.people))] if self.people else []
        mine = f"in {listed(sorted(facts.groups), SHOWN)}" if facts.groups else "in no group"
        return Finding(False, f"needs {', or '.join(needed)}; you are {requester.id}, {mine}")


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
        expected = f"for up to {format_duration(self.longest)}"
        if facts.ask.seconds <= self.longest.total_seconds():
            return Finding(True, expected)
        return Finding(False, f"is {expected}; you ask for {span(facts.ask.seconds)}")


@dataclass(frozen=True, slots=True)
class LongerThan:
    """The duration is longer than this."""

    bound: timedelta

    def look(self, facts: Facts) -> Finding:
        """Look at the duration."""
        expected = f"for more than {format_duration(self.bound)}"
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
        return Finding(False, f"is for requests from {expected}; yours is from {facts.ask.source[:64]}")


def _alternatives(what: str, names: frozenset[str]) -> str:
    return f"{what} " + " or ".join(_some(names))


def _some(names: frozenset[str]) -> list[str]:
    ordered = sorted(names)
    return ordered if len(ordered) <= SHOWN else [*ordered[: SHOWN - 1], f"{len(ordered) - SHOWN + 1} more"]
