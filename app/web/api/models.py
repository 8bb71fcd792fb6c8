"""What goes in and out of the API. Unknown keys are refused."""

import json
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.domain.binding import MOST_WORDS, Binding, bind_command, bind_parameters
from app.domain.duration import LONGEST, format_duration, parse_duration
from app.domain.ids import read_request_id
from app.domain.provenance import IpFrom
from app.domain.refusals import BadInput
from app.domain.request import Decision, Request, State
from app.domain.silence import LONGEST as LONGEST_SILENCE
from app.domain.silence import SHORTEST as SHORTEST_SILENCE
from app.domain.standing import how_it_ended
from app.domain.visible import shown as visible

SETTLED = frozenset(State) - {State.PENDING, State.APPROVED, State.SCHEDULED, State.GRANTING}
"""What somebody who waits for access waits for: it is there, or is not going to be."""
OVER = SETTLED - {State.ACTIVE}
TEXT = 3000
MOST_SECONDS = int(LONGEST.total_seconds())


def _read_id(text: str) -> str:
    return read_request_id(text)


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("holds a NUL character; leave it out")
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ValueError("holds half a character; write it in UTF-8")
    return text


Id = Annotated[str, Field(max_length=40), AfterValidator(_read_id)]
Text = Annotated[str, Field(max_length=TEXT), AfterValidator(_no_nul)]
Word = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_no_nul)]
DIGEST = "^[0-9a-f]{64}$"
Command = Annotated[list[Annotated[str, AfterValidator(_no_nul)]], Field(min_length=1, max_length=MOST_WORDS)]
Span = Annotated[str, Field(min_length=1, max_length=40, examples=["30m"]), AfterValidator(_no_nul)]


class Sent(BaseModel):
    """The base of what callers send."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Ask(Sent):
    """What somebody asks for. Without `duration` it is the action's default."""

    action: Word = Field(examples=["prod-db-debug"])
    resource: Word = Field(examples=["orders-db"])
    duration: Span | None = None
    reason: Text = Field("", examples=["INC-7: checkout is slow"])
    start_at: datetime | None = Field(None, description="When access is to start, with a zone (RFC 3339).")
    source: Literal["api", "cli"] = Field("api", description="What calls, for policy and the records.")
    command: Command | None = Field(
        None,
        description="The exact command that it is for, word by word; approvers see it.",
        examples=[["psql", "orders", "-c", "REINDEX TABLE carts"]],
    )
    parameters: dict[str, Any] | None = Field(
        None, description="Or the exact parameters of a call.", examples=[{"amount": 120, "order": "A-17"}]
    )
    heartbeat: int | None = Field(
        None,
        ge=int(SHORTEST_SILENCE.total_seconds()),
        le=int(LONGEST_SILENCE.total_seconds()),
        description="End access once so many seconds have passed without a heartbeat.",
    )


class About(Sent):
    """What a bound grant is used for: the digest, or what was asked for, of which the server makes it."""

    digest: Annotated[str, Field(pattern=DIGEST)] | None = None
    command: Command | None = None
    parameters: dict[str, Any] | None = None

    @property
    def said(self) -> str:
        """The digest; empty where nothing is said. Raises BadInput for more than one way to say it."""
        binding = read_binding(self.command, self.parameters)
        if binding and self.digest:
            raise BadInput("Say it once: `digest`, `command` or `parameters`.", field="digest")
        return binding.digest if binding else self.digest or ""


class Comment(Sent):
    """Why. `more_time`: the decision is on more time, not on the request."""

    comment: Text = Field("", examples=["Read only, please"])
    more_time: bool = False


class Approval(Comment):
    """An approval, of all that was asked or of less: a shorter time, a part of the resource, or both."""

    seconds: int | None = Field(None, ge=1, le=MOST_SECONDS, description="For so long alone.", examples=[900])
    resource: Word | None = Field(
        None, description="For this part of the resource alone.", examples=["orders-db/invoices"]
    )


class Why(Sent):
    """Why access ends early."""

    comment: Text = Field("", examples=["Wrong database"])


