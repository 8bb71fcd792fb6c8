"""What happened: one event for each write, in a typed union. Consumers read nothing else."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from app.domain.binding import Binding
from app.domain.gate import Answer
from app.domain.people import Principal
from app.domain.proof import SLACK_SESSION, Factor, Proof
from app.domain.provenance import IpFrom, ip_from
from app.domain.request import EndCause
from app.domain.run import Run
from app.domain.value import Value
from app.domain.verdict import Verdict


class _Event(Value):
    request_id: str
    at: datetime
    by: str
    """The id of the person who did it, or `system`."""


class _Asking(_Event):
    source: str = ""
    ip: str = ""
    ip_told_by: str = ""
    run: Run | None = None

    @property
    def ip_from(self) -> IpFrom:
        """How the requester's address is known."""
        return ip_from(self.source, self.ip)


class Requested(_Asking):
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
    verdict: Verdict
    start_at: datetime | None = None
    binding: Binding | None = None


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
    """Nobody decided in time or, where `unconfirmed`, the requester did not confirm to be the one in time."""

    kind: Literal["lapsed"] = "lapsed"
    unconfirmed: bool = False


class ConfirmationAsked(_Event):
    """Approved, and it begins once its requester has confirmed by one of these factors, until `confirms_by`."""

    kind: Literal["confirmation_asked"] = "confirmation_asked"
    factors: tuple[Factor, ...]
    confirms_by: datetime


class Confirmed(_Event):
    """The requester confirmed to be the one whose access begins."""

    kind: Literal["confirmed"] = "confirmed"
    proof: Proof


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
    proof: Proof = SLACK_SESSION


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


class ExtensionAsked(_Asking):
    """The requester asked for more time; with `ends_at` it was given at once, else people are asked."""

    kind: Literal["extension_asked"] = "extension_asked"
    seconds: int
    reason: str
    verdict: Verdict
    ends_at: datetime | None = None
    proof: Proof = SLACK_SESSION


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


class WentSilent(_Event):
    """No heartbeat came for so many seconds, as when `jit run` is killed; access is being taken back."""

    kind: Literal["went_silent"] = "went_silent"
    seconds: int


class EndFailed(_Event):
    """The target did not confirm that access is gone; tried again at `retry_at`."""

    kind: Literal["end_failed"] = "end_failed"
    attempts: int
    retry_at: datetime
    error: str


class Ended(_Event):
    """The target confirmed that access is gone; `silent` where its heartbeats had stopped."""

    kind: Literal["ended"] = "ended"
    cause: EndCause
    silent: bool = False


class ApproversChanged(_Event):
    """Who may decide is no longer who it was; `comment` says why. The request stays as it is.

    `left` is the Slack user's id of the one who is gone, where it is that; `came` are the ids of people who may
    decide now and could not before.
    """

    kind: Literal["approvers_changed"] = "approvers_changed"
    comment: str
    left: str = ""
    came: tuple[str, ...] = ()


class FactorAdded(_Event):
    """Somebody enrolled a second factor, on the strength of `proof`. `request_id` is the factor's own id."""

    kind: Literal["factor_added"] = "factor_added"
    person: Principal
    factor: str
    label: str
    counts_from: datetime
    proof: Proof


class FactorRemoved(_Event):
    """Somebody removed a second factor of theirs; without `proof` one that did not count yet."""

    kind: Literal["factor_removed"] = "factor_removed"
    person: Principal
    factor: str
    label: str
    proof: Proof | None


class FactorRefused(_Event):
    """A second factor was refused; `code` says why, `about` names the request that it was for.

    `request_id` is the factor's own id, or a new one where it is not known which.
    """

    kind: Literal["factor_refused"] = "factor_refused"
    person: Principal
    factor: str
    code: str
    about: str = ""
    ip: str = ""


class RecoveryCodesMade(_Event):
    """Somebody has new recovery codes; earlier ones are worth nothing. `request_id` is an id of its own."""

    kind: Literal["recovery_codes_made"] = "recovery_codes_made"
    person: Principal
    counts_from: datetime
    proof: Proof


class RecoveryCodeUsed(_Event):
    """Somebody used up a recovery code. `request_id` is an id of its own."""

    kind: Literal["recovery_code_used"] = "recovery_code_used"
    person: Principal
    ip: str = ""


FactorEvent = FactorAdded | FactorRemoved | FactorRefused | RecoveryCodesMade | RecoveryCodeUsed


class CredentialsTaken(_Event):
    """The requester took what the target needs to let them in; it was there once."""

    kind: Literal["credentials_taken"] = "credentials_taken"
    ip: str = ""
    ip_told_by: str = ""
    on_page: bool = False


class OfflineTokenIssued(_Event):
    """Somebody got a signed token of the grant: who bears it is let in until `expires_at`, and it is not revocable.

    `audience` names the service that it is for, `token` is its `jti`.
    """

    kind: Literal["offline_token_issued"] = "offline_token_issued"
    audience: str
    token: str
    expires_at: datetime
    ip: str = ""


class Drifted(_Event):
    """A target held something else than the grants say; the request stays as it is, or is long forgotten."""

    kind: Literal["drifted"] = "drifted"
    connector: str
    comment: str


class GateAnswered(_Event):
    """The vendor of a gate was told. `taken`: it took the answer; else `comment` says what it said instead."""

    kind: Literal["gate_answered"] = "gate_answered"
    gate: str
    what: str
    answer: Answer
    taken: bool
    comment: str = ""


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
    | ConfirmationAsked
    | Confirmed
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
    | WentSilent
    | EndFailed
    | Ended
    | ApproversChanged
    | FactorEvent
    | CredentialsTaken
    | OfflineTokenIssued
    | Drifted
    | GateAnswered
    | AttemptRefused
)

event_json: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])
