"""Policy files put together, before they are known to make sense: entries, and where each one stands."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Any, NamedTuple

from app.policy.conditions import Attributes
from app.policy.fetched import grown, sources
from app.policy.machine_shapes import MachineSpec
from app.policy.membership import members_of
from app.policy.outside import Source, chain_of_command
from app.policy.people_conditions import has_any
from app.policy.problems import Problem
from app.policy.schema import (
    ActionSpec,
    CalendarSpec,
    DelegationSpec,
    EnvironmentSpec,
    FreezeSpec,
    GroupSpec,
    PermissionSpec,
    PersonSpec,
    QuietSpec,
    RotaSpec,
    RuleSpec,
    StageSpec,
)
from app.policy.trigger_shapes import TriggerSpec
from app.policy.yaml_file import Document, Path_, dotted


class Entry(NamedTuple):
    """A named entry of a section. `spec` is None when the entry itself is malformed, which is told apart."""

    section: str
    name: str
    document: Document
    written: Any
    spec: Any

    def problem(self, text: str, *path: str | int) -> Problem:
        """Say what is wrong with a key of this entry."""
        full: Path_ = (self.section, self.name, *path)
        return Problem(self.document.name, self.document.line(full), dotted(full), text)


class Draft:
    """All entries of all files, by section and name."""

    def __init__(self, sections: dict[str, dict[str, Entry]], folder: str) -> None:
        self._sections = sections
        self._folder = folder

    def names(self, section: str) -> AbstractSet[str]:
        """Names that a section defines, those of malformed entries among them."""
        return self._sections[section].keys()

    def problem(self, key: str, text: str) -> Problem:
        """Say what is wrong with the folder as a whole."""
        return Problem(self._folder, 0, key, text)

    def definitions(self) -> dict[str, frozenset[str]]:
        """What each file defines, as `section.name` by file."""
        held: dict[str, set[str]] = {}
        for section, entries in self._sections.items():
            for entry in entries.values():
                held.setdefault(entry.document.name, set()).add(f"{section}.{entry.name}")
        return {file: frozenset(keys) for file, keys in held.items()}

    def written(self) -> dict[str, dict[str, Any]]:
        """Everything as written, without comments, order and files."""
        return {
            section: {name: entry.written for name, entry in entries.items()}
            for section, entries in self._sections.items()
        }

    @property
    def people(self) -> Iterator[tuple[Entry, PersonSpec]]:
        return self._well_formed("people")

    @property
    def groups(self) -> Iterator[tuple[Entry, GroupSpec]]:
        """Groups; one that is written as a list is one of people alone."""
        for entry, spec in self._well_formed("groups"):
            yield entry, spec if isinstance(spec, GroupSpec) else GroupSpec.model_construct(people=spec)

    @cached_property
    def members(self) -> Mapping[str, frozenset[str]]:
        """Ids of the people in each group that is well-formed, those in its groups among them."""
        return members_of({entry.name: group for entry, group in self.groups})

    @property
    def rotas(self) -> Iterator[tuple[Entry, RotaSpec]]:
        return self._well_formed("rotas")

    @cached_property
    def elsewhere(self) -> frozenset[str]:
        """Names of groups whose members files alone do not name, and of all rotas: anybody may be in these."""
        groups = {entry.name: group for entry, group in self.groups}
        return frozenset(each.name for each in grown(groups)).union(self.names("rotas"))

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """Where members come from that files do not name, by `groups.NAME` and `rotas.NAME`."""
        named = ((entry.name, spec) for entry, spec in self.groups)
        return sources(named, ((entry.name, spec) for entry, spec in self.rotas))

    @cached_property
    def managers(self) -> Mapping[str, str]:
        """Id of the manager, by the id of a person who has one."""
        return {entry.name: person.manager for entry, person in self.people if person.manager}

    @cached_property
    def attributes(self) -> frozenset[str]:
        """Names of the attributes that any person has."""
        return frozenset(key for _, person in self.people for key in person.attributes)

    @cached_property
    def attributes_of(self) -> Mapping[str, Attributes]:
        """Attributes of each person who has any."""
        return {entry.name: person.attributes for entry, person in self.people if person.attributes}

    def entitled(self, stage: StageSpec, asker: str = "") -> frozenset[str]:
        """Give who may approve a stage, of the groups and people that there are and the asker's managers."""
        named = frozenset(stage.people).union(*(self.members[group] for group in stage.groups))
        named |= chain_of_command(asker, self.managers, stage.managers or 0)
        if not stage.approver:
            return named
        nothing: Attributes = {}
        return frozenset(
            person for person in named if has_any(self.attributes_of.get(person, nothing), stage.approver)
        )

    @property
    def calendars(self) -> Iterator[tuple[Entry, CalendarSpec]]:
        return self._well_formed("calendars")

    @property
    def freezes(self) -> Iterator[tuple[Entry, FreezeSpec]]:
        return self._well_formed("freezes")

    @property
    def environments(self) -> Iterator[tuple[Entry, EnvironmentSpec]]:
        return self._well_formed("environments")

    @property
    def actions(self) -> Iterator[tuple[Entry, ActionSpec]]:
        return self._well_formed("actions")

    @property
    def rules(self) -> Iterator[tuple[Entry, RuleSpec]]:
        return self._well_formed("rules")

    @property
    def permissions(self) -> Iterator[tuple[Entry, PermissionSpec]]:
        return self._well_formed("permissions")

    @property
    def delegation(self) -> Iterator[tuple[Entry, DelegationSpec]]:
        return self._well_formed("delegation")

    @property
    def quiet(self) -> Iterator[tuple[Entry, QuietSpec]]:
        return self._well_formed("quiet")

    @property
    def channels(self) -> Iterator[tuple[Entry, str]]:
        return self._well_formed("channels")

    @property
    def mail(self) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        return self._well_formed("mail")

    @property
    def machines(self) -> Iterator[tuple[Entry, MachineSpec]]:
        return self._well_formed("machines")

    @property
    def api(self) -> Iterator[tuple[Entry, bool]]:
        return self._well_formed("api")

    @property
    def factors(self) -> Iterator[tuple[Entry, Any]]:
        """Each key with a value of its own shape; keys that are not known are told already."""
        return self._well_formed("factors")

    @property
    def triggers(self) -> Iterator[tuple[Entry, TriggerSpec]]:
        return self._well_formed("triggers")

    def _well_formed(self, section: str) -> Iterator[tuple[Entry, Any]]:
        """Go through a section by name: the order of files and keys means nothing."""
        for _, entry in sorted(self._sections[section].items()):
            if entry.spec is not None:
                yield entry, entry.spec