class More(Sent):
    """How much longer, and why."""

    duration: Span
    reason: Text = Field("", examples=["The index is still building"])
    source: Literal["api", "cli"] = "api"


class OwnKey(About):
    """A public key of the caller's own, which is to be let in where the target takes keys; and what it is for."""

    public_key: Annotated[str, Field(pattern=r"^ssh-ed25519 [A-Za-z0-9+/]{68}$")] | None = None


class Person(BaseModel):
    """A person, or a machine, by the id that policy has for them."""

    id: str = Field(examples=["ana"])
    name: str = Field(examples=["Ana Ruiz"])


class Decided(BaseModel):
    """A decision, and what it rests on: `slack-session` or `api-token`."""

    stage: str = Field(examples=["db-owner"])
    by: Person
    approved: bool
    seconds: int | None = Field(description="For so long alone, where less than was asked.")
    resource: str | None = Field(description="For this part alone, where less than was asked.")
    comment: str
    proof: str = Field(examples=["slack-session"], description="A session, a token, or a factor's name.")
    at: datetime


class Missing(BaseModel):
    """A stage that can be decided now."""

    stage: str = Field(examples=["db-owner"])
    approvals: int
    quorum: int


class Shown(BaseModel):
    """A request as it stands. `settled`: access is there, or is not going to be; waiting ends then."""

    id: str = Field(examples=["R07-4KX9TQZ"])
    state: State
    settled: bool
    requester: Person
    action: str = Field(examples=["prod-db-debug"])
    resource: str = Field(examples=["orders-db"])
    resource_asked: str = Field(description="Another one where a part was given.", examples=["orders-db"])
    environment: str = Field(examples=["production"])
    duration: str = Field(examples=["30 min"])
    seconds: int = Field(examples=[1800])
    seconds_asked: int = Field(description="More where less was given.", examples=[1800])
    reason: str
    risk: str = Field(examples=["high"])
    source: str = Field(examples=["cli"])
    ip: str = Field(
        description="Where the requester was; empty where it is not known.", examples=["192.0.2.7"]
    )
    ip_told_by: str = Field(
        description="`connection`, or `proxy` for one that is trusted.", examples=["connection"]
    )
    ip_from: IpFrom = Field(description="By whose connection it is known.", examples=["cli"])
    outcome: str = Field(description="What policy said.", examples=["require"])
    why: str = Field(description="Why policy said so.", examples=["group engineers may ask"])
    comment: str = Field(description="What was said when it was settled.")
    digest: str | None = Field(
        description="SHA-256 over the canonical JSON (RFC 8785) of what it is bound to; null where to nothing."
    )
    command: list[str] | None = Field(description="The exact command that it is bound to.")
    parameters: dict[str, Any] | None = Field(description="The exact parameters that it is bound to.")
    bound_to: str = Field(description="The same for people: everything that is there can be seen.")
    ended_by: str = Field(description="How access ended or ends, in words; empty while it does not.")
    waits_for: list[Missing]
    decisions: list[Decided]
    single_use: bool = Field(description="Whether one use ends it.")
    used_by: str | None = Field(description="Who used it up, where one use ended it.")
    more_time_asked: bool
    heartbeat: int | None = Field(
        description="Access ends after so many seconds without a heartbeat; null where it takes none."
    )
    connector: str | None = Field(description="Who creates the access; null where the grant itself is it.")
    plan: list[str] = Field(description="What is done at the target, a line each.")
    created_at: datetime
    lapses_at: datetime
    start_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    finished_at: datetime | None


class Credentials(BaseModel):
    """What the target needs to let its bearer in. It is told once, and must be kept nowhere.

    `environment`: values by the names of variables. `files`: what is to stand in a private file, by the name of the
    variable whose value is to be its path.
    """

    environment: dict[str, str] = Field(examples=[{"PGUSER": "jit_harbour_r07_4kx9tqz"}])
    files: dict[str, str]


class Heard(BaseModel):
    """A heartbeat that was taken: the next has to come within so many seconds."""

    within: int = Field(examples=[4])
    ends_at: datetime | None = Field(description="When access ends in any case.")


