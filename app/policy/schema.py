"""The keys of policy files: what each file may hold, before anything is checked across files."""

from datetime import timedelta
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.policy.shapes import (
    Channel,
    Duration,
    EffectWord,
    Email,
    ListOf,
    Name,
    NameGlob,
    PersonId,
    Prose,
    Quorum,
    ReasonNeeded,
    ResourceGlob,
    Risk,
    SlackUser,
    SomeOf,
    Title,
)

NEEDED: Any = Field(default=None, validate_default=True)
"""A key that must be there: left out, its own shape says what would be right."""


class Spec(BaseModel):
    """One entry of a section, as written."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PersonSpec(Spec):
    name: Title = NEEDED
    slack: SlackUser = NEEDED
    email: Email = ""


class EnvironmentSpec(Spec):
    """`lapse`: how long a request waits for a decision."""

    title: Title = NEEDED
    channel: Channel = NEEDED
    risk: Risk = NEEDED
    lapse: Duration = timedelta(hours=1)


class ActionSpec(Spec):
    """`risk` is the environment's where it is not given."""

    title: Title = NEEDED
    description: Prose = ""
    environment: Name = NEEDED
    risk: Risk | None = None
    resources: SomeOf[ResourceGlob] = NEEDED
    default: Duration = NEEDED
    longest: Duration = NEEDED
    shortest: Duration = timedelta(minutes=1)
    reason: ReasonNeeded = "required"


class StageSpec(Spec):
    """`notify` names groups or people; `[]` pings nobody, and without the key the approvers are pinged."""

    name: Name = NEEDED
    quorum: Quorum = 1
    groups: SomeOf[Name] = ()
    people: SomeOf[PersonId] = ()
    notify: ListOf[Name] | None = None


class RuleSpec(Spec):
    """All keys that are given must hold; of a list, one; `groups` and `people` are one list together."""

    description: Prose = ""
    effect: EffectWord = NEEDED
    environments: SomeOf[Name] = ()
    actions: SomeOf[NameGlob] = ()
    resources: SomeOf[ResourceGlob] = ()
    groups: SomeOf[Name] = ()
    people: SomeOf[PersonId] = ()
    sources: SomeOf[Name] = ()
    longest: Duration | None = None
    longer_than: Duration | None = None
    stages: SomeOf[StageSpec] = ()
    message: Prose = ""


class PermissionSpec(Spec):
    """Who has a permission."""

    groups: SomeOf[Name] = ()
    people: SomeOf[PersonId] = ()


SECTIONS: dict[str, Any] = {
    "people": PersonSpec,
    "groups": ListOf[PersonId],
    "environments": EnvironmentSpec,
    "actions": ActionSpec,
    "rules": RuleSpec,
    "permissions": PermissionSpec,
    "channels": Channel,
}
"""What an entry of each section is."""


@cache
def validator(section: str) -> TypeAdapter[Any]:
    """Make the validator of a section's entries."""
    return TypeAdapter(SECTIONS[section])


def known_keys(section: str, path: tuple[str | int, ...]) -> frozenset[str]:
    """Name the keys that there may be at `path` within an entry; none where a value is no mapping."""
    spec = StageSpec if path[:1] == ("stages",) and len(path) == 2 else SECTIONS[section]
    is_mapping = isinstance(spec, type) and issubclass(spec, BaseModel)
    return frozenset(spec.model_fields) if is_mapping else frozenset()
