"""Reads the files of cases beside a policy, and puts together what they ask; all mistakes are told."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import product
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from app.policy.ask import Ask, History
from app.policy.cases.spec import (
    ASKED,
    SECTIONS,
    AskedSpec,
    CaseSpec,
    case_validator,
    defaults_validator,
    keys_of,
)
from app.policy.draft import Draft
from app.policy.loading import CASES, policy_files, told
from app.policy.nearest import instead
from app.policy.policy import CATALOGUE, Policy
from app.policy.problems import PolicyError, Problem
from app.policy.shapes import name as shape_of_name
from app.policy.yaml_file import BrokenFileError, Document, Path_, Row, Table, dotted, read_file

T = TypeVar("T")
NO_MEMBERS: Mapping[str, frozenset[str]] = MappingProxyType({})
MOST_ASKS = 10_000
DEFAULT_AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
"""When it is asked where nothing is said: a Monday at noon, so that a case says the same every day."""
DEFAULT_REASON = "INC-1: a reason"
DEFAULT_SOURCE = "slack"
NEEDED_FACTS = {"who": "who asks", "action": "what is asked for", "resource": "what it is done to"}


class Case(NamedTuple):
    """A named case, where it stands, what it expects, and everything that it asks."""

    file: str
    line: int
    name: str
    expected: CaseSpec
    asks: tuple[Ask, ...]
    members: Mapping[str, frozenset[str]] = NO_MEMBERS
    """Who is told to be in sources, by `groups.NAME` and `rotas.NAME`."""


class Cases(NamedTuple):
    """All cases of a folder, with the names of the rules that they are about."""

    cases: tuple[Case, ...]
    rules: frozenset[str]


def case_files(folder: Path) -> list[tuple[str, Path]]:
    """List the files of cases in a policy folder, by their names in it. Raises PolicyError: there is none."""
    within = folder / CASES
    if not within.is_dir():
        text = f"has no cases; write some in {CASES}/, such as {CASES}/production.yaml"
        raise PolicyError([Problem(folder.name, 0, "", text)])
    return [(f"{CASES}/{name}", path) for name, path in policy_files(within)]


def read_cases(folder: Path, draft: Draft, policy: Policy) -> Cases:
    """Read the cases of a policy folder. Raises PolicyError, also when there is none."""
    reading = _Reading(draft, policy)
    for name, path in case_files(folder):
        try:
            document = read_file(path, name)
        except BrokenFileError as error:
            reading.problems.append(error.problem)
        else:
            reading.take(document)
    if not reading.cases and not reading.problems:
        reading.problems.append(Problem(folder.name, 0, "cases", f"is empty in all of {CASES}/; write some"))
    if reading.problems:
        raise PolicyError(reading.problems)
    return Cases(tuple(reading.cases), reading.rules)


class _Reading:
    def __init__(self, draft: Draft, policy: Policy) -> None:
        self._policy = policy
        self.rules = frozenset(draft.names("rules"))
        self.cases: list[Case] = []
        self.problems: list[Problem] = []

    def take(self, document: Document) -> None:
        """Take the cases of one file, and what is wrong with them."""
        self.problems += document.problems
        for section in document.tree:
            if section not in SECTIONS:
                right = instead(section, SECTIONS)
                text = f"is not a known key; {right} (files in {CASES}/ hold cases, and no policies)"
                self._add(document, (section,), text)
        defaults = self._defaults(document)
        entries = document.tree.get("cases", Table())
        if not isinstance(entries, Table):
            self._add(document, ("cases",), "is not a mapping; write names, and what belongs to each")
            return
        for name, written in entries.items():
            at: Path_ = ("cases", name)
            try:
                shape_of_name(name)
            except ValueError as error:
                self._add(document, at, f"the name {error}")
            spec = self._read(document, at, written, case_validator, CaseSpec)
            if spec is not None and defaults is not None:
                self._case(document, name, spec, defaults)

    def _defaults(self, document: Document) -> AskedSpec | None:
        if "defaults" not in document.tree:
            return AskedSpec()
        written = document.tree["defaults"]
        found: AskedSpec | None = self._read(document, ("defaults",), written, defaults_validator, AskedSpec)
        if found is not None:
            self._known(document, ("defaults",), found)
        return found  # what is wrong with it is told

    def _read(
        self, document: Document, at: Path_, written: Any, validator: TypeAdapter[Any], spec: type[AskedSpec]
    ) -> Any:
        try:
            return validator.validate_python(written)
        except ValidationError as error:
            for each in error.errors(include_url=False):
                self._add(document, (*at, *each["loc"]), told(dict(each), written, keys_of(spec)))
            return None

    def _case(self, document: Document, name: str, spec: CaseSpec, defaults: AskedSpec) -> None:
        before, at = len(self.problems), ("cases", name)
        self._known(document, at, spec)
        self._fitting(document, at, spec)
        facts = {key: getattr(spec, key) or getattr(defaults, key) for key in ASKED}
        for key, what in NEEDED_FACTS.items():
            if not facts[key]:
                self._add(document, (*at, key), f"is missing; write {what}, here or in defaults")
        if (count := prod(len(values) or 1 for values in facts.values())) > MOST_ASKS:
            self._add(document, at, f"asks {count:,} times; {MOST_ASKS:,} is the most, write less of each")
        if before == len(self.problems):
            asks = tuple(
                self._asks(facts, _first(spec.earlier, defaults.earlier), _first(spec.live, defaults.live))
            )
            members = {
                source: frozenset(people)
                for group, people in (defaults.members | spec.members).items()
                for source in (f"groups.{group}", f"rotas.{group}")
            }
            self.cases.append(Case(document.name, document.line(at), name, spec, asks, members))

    def _asks(
        self, facts: dict[str, tuple[Any, ...]], earlier: tuple[timedelta, ...] | None, live: int | None
    ) -> Iterator[Ask]:
        """Ask for every combination, in the order in which they are written."""
        values = [facts[key] or (None,) for key in ASKED]
        for combination in product(*values):
            asked = dict(zip(ASKED, combination, strict=True))
            duration = asked.pop("duration") or self._policy.actions[asked["action"]].default
            at = asked["at"] or DEFAULT_AT
            before = tuple((at - each).astimezone(UTC) for each in earlier or ())
            yield Ask(
                requester=self._policy.people[asked["who"]],
                action=asked["action"],
                resource=asked["resource"],
                seconds=int(duration.total_seconds()),
                reason=DEFAULT_REASON if asked["reason"] is None else asked["reason"],
                source=asked["source"] or DEFAULT_SOURCE,
                at=at,
                ip=asked["ip"] or "",
                history=History(asked=before, live=live or 0),
            )

    def _known(self, document: Document, at: Path_, spec: AskedSpec) -> None:
        """Find names that the policy does not have: a case about nobody would hold for the wrong reason."""
        self._among(document, (*at, "who"), spec.who, self._policy.people, "person")
        self._among(document, (*at, "action"), spec.action, self._policy.actions, "action")
        elsewhere = {name.partition(".")[2] for name in self._policy.sources}
        for group, people in spec.members.items():
            if group not in elsewhere:
                text = f"is no group or rota that comes from elsewhere; {instead(group, elsewhere)}"
                self._add(document, (*at, "members", group), text)
            self._among(document, (*at, "members", group), people, self._policy.people, "person")
        if isinstance(spec, CaseSpec):
            rules = {*self.rules, CATALOGUE}
            self._among(document, (*at, "rules"), spec.rules or (), rules, "rule")
            approvers = {*self._policy.people, *self._policy.members}
            for index, stage in enumerate(spec.stages or ()):
                place: Path_ = (*at, "stages", index, "approvers")
                self._among(document, place, stage.approvers or (), approvers, "group or person")

    def _among(
        self, document: Document, at: Path_, words: Collection[str], known: Collection[str], what: str
    ) -> None:
        for index, word in enumerate(words):
            if word not in known:
                text = f"there is no {what} “{word}”; {instead(word, known)}"
                self._add(document, (*at, index), text)

    def _fitting(self, document: Document, at: Path_, spec: CaseSpec) -> None:
        if spec.stages and spec.expect != "require":
            text = f"does not go with {spec.expect}; remove it, or write expect: require"
            self._add(document, (*at, "stages"), text)
        if spec.stages == () and spec.expect == "require":
            self._add(document, (*at, "stages"), "is empty, and approvals are required; write the stages")
        if spec.rules == () and spec.expect != "deny":
            text = f"is empty, and {spec.expect} takes a rule; name it, or write expect: deny"
            self._add(document, (*at, "rules"), text)

    def _add(self, document: Document, path: Path_, text: str) -> None:
        written = _as_written(document.tree, path)
        self.problems.append(Problem(document.name, document.line(written), dotted(written), text))


def _first(one: T | None, other: T | None) -> T | None:
    return other if one is None else one


def _as_written(tree: Table, path: Path_) -> Path_:
    """Leave out the place in a list where one value stands instead of a list."""
    node: Any = tree
    kept: list[str | int] = []
    for step in path:
        if isinstance(step, int) and not isinstance(node, Row):
            continue
        kept.append(step)
        held = isinstance(node, Row) or (isinstance(node, Table) and step in node)
        node = node[step] if held else None
    return tuple(kept)
