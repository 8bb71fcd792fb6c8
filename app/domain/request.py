"""A request: one person asking for an action on a resource for a duration, and what became of it."""

from collections.abc import Container
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.binding import Binding
from app.domain.gate import Gate
from app.domain.people import Principal
from app.domain.proof import SLACK_SESSION, Factor, Proof
from app.domain.provenance import IpFrom, ip_from
from app.domain.run import Run
from app.domain.target import Target
from app.domain.value import Value
from app.domain.verdict import Stage, Verdict


class State(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    GRANTING = "granting"
    ACTIVE = "active"
    ENDING = "ending"
    COMPLETED = "completed"
    EXPIRED = "expired"
    REVOKED = "revoked"
    DENIED = "denied"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    GRANT_FAILED = "grant_failed"


FINAL = frozenset({
    State.COMPLETED,
    State.EXPIRED,
    State.REVOKED,
    State.DENIED,
    State.CANCELLED,
    State.LAPSED,
    State.GRANT_FAILED,
})  # fmt: skip


class EndCause(StrEnum):
    """Why a grant ends; its value is the final state that it leads to."""

    DONE = "completed"
    EXPIRED = "expired"
    REVOKED = "revoked"
    FAILED = "grant_failed"
    """It never quite began: what may be left of a grant that failed is taken back."""


SILENT = "jit run stopped without saying so"
"""What silence means to people: heartbeats are `jit run`'s."""


class Decision(Value):
    """An approver's approve or deny. `proof` says what it rests on: a Slack session, or a factor.

    `seconds` and `resource` are set where the approval holds for less than was asked.
    """

    stage: str
    by: Principal
    approved: bool
    comment: str = ""
    proof: Proof = SLACK_SESSION
    at: datetime
    seconds: int | None = None
    resource: str = ""
    behalf: Principal | None = None
    """For whom it was made, where by a delegate."""

    def counts_for(self, person: Principal) -> bool:
        """Tell whether it is a person's decision: made by them, or for them."""
        return any(each.is_same_person(person) for each in (self.by, self.behalf) if each)


class Extension(Value):
    """More time that was asked for while access is live, judged and decided like a request of its own."""

    seconds: int
    reason: str
    verdict: Verdict
    decisions: tuple[Decision, ...] = ()
    asked_at: datetime
    delivery: str = ""
    """Names the message that asked."""
    source: str = ""
    """The way in of this wish, empty in what was kept by earlier versions; `ip` as in `Request`."""
    ip: str = ""
    ip_told_by: str = ""
    run: Run | None = None
    """The run of CI that asks for more time, which may be another one than asked first."""

    @property
    def ip_from(self) -> IpFrom:
        """How the address is known."""
        return ip_from(self.source, self.ip)

    @property
    def name(self) -> str:
        """Tells it from what is asked of the same request at another time."""
        return str(round(self.asked_at.timestamp() * 1000))

    @property
    def open_stages(self) -> tuple[Stage, ...]:
        """The stages that can be decided now: the first that lacks approvals, or all that do if parallel."""
        return open_stages(self.verdict, self.decisions)

    def decided_by(self, known: Container[str]) -> "Extension":
        """The same extension with the decisions of people of these ids alone."""
        return self.model_copy(update={"decisions": _by(self.decisions, known)})


class Question(Value):
    """What one side asked the other while a request waits, and the answer. Numbers count from 1."""

    number: int
    by: Principal
    text: str
    at: datetime
    answer: str = ""
    answered_by: Principal | None = None
    answered_at: datetime | None = None


class Review(Value):
    """What somebody found who looked at a broken glass."""

    by: Principal
    comment: str
    at: datetime


class Glass(Value):
    """The requester went past the stages: why, when, and the review, which is open while it is None."""

    why: str
    at: datetime
    review: Review | None = None


class Lease(Value):
    """What a connector created at the target, and how to take it back."""

    connector: str
    reference: str
    summary: str
    end_is_fixed: bool = False
    """Whether the target cannot end it later than was said when it was given."""
    has_credentials: bool = False
    """Whether there is something that the requester needs to get in, and is given once."""


class Taken(Value):
    """When and from where the requester took the credentials, and whether they were shown on a page."""

    at: datetime
    ip: str = ""
    ip_told_by: str = ""
    on_page: bool = False

    @property
    def told(self) -> str:
        """Say it in words: `shown at 10:12 UTC on 2026-01-31 from 192.0.2.7`."""
        how = "shown" if self.on_page else "taken by a terminal"
        return f"{how} at {self.at:%H:%M} UTC on {self.at:%Y-%m-%d} from {self.ip or 'an address that is not known'}"


class Ending(Value):
    """Why and by whom a grant ends, and how often the target failed to confirm."""

    cause: EndCause
    by: str
    comment: str = ""
    used: bool = False
    """Whether it ends because it was good for one use, and `by` used it."""
    silent: bool = False
    """Whether it ends because no heartbeat came any more."""
    attempts: int = 0
    retry_at: datetime | None = None
    error: str = ""


class Request(Value):
    """The whole state of one request. `version` counts its writes, from 1; 0 is not yet written.

    Durations are in seconds, times in UTC. `starts_at` and `ends_at` are set when granting begins, so that
    a slow target shortens the access and never lengthens it.
    """

    id: str
    version: int = 0
    state: State
    requester: Principal
    action: str
    action_title: str = ""
    environment: str
    resource: str
    resource_asked: str = ""
    """What was asked, where an approver gave a part of it."""
    seconds: int
    seconds_asked: int | None = None
    """What was asked, where an approver gave less."""
    reason: str
    risk: str
    channel: str
    source: str
    ip: str = ""
    """The address that the requester came from; empty is not known, as always in Slack."""
    ip_told_by: str = ""
    """Who says so: `connection`, or `proxy` for one whom the settings trust; empty where it is not known."""
    run: Run | None = None
    """Which run of a CI asked; None for all that is asked otherwise."""
    verdict: Verdict
    decisions: tuple[Decision, ...] = ()
    questions: tuple[Question, ...] = ()
    glass: Glass | None = None
    """Set where the requester went past the stages in an emergency."""
    created_at: datetime
    lapses_at: datetime
    reminds_at: datetime | None = None
    rungs: int = 0
    """How many rungs of the escalation are reached."""
    confirms_by: datetime | None = None
    """By when the requester is to confirm by a factor; set while that is waited for, and where it never came."""
    confirms_with: tuple[Factor, ...] = ()
    """The factors of which one will do."""
    confirmed: Proof | None = None
    """By what the requester confirmed to be the one whose access begins."""
    settled_at: datetime | None = None
    settled_by: str = ""
    comment: str = ""
    binding: Binding | None = None
    """The exact command or parameters that it is for; None where it is for whatever the action permits."""
    heartbeat: int | None = None
    """So many seconds without a heartbeat end the access; None where nobody is to send any."""
    asked_with: tuple[str, ...] = ()
    """Other resources that were asked for in the same breath; each is a request of its own."""
    start_at: datetime | None = None
    """When access is to start, where that was asked for; `starts_at` is when it did."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    offline_until: datetime | None = None
    """Until when services believe a token of the grant, whatever becomes of the grant; None where nobody has one."""
    warns_at: datetime | None = None
    lease: Lease | None = None
    taken: Taken | None = None
    """Set once the credentials are taken; nobody gets them again."""
    target: Target | None = None
    """Where access is created, frozen when it was asked; None where the grant key is the access."""
    place: str | None = None
    """Where that is, in the connector's words, fixed when granting begins; empty where the settings named no place.

    None where the grant key is the access, and in what was begun by earlier versions.
    """
    plan: tuple[str, ...] = ()
    """What the connector will do, a line each, as approvers were shown it."""
    gate: Gate | None = None
    """The deployment that waits elsewhere for what is decided; None for all that is asked here."""
    extension: Extension | None = None
    """What waits for a decision; None when no more time is asked for."""
    extended_by: tuple[str, ...] = ()
    """The messages that last asked for more time: each counts once, however often it is delivered."""
    ending: Ending | None = None
    finished_at: datetime | None = None

    @property
    def believed_until(self) -> datetime | None:
        """Until when services believe a token of a grant that ended before; None where nothing outlives it."""
        until, gone = self.offline_until, self.finished_at
        return until if until and gone and gone < until else None

    @property
    def ip_from(self) -> IpFrom:
        """How the address is known."""
        return ip_from(self.source, self.ip)

    @property
    def duration(self) -> timedelta:
        return timedelta(seconds=self.seconds)

    @property
    def asked_seconds(self) -> int:
        """For how long it was asked, whatever approvers made of it."""
        return self.seconds_asked or self.seconds

    @property
    def asked_resource(self) -> str:
        """On what it was asked, whatever approvers made of it."""
        return self.resource_asked or self.resource

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def waits_for_requester(self) -> bool:
        """Tell whether it is approved, and begins once its requester has confirmed by a factor."""
        return self.state in {State.APPROVED, State.SCHEDULED} and self.confirms_by is not None

    @property
    def is_to_be_reviewed(self) -> bool:
        """Tell whether a glass was broken whose review nobody has closed."""
        return self.glass is not None and self.glass.review is None

    @property
    def is_live(self) -> bool:
        """Tell whether access exists or may exist at the target."""
        return self.state in {State.GRANTING, State.ACTIVE, State.ENDING}

    @property
    def may_last_longer(self) -> bool:
        """Tell whether more time could be asked for, as far as its target and what was asked before let it."""
        return self.extension is None and not (self.lease and self.lease.end_is_fixed)

    @property
    def open_stages(self) -> tuple[Stage, ...]:
        """The stages that can be decided now: the first that lacks approvals, or all that do if parallel."""
        return open_stages(self.verdict, self.decisions)

    def decided_by(self, known: Container[str]) -> "Request":
        """The same request with the decisions of people of these ids alone."""
        return self.model_copy(update={"decisions": _by(self.decisions, known)})

    def approvals(self, stage: Stage) -> tuple[Decision, ...]:
        """Approvals that a stage has so far."""
        return tuple(d for d in self.decisions if d.approved and d.stage == stage.name)


def _by(decisions: tuple[Decision, ...], known: Container[str]) -> tuple[Decision, ...]:
    return tuple(decision for decision in decisions if decision.by.id in known)


def open_stages(verdict: Verdict, decisions: tuple[Decision, ...]) -> tuple[Stage, ...]:
    """Find the stages that these decisions leave open: in order one after the other, in parallel all."""
    lacking = tuple(
        stage
        for stage in verdict.stages
        if sum(decision.approved and decision.stage == stage.name for decision in decisions) < stage.quorum
    )
    return lacking if verdict.obligations.parallel else lacking[:1]