class Listed(BaseModel):
    """One's own newest requests, and those that wait for one's decision."""

    requests: list[Shown]
    waiting_for_you: list[Shown]


class Check(BaseModel):
    """Whether something is permitted at this instant; with `single_use`, consume the grant instead."""

    allowed: bool
    grant: str | None = Field(None, examples=["R07-4KX9TQZ"])
    ends_at: datetime | None = None
    single_use: bool = False
    digest: str | None = Field(None, description="Of what the grant is bound to; null where to nothing.")


class ForWhom(Sent):
    """Which service a token is for, by the name that it holds tokens against."""

    audience: Annotated[
        str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$", examples=["billing-api"])
    ]


class OfflineToken(BaseModel):
    """A signed token (JWT) of a grant. Nothing takes it back before `expires_at`, not even the end of the grant."""

    token: str
    audience: str = Field(examples=["billing-api"])
    expires_at: datetime
    revocable: Literal[False] = False


class Used(BaseModel):
    """The one use, which is the caller's."""

    consumed: Literal[True] = True
    grant: str = Field(examples=["R07-4KX9TQZ"])
    subject: Person
    action: str
    resource: str
    used_by: str = Field(examples=["checkout-gateway"])


def shown(request: Request) -> Shown:
    """Show a request."""
    ending = request.ending
    return Shown(
        id=request.id,
        state=request.state,
        settled=request.state in SETTLED,
        requester=Person(id=request.requester.id, name=request.requester.name),
        action=request.action,
        resource=request.resource,
        resource_asked=request.asked_resource,
        environment=request.environment,
        duration=format_duration(request.duration),
        seconds=request.seconds,
        seconds_asked=request.asked_seconds,
        reason=request.reason,
        risk=request.risk,
        source=request.source,
        ip=request.ip,
        ip_told_by=request.ip_told_by,
        ip_from=request.ip_from,
        outcome=request.verdict.outcome,
        why=request.verdict.message,
        comment=request.comment,
        **_bound(request.binding),
        ended_by=how_it_ended(request) if request.ending else "",
        waits_for=_missing(request),
        decisions=[_decided(decision) for decision in request.decisions],
        single_use=request.verdict.obligations.single_use,
        used_by=ending.by if ending and ending.used else None,
        more_time_asked=request.extension is not None,
        heartbeat=request.heartbeat,
        connector=request.target.connector if request.target else None,
        plan=list(request.plan),
        created_at=request.created_at,
        lapses_at=request.lapses_at,
        start_at=request.start_at,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        finished_at=request.finished_at,
    )


def read_binding(command: list[str] | None, parameters: dict[str, Any] | None) -> Binding | None:
    """Read what somebody binds to, or says that they use. Raises BadInput."""
    if command is not None and parameters is not None:
        raise BadInput("Say one of `command` and `parameters`.", field="parameters")
    if command is not None:
        return bind_command(command)
    return bind_parameters(parameters) if parameters is not None else None


def _bound(binding: Binding | None) -> dict[str, Any]:
    what = json.loads(binding.canonical) if binding else None
    return {
        "digest": binding.digest if binding else None,
        "bound_to": visible(binding) if binding else "",
        "command": what if binding and binding.is_command else None,
        "parameters": what if binding and not binding.is_command else None,
    }


def read_duration(text: str) -> timedelta:
    """Read a duration. Raises BadInput."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise BadInput(str(error), field="duration") from None


def _missing(request: Request) -> list[Missing]:
    if request.state is not State.PENDING:
        return []
    return [
        Missing(stage=stage.name, approvals=len(request.approvals(stage)), quorum=stage.quorum)
        for stage in request.open_stages
    ]


def _decided(decision: Decision) -> Decided:
    return Decided(
        stage=decision.stage,
        by=Person(id=decision.by.id, name=decision.by.name),
        approved=decision.approved,
        seconds=decision.seconds,
        resource=decision.resource or None,
        comment=decision.comment,
        proof=decision.proof.kind,
        at=decision.at,
    )
