"""The keys of policy files: what each file may hold, before anything is checked across files."""

from datetime import timedelta
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.domain.target import Target
from app.policy.addresses import Email
from app.policy.context_shapes import (
    MIDNIGHT,
    AddressFrom,
    Attributes,
    Clock,
    Count,
    Date,
    Days,
    Flag,
    Moment,
    Network,
    Per,
    Source,
    Ticket,
    Zone,
)
from app.policy.factor_shapes import FACTOR_KEYS, MfaSpec
from app.policy.machine_shapes import MachineSpec
from app.policy.outside_shapes import (
    Argument,
    Levels,
    OpsgenieSchedule,
    PagerDutySchedule,
    Place,
    Shift,
    SlackGroup,
)
from app.policy.shapes import (
    Channel,
    Duration,
    EffectWord,
    Expression,
    ListOf,
    Mode,
    Name,
    NameGlob,
    PersonId,
    Prose,
    Quorum,
    ReasonNeeded,
    Remind,
    ResourceGlob,
    Risk,
    SlackUser,
    SomeOf,
    Subject,
    Title,
)
from app.policy.target_shapes import Parameters
from app.policy.trigger_shapes import TriggerSpec
from app.policy.ways import WayWord

NEEDED: Any = Field(default=None, validate_default=True)
"""A key that must be there: left out, its own shape says what would be right."""


class Spec(BaseModel):
    """One entry of a section, as written."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PersonSpec(Spec):
    """`attributes` are free: conditions on requesters and approvers speak of them.

    `oidc` is the subject (`sub`) of the person's account at the sign-in provider, never an address or a name.
    `notify`: how they are told, by slack, email or both; who does not say it is told by Slack.
    """

    name: Title = NEEDED
    slack: SlackUser = NEEDED
    email: Email = ""
    notify: SomeOf[WayWord] = ()
    attributes: Attributes = {}
    manager: PersonId | None = None
    oidc: Subject | None = None


class FetchedSpec(Spec):
    """How often what comes from elsewhere is fetched, and how old it may be and still permit."""

    refresh: Duration | None = None
    max_age: Duration | None = None


class GroupSpec(FetchedSpec):
    """A group of people and of groups, and of those whom one source from elsewhere names.

    One of people alone may be written as a list. `slack`: a user group; `scim`: a file or an address that gives
    a Group of RFC 7643; `command`: a program and its arguments, that prints one.
    """

    groups: SomeOf[Name] = ()
    people: SomeOf[PersonId] = ()
    slack: SlackGroup | None = None
    scim: Place | None = None
    command: SomeOf[Argument] = ()


class OverrideSpec(Spec):
    """Someone takes over for a while, in the rota's zone; `from` is in it, `to` is not."""

    begins: Moment = Field(default=None, validate_default=True, alias="from")
    ends: Moment = Field(default=None, validate_default=True, alias="to")
    person: PersonId = NEEDED


class RotaSpec(FetchedSpec):
    """Who is on call: people in turn, or as a schedule of PagerDuty or Opsgenie has it.

    In turn: `people` take shifts (`shift`, `1w` where it is left out) in order from the first day (`from`) on,
    handed over at a time of day (`handover`) in a `zone`.
    """

    people: SomeOf[PersonId] = ()
    begins: Date | None = Field(default=None, alias="from")
    shift: Shift | None = None
    handover: Clock | None = None
    zone: Zone | None = None
    overrides: SomeOf[OverrideSpec] = ()
    pagerduty: SomeOf[PagerDutySchedule] = ()
    opsgenie: OpsgenieSchedule | None = None


class EnvironmentSpec(Spec):
    """`lapse`: how long a request waits for a decision; `remind`: after how long its approvers are reminded.

    `email`: addresses, such as a mailing list's, that are told of its requests.
    """

    title: Title = NEEDED
    channel: Channel = NEEDED
    risk: Risk = NEEDED
    lapse: Duration = timedelta(hours=1)
    remind: Remind | None = None
    email: SomeOf[Email] = ()


