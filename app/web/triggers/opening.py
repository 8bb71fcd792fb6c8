"""Takes an event: proves it, finds the triggers that it matches, and opens a request for each."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import structlog
from pydantic import SecretStr
from starlette.datastructures import Headers

from app.domain.gate import Gate
from app.domain.people import Principal
from app.domain.refusals import BadInput, NotKnown, NotVerified, Refused
from app.domain.request import Request
from app.gates.intake import Intake
from app.policy import Policy
from app.policy.trigger_event import Event, NotAnEvent, event_of, read_object
from app.policy.triggers import Trigger, Wanted
from app.store.happened import REMEMBERED, Happened, event_name
from app.web.limits import EVENTS, OPENINGS, Limiter
from app.web.triggers.refusals import LateEvent, NothingOpened, NotSigned, WrongType
from app.web.triggers.signing import CHECKS
from app.web.triggers.sns import CONFIRMATION, NOTIFICATION, Fetch, Sns
from app.workflow import Wish, Workflow

SHORTEST_SECRET = 16
JSON = "application/json"
TYPES = {"sns": frozenset({JSON, "text/plain"})}
"""SNS sends JSON as text/plain, unless the subscription says otherwise."""
log = structlog.get_logger(__name__)
Verify = Callable[[str], Awaitable[Principal]]
"""Gives the person behind a Slack user whom policy names and Slack vouches for now, or raises NotKnown."""


class Outcome(NamedTuple):
    """What a trigger that matches led to: a request, or why there is none."""

    trigger: str
    request: Request | None
    refusal: Refused | None = None


class Proven(NamedTuple):
    """An event that is genuine, and the triggers whose secret or topic proves it; no event: it was a greeting."""

    event: Event | None
    triggers: list[Trigger]


class Triggers:
    """Opens requests because of events."""

    def __init__(
        self,
        workflow: Workflow,
        policy: Callable[[], Policy],
        secrets: Mapping[str, SecretStr],
        happened: Happened,
        limiter: Limiter,
        verify: Verify,
        fetch: Fetch,
        gates: Intake,
    ) -> None:
        self._workflow = workflow
        self._policy = policy
        self._secrets = secrets
        self._happened = happened
        self._limiter = limiter
        self._verify = verify
        self._sns = Sns(fetch)
        self._gates = gates

    def missing(self) -> dict[str, str]:
        """Tell which triggers can open nothing, and why: by the name of the variable that they need, or their own."""
        names = {each.spec.secret for each in self._policy().triggers if each.spec.secret}
        lacking = {
            each.name: why
            for each in self._policy().triggers
            if each.spec.gate and (why := self._gates.missing(each.spec.gate, each.source))
        }
        return lacking | {
            name: f"is shorter than {SHORTEST_SECRET} characters" if name in self._secrets else "is not set"
            for name in sorted(names)
            if not self._secret(name)
        }

    async def take(self, source: str, headers: Headers, body: bytes) -> list[Outcome]:
        """Take an event. Raises NotSigned, LateEvent, WrongType, BadInput, TooMany or NothingOpened."""
        _check_type(source, headers)
        now = await self._workflow.now()
        proven = await self._prove(source, headers, body, now)
        await self._limiter.take(EVENTS, source)
        event = proven.event
        if event is None:
            return []
        if event.is_late(now):
            raise LateEvent
        matched = [each for each in proven.triggers if all(found.holds for found in each.look(event, now))]
        gated = [each.name for each in matched if each.spec.gate]
        outcomes = [await self._open(each, event, now, gated) for each in matched]
        if outcomes and not any(each.request for each in outcomes):
            raise _nothing(outcomes)
        return outcomes

    async def _prove(self, source: str, headers: Headers, body: bytes, now: datetime) -> Proven:
        candidates = [each for each in self._policy().triggers if each.source == source]
        if source == "sns":
            return await self._prove_by_topic(candidates, body, now)
        checks = [
            (each, CHECKS[source](headers, body, secret, now.timestamp()))
            for each in candidates
            if (secret := self._secret(each.spec.secret or ""))
        ]
        genuine = [(each, proof) for each, proof in checks if proof.holds]
        if not genuine:
            raise NotSigned(source)
        if any(proof.late for _, proof in genuine):
            raise LateEvent
        event = _read(lambda: event_of(source, body, genuine[0][1].id))
        return Proven(None if event.is_greeting else event, [each for each, _ in genuine])

    async def _prove_by_topic(self, candidates: list[Trigger], body: bytes, now: datetime) -> Proven:
        try:
            message = read_object(body)
        except NotAnEvent:
            raise NotSigned("sns") from None
        topics = {topic for each in candidates for topic in each.spec.topics}
        kind = await self._sns.verify(message, topics, now)
        if kind != NOTIFICATION:
            if kind == CONFIRMATION:
                await self._sns.confirm(message)
                log.info("topic_confirmed", topic=message["TopicArn"])
            return Proven(None, [])
        listening = [each for each in candidates if message["TopicArn"] in each.spec.topics]
        return Proven(_read(lambda: event_of("sns", body)), listening)

    async def _open(self, trigger: Trigger, event: Event, now: datetime, gated: Sequence[str]) -> Outcome:
        """Open the request of one trigger; what keeps it from being opened is told beside the others."""
        await self._limiter.take(OPENINGS, trigger.name)
        try:
            wanted = trigger.wanted(event, now, self._policy())
            name, read, gate = trigger.name, None, None
            if trigger.spec.gate:
                _must_be_one(gated)
                read = self._gates.read(trigger.spec.gate, trigger.source, event)
                name, wanted = f"gate.{trigger.spec.gate}", replace(wanted, key=read.key)
            by = await self._asker(name, wanted)
            if read:
                gate = await self._gates.keep(read)
            request = await self._workflow.request(_wish(name, wanted, gate), by)
            if gate:
                await self._gates.forget_if_settled(gate, request.id)
        except NotVerified:
            raise  # it comes again, and what was opened for it is found then
        except (BadInput, NotKnown) as refusal:
            log.warning("trigger_opened_nothing", trigger=trigger.name, why=str(refusal))
            return Outcome(trigger.name, None, refusal)
        log.info("trigger_opened", trigger=trigger.name, request=request.id)
        return Outcome(trigger.name, request)

    async def _asker(self, name: str, wanted: Wanted) -> Principal:
        """Give who asks: the one first named for this event, as policy and Slack know them now."""
        by = wanted.by
        first = await self._happened.asker(name, wanted.key, by.id)
        if first != by.id:
            found = self._policy().people.get(first)
            if found is None:
                raise NotKnown(
                    f"The event was taken before, for {first[:64]}, whom policy does not name any more."
                )
            by = found
        return await self._verify(by.slack) if by.slack else by

    def _secret(self, name: str) -> str:
        found = self._secrets.get(name)
        text = found.get_secret_value() if found else ""
        return text if len(text) >= SHORTEST_SECRET else ""


def _must_be_one(gated: Sequence[str]) -> None:
    """Raise BadInput where several triggers would answer for one deployment: which of them nobody can tell."""
    if len(gated) > 1:
        raise BadInput(
            f"{' and '.join(gated)} match, and one deployment has one answer: let their `when` exclude each other."
        )


def _wish(name: str, wanted: Wanted, gate: Gate | None) -> Wish:
    return Wish(
        action=wanted.action,
        resource=wanted.resource,
        duration=wanted.duration,
        reason=wanted.reason,
        source="trigger",
        delivery=event_name(name, wanted.key),
        delivery_kept=REMEMBERED,
        gate=gate,
    )


def _check_type(source: str, headers: Headers) -> None:
    types = TYPES.get(source, frozenset({JSON}))
    sent = headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent not in types:
        raise WrongType(" or ".join(sorted(types)))


def _read(read: Callable[[], Event]) -> Event:
    try:
        return read()
    except NotAnEvent as error:
        raise BadInput(f"The body {error}.", field="body") from None


def _nothing(outcomes: list[Outcome]) -> Refused:
    """Say why nothing was opened: in the words of the one refusal, or of all."""
    return NothingOpened(" ".join(f"{each.trigger}: {each.refusal}" for each in outcomes)[:2000])
