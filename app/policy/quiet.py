"""Quiet hours: when people are not pinged, and until when. Whoever is on call is pinged at any hour.

They change nothing of who may decide, nor of when a request lapses: only whom a line reaches, and when.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.policy.assembling import Assembly
from app.policy.draft import Draft
from app.policy.problems import Problem
from app.policy.rule_references import wrong_windows
from app.policy.windows import Window
from app.policy.words import known

LOOKED_AHEAD = timedelta(days=15)
"""Who has no hour without quiet in so long a time is not waited for."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which these people are not pinged; `environments` are those of the requests, none is all."""

    name: str
    groups: tuple[str, ...]
    people: frozenset[str]
    environments: frozenset[str]
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class QuietHours:
    """All quiet hours of a policy, with who is in groups and on call now."""

    entries: Sequence[Quiet]
    members: Mapping[str, frozenset[str]]
    on_call: frozenset[str]

    def has_any(self) -> bool:
        """Tell whether anybody has any."""
        return bool(self.entries)

    def holds(self, person: str, environment: str, at: datetime) -> bool:
        """Tell whether somebody is not to be pinged at an instant about a request of an environment."""
        return any(window.has(at) for window in self._windows(person, environment))

    def ends(self, person: str, environment: str, at: datetime) -> datetime | None:
        """Give the first instant from `at` on that is in no quiet hours of somebody's; `at` where it is in none.

        None where there is none for LOOKED_AHEAD.
        """
        windows, found = tuple(self._windows(person, environment)), at
        while found < at + LOOKED_AHEAD:
            holding = next((window for window in windows if window.has(found)), None)
            if holding is None:
                return found
            found = holding.closes(found)
        return None

    def first_to_wake(self, people: Iterable[str], environment: str, at: datetime) -> datetime | None:
        """Give the first instant from `at` on at which any of them may be pinged; `at` where there is nobody."""
        each = [self.ends(person, environment, at) for person in sorted(set(people))]
        return min((found for found in each if found), default=None) if each else at

    def named(self, person: str, environment: str, at: datetime) -> tuple[str, ...]:
        """Name the entries by which somebody is not pinged at an instant."""
        return tuple(
            entry.name
            for entry in self._entries(person, environment)
            if any(window.has(at) for window in entry.windows)
        )

    def _windows(self, person: str, environment: str) -> Iterator[Window]:
        for entry in self._entries(person, environment):
            yield from entry.windows

    def _entries(self, person: str, environment: str) -> Iterator[Quiet]:
        if person in self.on_call:
            return
        for entry in self.entries:
            is_theirs = person in entry.people or any(
                person in self.members.get(group, ()) for group in entry.groups
            )
            if is_theirs and (not entry.environments or environment in entry.environments):
                yield entry


def quiet_of(draft: Draft, assembly: Assembly) -> tuple[Quiet, ...]:
    """Read the section; without it nobody has quiet hours."""
    return tuple(
        Quiet(
            name=entry.name,
            groups=spec.groups,
            people=frozenset(spec.people),
            environments=frozenset(spec.environments),
            windows=tuple(map(assembly.window, spec.times)),
        )
        for entry, spec in draft.quiet
    )


def wrong_in_quiet(draft: Draft) -> Iterator[Problem]:
    """Find names that are not there, entries about nobody, and windows that leave no span."""
    for entry, spec in draft.quiet:
        yield from known(entry, spec.groups, draft.names("groups"), "group", "groups")
        yield from known(entry, spec.people, draft.names("people"), "person", "people")
        yield from known(entry, spec.environments, draft.names("environments"), "environment", "environments")
        if not (spec.groups or spec.people):
            yield entry.problem("is about nobody; name groups or people", "groups")
        yield from wrong_windows(entry, "times", spec.times, draft)
