"""The keys of files of cases: what is asked, one or several of each, and what policy must say of it."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, TypeAdapter

from app.policy.factor_shapes import MfaSpec
from app.policy.instants import RIGHT, read_instant
from app.policy.place_conditions import address_of
from app.policy.policy import CATALOGUE
from app.policy.schema import NEEDED, Spec
from app.policy.shapes import (
    RESOURCE,
    Duration,
    EffectWord,
    ListOf,
    Name,
    PersonId,
    Prose,
    Quorum,
    matching,
    name,
)
from app.policy.yaml_file import Path_

T = TypeVar("T")
LONGEST_REASON = 2000
UNKNOWN = "unknown"


def one_or_more(value: object) -> object:
    """Take one value for a list of one. Raises ValueError for an empty list."""
    if value == []:
        raise ValueError("is an empty list; name at least one, or leave the key out")
    return value if isinstance(value, list) else [value]


def instant(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError(f"is {'missing' if value is None else 'no time'}; write {RIGHT}")  # noqa: TRY004
    return read_instant(value)


def reason(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_REASON:
        raise ValueError(f'is no text of up to {LONGEST_REASON:,} characters; write some, or "" for none')
    return value


def address(value: object) -> str:
    """Give an IP address, or "" for `unknown`. Raises ValueError."""
    if value == UNKNOWN:
        return ""
    if not isinstance(value, str) or address_of(value) is None:
        raise ValueError(f"is no address; write one such as 203.0.113.7 or 2001:db8::7, or {UNKNOWN}")
    return value


def live(value: object) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"0|[1-9]\d{0,2}", value, re.ASCII):
        raise ValueError("is no number of grants; write how many the requester holds already, 0 to 999")
    return int(value)


def rule_name(value: object) -> str:
    """Give the name of a rule, or what stands for the catalogue. Raises ValueError."""
    return CATALOGUE if value == CATALOGUE else name(value)


resource = matching(RESOURCE, "a resource such as orders-db")
OneOrMore = Annotated[tuple[T, ...], BeforeValidator(one_or_more)]
Resource = Annotated[str, PlainValidator(resource)]
Instant = Annotated[datetime, PlainValidator(instant)]
Reason = Annotated[str, PlainValidator(reason)]
Address = Annotated[str, PlainValidator(address)]
Live = Annotated[int, PlainValidator(live)]
RuleName = Annotated[str, PlainValidator(rule_name)]


class AskedSpec(Spec):
    """What is asked. Each key may have several values, and every combination of them is asked.

    But for the last three: `earlier` are requests of the same action that the requester made before, by how
    long before this one; `live` is how many grants they hold already;
    `members` are who is told to be in groups and rotas that come from elsewhere: without it nobody is known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)

    who: OneOrMore[PersonId] = ()
    action: OneOrMore[Name] = ()
    resource: OneOrMore[Resource] = ()
    duration: OneOrMore[Duration] = Field(default=(), alias="for")
    reason: OneOrMore[Reason] = ()
    source: OneOrMore[Name] = ()
    at: OneOrMore[Instant] = ()
    ip: OneOrMore[Address] = ()
    earlier: ListOf[Duration] | None = None
    live: Live | None = None
    members: dict[Name, ListOf[PersonId]] = Field(default_factory=dict)


class StageCase(Spec):
    """A stage that must hold. `approvers`: groups and people who may approve it, whoever asks left out."""

    name: Name | None = None
    quorum: Quorum | None = None
    approvers: ListOf[Name] | None = None


class CaseSpec(AskedSpec):
    """What is asked, and what must come of it: what is left out of it may be anything.

    `rules` are exactly those that decide, `[]` for none; `message` is a part of what the requester is told;
    `shadow` is what it would be with the rules in shadow in force. `mfa` are exactly the factors that are asked for,
    `{}` for none; how fresh, where it says so.
    """

    description: Prose = ""
    expect: EffectWord = NEEDED
    rules: ListOf[RuleName] | None = None
    stages: ListOf[StageCase] | None = None
    message: Prose = ""
    shadow: EffectWord | None = None
    mfa: MfaSpec | None = None


SECTIONS: dict[str, Any] = {"defaults": AskedSpec, "cases": CaseSpec}
"""What a file holds: `defaults` itself, and each entry of `cases`."""
defaults_validator: TypeAdapter[AskedSpec] = TypeAdapter(AskedSpec)
case_validator: TypeAdapter[CaseSpec] = TypeAdapter(CaseSpec)
ASKED = tuple(key for key in AskedSpec.model_fields if key not in {"earlier", "live", "members"})
"""What may have several values."""


def keys_of(spec: type[Spec]) -> Callable[[Path_], frozenset[str]]:
    """Make what names the keys that there may be at a path within an entry."""

    def keys_at(path: Path_) -> frozenset[str]:
        of: type[BaseModel] = StageCase if path[:1] == ("stages",) and len(path) == 2 else spec
        of = MfaSpec if path == ("mfa",) else of
        return frozenset(field.alias or key for key, field in of.model_fields.items())

    return keys_at
