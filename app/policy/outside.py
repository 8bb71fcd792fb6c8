"""Who is in a group, who is on call and who leads whom, where files do not say it but somebody else does.

Policy does no I/O: what others say is handed in as a `Directory`, and made into what judging asks of. What is
too old, or was never told, permits nobody; and it goes on denying: the last members that are known still meet
rules that deny, and where none ever were known, everybody does.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from app.policy.catalogue import Permission
from app.policy.rotas import Rota

NO_NAMES: frozenset[str] = frozenset()


class Kind(StrEnum):
    """Where members come from."""

    SLACK = "slack"
    SCIM = "scim"
    COMMAND = "command"
    PAGERDUTY = "pagerduty"
    OPSGENIE = "opsgenie"


class Source(NamedTuple):
    """Where the members of a group or of a rota come from, how often they are fetched, and how old they may be.

    `where`: the id or handle of the Slack user group; the file or address; the program and its arguments; the
    ids of the schedules; the id or name of the schedule.
    """

    kind: Kind
    where: tuple[str, ...]
    refresh: timedelta
    max_age: timedelta


@dataclass(frozen=True, slots=True)
class Roll:
    """What a source said at an instant: ids of people, and the ids of managers by those of people."""

    members: frozenset[str]
    as_of: datetime
    managers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class Freshness(StrEnum):
    """How far what a source said can be relied on."""

    FRESH = "fresh"
    STALE = "stale"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Directory:
    """What sources said, by the name of the source: `groups.approvers`, `rotas.pager`."""

    rolls: Mapping[str, Roll] = field(default_factory=lambda: MappingProxyType({}))

    def freshness(self, name: str, source: Source, at: datetime) -> Freshness:
        """Tell how far a source can be relied on at an instant; one that is ahead of its time is not."""
        roll = self.rolls.get(name)
        if roll is None:
            return Freshness.UNKNOWN
        return Freshness.FRESH if abs(at - roll.as_of) <= source.max_age else Freshness.STALE


NOTHING_KNOWN = Directory()


class Grown(NamedTuple):
    """A group that files alone do not make up: by a source of its own, or by that of a group in it."""

    name: str
    people: frozenset[str]
    groups: tuple[str, ...]
    source: str = ""


class Named(NamedTuple):
    """Groups and people whom a permission is given to."""

    groups: tuple[str, ...]
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filed:
    """What files say of people: all that a directory is laid over. `grown`: what is in a group comes before it."""

    members: Mapping[str, frozenset[str]]
    permissions: Mapping[Permission, Named]
    managers: Mapping[str, str]
    sources: Mapping[str, Source]
    rotas: Mapping[str, Rota]
    rota_sources: Mapping[str, str]
    """Name of the source by the name of a rota that comes from one."""
    grown: tuple[Grown, ...]

    @property
    def is_all(self) -> bool:
        """Tell whether nothing comes from elsewhere, nor changes with time."""
        return not (self.sources or self.rotas)


class Standing(NamedTuple):
    """Members as far as sources can be relied on. Two that are equal make equal policies."""

    fresh: Mapping[str, frozenset[str]]
    """By the name of the source."""
    stale: Mapping[str, frozenset[str]]
    on_call: Mapping[str, frozenset[str]]
    """By the name of a built-in rota."""
    managers: Mapping[str, str]


class Overlay(NamedTuple):
    """What judging asks of people, with the directory laid over what files say.

    `members` has the rotas too: who is on call is the group of that name. `were`: those in a group when it was
    last told, too long ago. `more` and `stale` are the same by person: groups that they are in besides those by
    files, and that they were in. `unknown`: groups of which it was never told who is in them.
    """

    members: Mapping[str, frozenset[str]]
    permissions: Mapping[Permission, frozenset[str]]
    managers: Mapping[str, str]
    were: Mapping[str, frozenset[str]]
    more: Mapping[str, frozenset[str]]
    stale: Mapping[str, frozenset[str]]
    unknown: frozenset[str]


def standing(filed: Filed, directory: Directory, at: datetime | None) -> Standing:
    """Take from a directory what can be relied on. Without an instant, nothing can, and nobody is on call."""
    fresh: dict[str, frozenset[str]] = {}
    stale: dict[str, frozenset[str]] = {}
    managers: dict[str, set[str]] = defaultdict(set)
    for name, source in filed.sources.items():
        roll = directory.rolls.get(name)
        if roll is None or at is None:
            continue
        if directory.freshness(name, source, at) is Freshness.FRESH:
            fresh[name] = roll.members
            for person, manager in roll.managers.items():
                managers[person].add(manager)
        else:
            stale[name] = roll.members
    on_call = {name: rota.on_call(at) if at else NO_NAMES for name, rota in filed.rotas.items()}
    agreed = {person: next(iter(each)) for person, each in managers.items() if len(each) == 1}
    return Standing(fresh, stale, on_call, agreed | dict(filed.managers))


def changes_at(filed: Filed, directory: Directory, at: datetime) -> datetime | None:
    """Give the next instant at which time alone changes the standing; None when it never does."""
    ends = [
        directory.rolls[name].as_of + source.max_age
        for name, source in filed.sources.items()
        if directory.freshness(name, source, at) is Freshness.FRESH
    ]
    return min(chain(ends, (rota.next_change(at) for rota in filed.rotas.values())), default=None)


def lay_over(
    filed: Filed, stands: Standing, before: Standing | None = None, over: Overlay | None = None
) -> Overlay:
    """Lay a standing over what files say; the work follows what changed since the one before, where there is one."""
    members = dict(over.members if over else filed.members)
    were = dict(over.were) if over else {}
    unknown = set(over.unknown) if over else set()
    more, stale = _Changes(), _Changes()
    touched: set[str] = set()
    for group in filed.grown:
        if over and touched.isdisjoint(group.groups) and _is_same(group.source, stands, before):
            continue
        touched.add(group.name)
        said = stands.fresh.get(group.source, NO_NAMES)
        here = group.people.union(said, *(members[inner] for inner in group.groups))
        old = stands.stale.get(group.source, NO_NAMES)
        gone = old.union(*(were.get(inner, NO_NAMES) for inner in group.groups)) - here
        more.note(
            group.name, members[group.name] - filed.members[group.name], here - filed.members[group.name]
        )
        stale.note(group.name, were.get(group.name, NO_NAMES), gone)
        members[group.name], were[group.name] = here, gone
        is_told = not group.source or group.source in stands.fresh or group.source in stands.stale
        unknown.discard(group.name)
        if not is_told or not unknown.isdisjoint(group.groups):
            unknown.add(group.name)
    members |= stands.on_call
    members |= {rota: stands.fresh.get(source, NO_NAMES) for rota, source in filed.rota_sources.items()}
    return Overlay(
        members=MappingProxyType(members),
        permissions=MappingProxyType({
            permission: frozenset(named.people).union(*(members[group] for group in named.groups))
            for permission, named in filed.permissions.items()
        }),
        managers=MappingProxyType(dict(stands.managers)),
        were=MappingProxyType(were),
        more=more.made(over.more if over else {}),
        stale=stale.made(over.stale if over else {}),
        unknown=frozenset(unknown),
    )  # fmt: skip


def _is_same(source: str, stands: Standing, before: Standing | None) -> bool:
    """Tell whether a source stands as it did; true of a group that has none."""
    return before is not None and all(
        now.get(source) == then.get(source)
        for now, then in ((stands.fresh, before.fresh), (stands.stale, before.stale))
    )


def sources_behind(filed: Filed, groups: Iterable[str]) -> frozenset[str]:
    """Name the sources from which members of groups come, however deep within them."""
    inner = {group.name: group for group in filed.grown}
    found: set[str] = set()
    seen: set[str] = set()
    left = list(groups)
    while left:
        group = inner.get(name := left.pop())
        if group is None or name in seen:
            continue
        seen.add(name)
        found.add(group.source)
        left.extend(group.groups)
    return frozenset(found - {""})


class _Changes:
    """Groups that people came to and left, gathered and then made one change for each person."""

    def __init__(self) -> None:
        self._came: dict[str, set[str]] = defaultdict(set)
        self._left: dict[str, set[str]] = defaultdict(set)

    def note(self, group: str, then: frozenset[str], now: frozenset[str]) -> None:
        for person in now - then:
            self._came[person].add(group)
        for person in then - now:
            self._left[person].add(group)

    def made(self, groups: Mapping[str, frozenset[str]]) -> Mapping[str, frozenset[str]]:
        """Give the groups of each person after the changes; who is in none is left out."""
        found = dict(groups)
        for person in self._came.keys() | self._left.keys():
            left, came = self._left.get(person, NO_NAMES), self._came.get(person, NO_NAMES)
            if now := (found.pop(person, NO_NAMES) - left) | came:
                found[person] = now
        return MappingProxyType(found)


def chain_of_command(person: str, managers: Mapping[str, str], levels: int) -> frozenset[str]:
    """Give the managers of a person, so many levels up, but never the person, wherever the chain may lead."""
    found: list[str] = []
    at = person
    for _ in range(levels):
        at = managers.get(at, "")
        if not at or at == person or at in found:
            break
        found.append(at)
    return frozenset(found)