class ActionSpec(Spec):
    """`risk` is the environment's where it is not given.

    `connector` names who creates the access, as the settings of connectors have it, and `with` is for that one;
    without it the grant key is the access. `offline`: of its grants there may be tokens that hold for up to five
    minutes without a look at the store. `bound`: it is given for one exact command or exact parameters alone.
    """

    title: Title = NEEDED
    description: Prose = ""
    environment: Name = NEEDED
    risk: Risk | None = None
    resources: SomeOf[ResourceGlob] = NEEDED
    default: Duration = NEEDED
    longest: Duration = NEEDED
    shortest: Duration = timedelta(minutes=1)
    reason: ReasonNeeded = "required"
    offline: Flag = False
    bound: Flag = False
    connector: Name | None = None
    parameters: Parameters | None = Field(default=None, alias="with")

    @property
    def target(self) -> Target | None:
        """At which target access is given; None where the grant key is it."""
        named = self.connector
        return Target(connector=named, parameters=self.parameters or {}) if named else None


class CalendarSpec(Spec):
    """Dates on which a window of time is not open, such as holidays."""

    dates: SomeOf[Date] = NEEDED


class FreezeSpec(Spec):
    """A span of local time with a reason; `from` is in it, `to` is not."""

    begins: Moment = Field(default=None, validate_default=True, alias="from")
    ends: Moment = Field(default=None, validate_default=True, alias="to")
    zone: Zone = NEEDED
    reason: Prose = NEEDED


class StageSpec(Spec):
    """`on_call` names rotas; `managers` are the requester's, so many levels up.

    `notify` names groups, people or rotas; `[]` pings nobody, and without the key the approvers are pinged.

    `approver`: attributes that those who may approve must have, beside being named.
    """

    name: Name = NEEDED
    quorum: Quorum = 1
    groups: SomeOf[Name] = ()
    people: SomeOf[PersonId] = ()
    on_call: SomeOf[Name] = ()
    managers: Levels | None = None
    approver: Attributes = {}
    notify: ListOf[Name] | None = None


class WindowSpec(Spec):
    """Days and hours in a zone. An end at or before the beginning is on the next day."""

    weekdays: SomeOf[Days] = ()
    begins: Clock = Field(default=0, alias="from")
    ends: Clock = Field(default=MIDNIGHT, alias="to")
    zone: Zone = NEEDED
    except_dates: SomeOf[Date] = ()
    calendars: SomeOf[Name] = ()


class RateSpec(Spec):
    """How many in how long a time, which is counted back from the moment of asking."""

    count: Count = NEEDED
    per: Per = NEEDED


class WhenSpec(Spec):
    """A condition in CEL; `message` tells people what it asks for."""

    id: Name = NEEDED
    cel: Expression = NEEDED
    message: Prose = NEEDED


class ToldSpec(Spec):
    """Groups, people and those on call who are told."""

    groups: SomeOf[Name] = ()
    people: SomeOf[PersonId] = ()
    on_call: SomeOf[Name] = ()


class RungSpec(Spec):
    """Who is told when nobody has decided for so long."""

    after: Duration = NEEDED
    to: ToldSpec = NEEDED


class ObligationsSpec(Spec):
    """What holds for what the rule lets through; the strictest over all rules that match holds.

    `up_to` and `ticket` are held to by policy: what does not fit is denied. The others are recorded in the
    verdict for the workflow.
    """

    up_to: Duration | None = None
    single_use: Flag = False
    ticket: Ticket | None = None
    mfa: MfaSpec = MfaSpec()
    break_glass: Flag = False
    parallel: Flag = False
    tell: SomeOf[Name] = ()
    escalation: SomeOf[RungSpec] = ()


