"""What happened: one event for each write, in a typed union. Consumers read nothing else."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from app.domain.people import Principal
from app.domain.proof import Proof
from app.domain.request import EndCause
from app.domain.value import Value
from app.domain.verdict import Verdict


class _Event(Value):
    request_id: str
    at: datetime
    by: str
    """The id of the person who did it, or `system`."""


class Requested(_Event):
    """Someone asked. The verdict says whether it was denied, approved at once, or waits for people."""

    kind: Literal["requested"] = "requested"
    requester: Principal
    action: str
    environment: str
    resource: str
    seconds: int
    reason: str
    risk: str
    source: str
    ip: str = ""
    ip_told_by: str = ""
    verdict: Verdict
    start_at: datetime | None = None


class Approved(_Event):
    """An approver approved a stage; `settled` when no stage is left.

    `seconds` and `resource` are set where it was for less than was asked: a shorter time, a part of the resource.
    """

    kind: Literal["approved"] = "approved"
    stage: str
    comment: str
    proof: Proof
    settled: bool
    seconds: int | None = None
    resource: str = ""
    behalf: str = ""
    """The id of the person for whom a delegate decided."""


class Denied(_Event):
    kind: Literal["denied"] = "denied"
    stage: str
    comment: str
    proof: Proof
    behalf: str = ""


class Cancelled(_Event):
    kind: Literal["cancelled"] = "cancelled"
    comment: str = ""


class Lapsed(_Event):
    kind: Literal["lapsed"] = "lapsed"


class Scheduled(_Event):
    """Approved, and waiting for the start that was asked for."""

    kind: Literal["scheduled"] = "scheduled"
    start_at: datetime


class Reminded(_Event):
    """Nobody has decided so far: those who may are asked again, once."""

    kind: Literal["reminded"] = "reminded"
    lapses_at: datetime


class ReminderPutOff(_Event):
    """Everybody whom a reminder is for has quiet hours until then; None: longer than the request waits."""

    kind: Literal["reminder_put_off"] = "reminder_put_off"
    until: datetime | None


class Escalated(_Event):
    """Nobody has decided for `after` seconds: the people of rungs up to this, counted from 1, may decide too."""

    kind: Literal["escalated"] = "escalated"
    rung: int
    groups: tuple[str, ...]
    people: tuple[str, ...]
    after: int


class GlassBroken(_Event):
    """The requester went past the stages in an emergency: access for `seconds` without approval."""

    kind: Literal["glass_broken"] = "glass_broken"
    why: str
    seconds: int


class GlassReviewed(_Event):
    """Somebody whom policy names for it, and who is not the requester, closed the review."""

    kind: Literal["glass_reviewed"] = "glass_reviewed"
    comment: str


class GrantBegun(_Event):
    """Access is being created at the target; its end is planned from here on."""

    kind: Literal["grant_begun"] = "grant_begun"
    ends_at: datetime


class Activated(_Event):
    """The target confirmed: access exists until `ends_at`."""

    kind: Literal["activated"] = "activated"
    connector: str
    summary: str
    ends_at: datetime


class GrantFailed(_Event):
    kind: Literal["grant_failed"] = "grant_failed"
    error: str


class Warned(_Event):
    """The end is near; the requester is told."""

    kind: Literal["warned"] = "warned"
    ends_at: datetime


class ExtensionAsked(_Event):
    """The requester asked for more time; with `ends_at` it was given at once, else people are asked."""

    kind: Literal["extension_asked"] = "extension_asked"
    seconds: int
    reason: str
    verdict: Verdict
    ends_at: datetime | None = None


class ExtensionDecided(_Event):
    """An approver decided on more time; with `ends_at` it was the last approval that was needed."""

    kind: Literal["extension_decided"] = "extension_decided"
    stage: str
    approved: bool
    comment: str
    proof: Proof
    ends_at: datetime | None = None
    behalf: str = ""


class QuestionAsked(_Event):
    """An approver asked the requester something, or the requester the approvers; nothing is settled by it."""

    kind: Literal["question_asked"] = "question_asked"
    number: int
    text: str


class QuestionAnswered(_Event):
    """The other side answered."""

    kind: Literal["question_answered"] = "question_answered"
    number: int
    asked_by: str
    text: str


class Delegated(_Event):
    """Someone lets another decide in their place. `request_id` is the delegation's own id."""

    kind: Literal["delegated"] = "delegated"
    delegator: Principal
    delegate: Principal
    until: datetime


class DelegationEnded(_Event):
    """The delegator took it back. One that runs out ends without an event, as `until` had said."""

    kind: Literal["delegation_ended"] = "delegation_ended"
    delegator: Principal
    delegate: Principal


class DeputiesChanged(_Event):
    """A delegate may decide on a request that waits; without `until`, no longer."""

    kind: Literal["deputies_changed"] = "deputies_changed"
    delegator: str
    delegate: Principal
    until: datetime | None


class EndBegun(_Event):
    """Access is being taken back, because the work is done, it was revoked, or time is up."""

    kind: Literal["end_begun"] = "end_begun"
    cause: EndCause
    comment: str = ""


class Consumed(_Event):
    """Access that is good for one use was used, `by` a machine or the requester; it is being taken back."""

    kind: Literal["consumed"] = "consumed"
    ip: str = ""


class EndFailed(_Event):
    """The target did not confirm that access is gone; tried again at `retry_at`."""

    kind: Literal["end_failed"] = "end_failed"
    attempts: int
    retry_at: datetime
    error: str


class Ended(_Event):
    """The target confirmed that access is gone."""

    kind: Literal["ended"] = "ended"
    cause: EndCause


class ApproversChanged(_Event):
    """Who may decide is no longer who it was; `comment` says why. The request stays as it is.

    `left` is the Slack user's id of the one who is gone, where it is that.
    """

    kind: Literal["approvers_changed"] = "approvers_changed"
    comment: str
    left: str = ""


class AttemptRefused(_Event):
    """Someone tried what they may not; nothing changed."""

    kind: Literal["attempt_refused"] = "attempt_refused"
    verb: str
    code: str


Event = (
    Requested
    | Approved
    | Denied
    | Cancelled
    | Lapsed
    | Scheduled
    | GlassBroken
    | GlassReviewed
    | Reminded
    | ReminderPutOff
    | Escalated
    | GrantBegun
    | Activated
    | GrantFailed
    | Warned
    | ExtensionAsked
    | ExtensionDecided
    | QuestionAsked
    | QuestionAnswered
    | Delegated
    | DelegationEnded
    | DeputiesChanged
    | EndBegun
    | Consumed
    | EndFailed
    | Ended
    | ApproversChanged
    | AttemptRefused
)

event_json: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])
