"""Conditions on who asks, what they say, and what they had before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from app.domain.duration import format_duration
from app.policy.conditions import Attributes, Condition, Facts, Finding
from app.policy.patterns import found_in


@dataclass(frozen=True, slots=True)
class RequesterIs:
    """The requester has, of each attribute, one of the values. An attribute that they lack cannot be told."""

    wanted: Attributes

    def look(self, facts: Facts) -> Finding:
        """Look at the attributes of the requester."""
        missing = [key for key in self.wanted if key not in facts.attributes]
        wrong = [key for key in self.wanted if key not in missing and not self._has(key, facts.attributes)]
        if wrong:
            key = wrong[0]
            actual = " and ".join(facts.attributes[key])
            return Finding(False, f"needs {key} {' or '.join(self.wanted[key])}; yours is {actual}")
        if missing:
            key = missing[0]
            return Finding(False, f"needs {key} {' or '.join(self.wanted[key])}; yours is not known", False)
        return Finding(True, ", ".join(f"{key} {' or '.join(words)}" for key, words in self.wanted.items()))

    def _has(self, key: str, attributes: Attributes) -> bool:
        return has_any(attributes, {key: self.wanted[key]})


def has_any(attributes: Attributes, wanted: Mapping[str, tuple[str, ...]]) -> bool:
    """Tell whether someone has, of each attribute, one of the values that are wanted."""
    return all(not set(words).isdisjoint(attributes.get(key, ())) for key, words in wanted.items())


@dataclass(frozen=True, slots=True)
class NamesTicket:
    """The pattern is found in the reason. An empty reason names none."""

    pattern: str

    def look(self, facts: Facts) -> Finding:
        """Look at the reason, up to the length that one can have."""
        if found := found_in(facts.ask.reason, self.pattern):
            return Finding(True, f"ticket {found[:64]}")
        return Finding(False, f"needs a ticket like {self.pattern} in the reason; yours names none")


@dataclass(frozen=True, slots=True)
class AskedOften:
    """The requester asked for this action less than `count` times before; with `over`, at least that often.

    So `at_most: {count: 3, per: day}` holds for the first three in any 24 h, and `more_than` from the fourth.
    """

    count: int
    per: int
    over: bool = False

    def look(self, facts: Facts) -> Finding:
        """Look at the history. What cannot be told: one that is not known, or whose times have no zone."""
        history, at = facts.ask.history, facts.ask.at
        time = format_duration(timedelta(seconds=self.per))
        expected = f"is for {'more than' if self.over else 'up to'} {self.count} in {time}"
        if history is None or at.tzinfo is None or any(each.tzinfo is None for each in history.asked):
            return Finding(False, f"{expected}; how often you asked before is not known", False)
        recent = [each for each in history.asked if (at - each).total_seconds() < self.per]
        if (len(recent) >= self.count) is self.over:
            return Finding(True, f"number {len(recent) + 1} in {time}")
        if self.over:
            return Finding(False, f"{expected}; this is number {len(recent) + 1}")
        free = sorted(recent)[-self.count] + timedelta(seconds=self.per)
        again = f"ask again from {free:%d %b %H:%M %Z} on"
        return Finding(False, f"{expected}; this would be number {len(recent) + 1}; {again}")


@dataclass(frozen=True, slots=True)
class HoldsOthers:
    """With this one the requester holds at most `most` live grants; with `over`, more than that."""

    most: int
    over: bool = False

    def look(self, facts: Facts) -> Finding:
        """Look at the history. What cannot be told: one that is not known."""
        expected = f"is for {'more than' if self.over else 'up to'} {self.most} held at a time"
        if facts.ask.history is None:
            return Finding(False, f"{expected}; how many you hold is not known", False)
        held = facts.ask.history.live + 1
        if (held > self.most) is self.over:
            return Finding(True, f"number {held} held at a time")
        way = "" if self.over else "; give one back first"
        return Finding(False, f"{expected}; this would be number {held}{way}")


def counted_over(condition: Condition) -> timedelta | None:
    """Tell how far back a condition needs the history; None where it needs none."""
    match condition:
        case AskedOften(per=per):
            return timedelta(seconds=per)
        case HoldsOthers():
            return timedelta()
        case _:
            return None