class RuleSpec(Spec):
    """All keys that are given must hold; of a list, one; `groups` and `people` are one list together."""

    description: Prose = ""
    effect: EffectWord = NEEDED
    mode: Mode = "enforce"
    environments: SomeOf[Name] = ()
    actions: SomeOf[NameGlob] = ()
    resources: SomeOf[ResourceGlob] = ()
    risks: SomeOf[Risk] = ()
    groups: SomeOf[Name] = ()
    people: SomeOf[PersonId] = ()
    requester: Attributes = {}
    sources: SomeOf[Source] = ()
    networks: SomeOf[Network] = ()
    outside_networks: SomeOf[Network] = ()
    ip_from: SomeOf[AddressFrom] = ()
    times: SomeOf[WindowSpec] = ()
    outside_times: SomeOf[WindowSpec] = ()
    freezes: SomeOf[Name] = ()
    longest: Duration | None = None
    longer_than: Duration | None = None
    ticket: Ticket | None = None
    at_most: RateSpec | None = None
    more_than: RateSpec | None = None
    concurrent: Count | None = None
    more_concurrent_than: Count | None = None
    when: SomeOf[WhenSpec] = ()
    stages: SomeOf[StageSpec] = ()
    obligations: ObligationsSpec | None = None
    message: Prose = ""


class PermissionSpec(Spec):
    """Who has a permission."""

    groups: SomeOf[Name] = ()
    people: SomeOf[PersonId] = ()


class DelegationSpec(Spec):
    """Who may let others decide in their place: members of the groups `to`, or without it anyone."""

    groups: SomeOf[Name] = ()
    people: SomeOf[PersonId] = ()
    to: SomeOf[Name] = ()
    longest: Duration = NEEDED


class QuietSpec(Spec):
    """When these people are not pinged about requests, of these environments or of all."""

    groups: SomeOf[Name] = ()
    people: SomeOf[PersonId] = ()
    environments: SomeOf[Name] = ()
    times: SomeOf[WindowSpec] = NEEDED


SECTIONS: dict[str, Any] = {
    "people": PersonSpec,
    "groups": ListOf[PersonId],
    "rotas": RotaSpec,
    "calendars": CalendarSpec,
    "freezes": FreezeSpec,
    "environments": EnvironmentSpec,
    "actions": ActionSpec,
    "rules": RuleSpec,
    "permissions": PermissionSpec,
    "delegation": DelegationSpec,
    "quiet": QuietSpec,
    "channels": Channel,
    "mail": SomeOf[Email],
    "machines": MachineSpec,
    "api": Flag,
    "factors": str,
    "triggers": TriggerSpec,
}
"""What an entry of each section is; of `factors` each key has a shape of its own."""


def as_written(step: str | int) -> str | int:
    """Give the key that stands in files for a name here: an end that is left out is told by its name here."""
    named = {"begins": "from", "ends": "to", "parameters": "with", "asker": "as", "lasts": "for"}
    return named.get(str(step), step)


@cache
def validator(section: str, is_mapping: bool, key: str = "") -> TypeAdapter[Any]:
    """Make the validator of a section's entries; a group may be a list, or a mapping.

    `key` is the entry's name in a section whose entries have each their own shape, and empty elsewhere.
    """
    return TypeAdapter(FACTOR_KEYS[key] if key else _spec(section, is_mapping))


def _spec(section: str, is_mapping: bool) -> Any:
    return GroupSpec if section == "groups" and is_mapping else SECTIONS[section]


def known_keys(section: str, path: tuple[str | int, ...], *, is_mapping: bool = False) -> frozenset[str]:
    """Name the keys that there may be at `path` within an entry; none where a value is no mapping."""
    spec = _spec(section, is_mapping)
    for step in path:
        if isinstance(step, str):
            named = _fields(spec)
            fields = named | {field.alias: field for field in named.values() if field.alias}
            spec = _spec_within(fields[step].annotation) if step in fields else None
    return frozenset(field.alias or name for name, field in _fields(spec).items())


def _fields(spec: Any) -> dict[str, Any]:
    is_spec = isinstance(spec, type) and issubclass(spec, BaseModel)
    return dict(spec.model_fields) if is_spec else {}


def _spec_within(annotation: Any) -> Any:
    """Find the spec that a key's value is, or is a list of."""
    if _fields(annotation):
        return annotation
    return next(filter(None, map(_spec_within, get_args(annotation))), None)
