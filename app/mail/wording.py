"""What a mail about a request says: a function of the request as it stands, and of what happened.

What happened is told as past, so that it stays true; how things stand is read from the request. None where
nothing is to be said any more: nobody reads «waits for you» of a request that is settled.
"""

from collections.abc import Mapping
from datetime import timedelta, tzinfo

from app.domain import events
from app.domain.duration import format_duration
from app.domain.people import SYSTEM
from app.domain.request import SILENT, Decision, EndCause, Request, State
from app.domain.value import Value
from app.domain.verdict import Outcome
from app.domain.visible import shown
from app.mail.inert import inert, inert_lines
from app.mail.moments import moment
from app.mail.said import Said

REASON_SHOWN = 2000
TO_LIST = "This address is told of the requests of {environment} because the policies name it there."


class Reader(Value):
    """Who reads: `names` are people's names by their ids, `zone` is in which times are told."""

    model_config = Value.model_config | {"arbitrary_types_allowed": True}

    names: Mapping[str, str]
    zone: tzinfo
    is_person: bool = True

    def name(self, person: str) -> str:
        return inert(self.names.get(person, "policy" if person == SYSTEM else person))


def subject(request: Request) -> str:
    """The same in every mail of a request: mail programs take that for one conversation."""
    return f"{request.requester.name}: {request.action} on {request.resource} in {request.environment} [{request.id}]"


def asking(request: Request, reader: Reader, *, again: bool = False) -> Said:
    """To somebody who may decide on a request that waits."""
    who = inert(request.requester.name)
    return Said(
        subject=subject(request),
        headline=f"Still waiting: {who} asks for your approval" if again else f"{who} asks for your approval",
        status=standing(request, reader),
        facts=facts(request, reader),
        **_reason(request),
        button="Review the request",
        instead=_decide_in_slack(request),
        why="You get this because the policies name you for this decision, and you chose email.",
    )


def asking_more(request: Request, reader: Reader) -> Said | None:
    """To somebody who may decide on more time."""
    extension = request.extension
    if extension is None or request.state is not State.ACTIVE:
        return None
    more = format_duration(timedelta(seconds=extension.seconds))
    return Said(
        subject=subject(request),
        headline=f"{inert(request.requester.name)} asks for {more} more",
        status=f"Access is live until {_end(request, reader)}. Till somebody decides, that end stays.",
        facts=facts(request, reader),
        quoted_as="Why more time",
        quoted=inert_lines(extension.reason, REASON_SHOWN),
        button="Review the request",
        instead=_decide_in_slack(request),
        why="You get this because the policies name you for this decision, and you chose email.",
    )


def settled(request: Request, reader: Reader) -> Said | None:
    """To somebody who was asked: nothing waits for them any more."""
    if request.state is State.PENDING:
        return None
    return Said(
        subject=subject(request),
        headline="This request needs you no more",
        status=standing(request, reader),
        facts=facts(request, reader),
        why="You get this because you were asked to decide, and chose email.",
    )


def question(request: Request, number: int, reader: Reader, *, answer: bool) -> Said | None:
    """To whoever is to answer, or to whoever asked."""
    asked = next((each for each in request.questions if each.number == number), None)
    if asked is None or (answer and asked.answered_by is None):
        return None
    if not answer and (request.state is not State.PENDING or asked.answered_by is not None):
        return None
    who, text = (asked.answered_by, asked.answer) if answer else (asked.by, asked.text)
    assert who is not None  # noqa: S101  an answer has somebody who gave it
    name = inert(who.name)
    return Said(
        subject=subject(request),
        headline=f"{name} answers your question" if answer else f"{name} asks about this request",
        status=standing(request, reader),
        facts=facts(request, reader),
        quoted_as=f"{name} writes",
        quoted=inert_lines(text, REASON_SHOWN),
        instead=""
        if answer
        else "Answer in Slack, by the button on the message that the bot sent you there.",
        why="You get this because the question concerns you, and you chose email.",
    )


def told(request: Request, event: events.Event, reader: Reader) -> Said | None:
    """To the requester, or to those who are to know: what happened."""
    headline = _happened(request, event, reader)
    if not headline:
        return None
    return Said(
        subject=subject(request),
        headline=headline,
        status=standing(request, reader),
        facts=facts(request, reader),
        **(_comment(event) or _reason(request)),
        why="You get this because the request concerns you, and you chose email."
        if reader.is_person
        else TO_LIST.format(environment=request.environment),
    )


def _happened(request: Request, event: events.Event, reader: Reader) -> str:
    who = reader.name(event.by)
    match event:
        case events.Requested():
            return f"{inert(request.requester.name)} asked for access"
        case events.Approved() if event.settled:
            return f"{who} approved"
        case events.Denied():
            return f"{who} denied the request"
        case events.Cancelled() if event.by == SYSTEM:
            return "Policy stopped it before it started"
        case events.Cancelled():
            return f"{who} stopped it before it started"
        case events.Lapsed():
            return "It lapsed: nobody decided in time"
        case events.GrantFailed():
            return "It was approved, but the access could not be created"
        case events.GlassBroken():
            return f"{inert(request.requester.name)} broke the glass: access without approval"
        case events.Activated() if request.state is State.ACTIVE:
            return "Access is live"
        case events.Warned() if request.state is State.ACTIVE and request.ends_at == event.ends_at:
            left = format_duration(event.ends_at - event.at)
            return f"Access ends soon: {left} left, as of {moment(event.at, reader.zone)}"
        case events.ExtensionDecided() if event.ends_at:
            return f"{who} gave more time"
        case events.ExtensionDecided() if not event.approved:
            return f"{who} denied more time"
        case events.Ended() if request.ending and request.ending.silent:
            return f"Access has ended: {SILENT}"
        case events.Ended():
            return _ENDS[event.cause]
        case _:
            return ""


_ENDS = {
    EndCause.DONE: "Access was given back",
    EndCause.EXPIRED: "Access has ended: time was up",
    EndCause.REVOKED: "Access was revoked",
}


def standing(request: Request, reader: Reader) -> str:
    """How a request stands now."""
    by, zone = reader.name(request.settled_by), reader.zone
    why = f": {inert(request.comment)}" if request.comment else ""
    match request.state:
        case State.PENDING:
            return f"It waits for approval{_progress(request)}. It lapses {moment(request.lapses_at, zone)}."
        case State.APPROVED | State.GRANTING:
            return f"{_approved_by(request)}. The access is being created."
        case State.SCHEDULED:
            start = f" {moment(request.start_at, zone)}" if request.start_at else " soon"
            return f"{_approved_by(request)}. Access starts{start}."
        case State.ACTIVE:
            return f"{_approved_by(request)}. Access is live until {_end(request, reader)}."
        case State.ENDING:
            return f"{_why_it_ended(request, reader)}. The access is being taken back."
        case State.COMPLETED | State.EXPIRED | State.REVOKED:
            until = request.believed_until
            but = f", but for a token that services believe until {moment(until, zone)}" if until else ""
            return f"{_why_it_ended(request, reader)}. Access is gone{but}."
        case State.DENIED:
            return f"Denied by {by}{why}."
        case State.CANCELLED:
            return f"Stopped by {by}{why}." if request.settled_by != request.requester.id else "Cancelled."
        case State.LAPSED:
            return "Lapsed: nobody decided in time. It can be asked again."
        case State.GRANT_FAILED:
            return f"The access could not be created{why}."


def facts(request: Request, reader: Reader) -> tuple[tuple[str, str], ...]:
    """Who, what, where, how long."""
    given = format_duration(request.duration)
    asked = format_duration(timedelta(seconds=request.asked_seconds))
    lasts = given if request.seconds >= request.asked_seconds else f"{given} of the {asked} asked"
    if request.start_at and request.state in {State.PENDING, State.APPROVED, State.SCHEDULED}:
        lasts += f", from {moment(request.start_at, reader.zone)}"
    title = inert(request.action_title or request.action)
    action = title if title == request.action else f"{title} ({inert(request.action)})"
    return (
        ("Who", inert(request.requester.name)),
        ("What", action),
        *_bound(request),
        ("On", inert(request.resource)),
        ("Where", inert(request.environment)),
        ("How long", lasts),
        ("Risk", inert(request.risk)),
        ("Request", request.id),
    )


def _bound(request: Request) -> tuple[tuple[str, str], ...]:
    """The one command, or the parameters, that it is for."""
    if request.binding is None:
        return ()
    whole = shown(request.binding)
    missing = len(whole) - REASON_SHOWN
    rest = f" … and {missing:,} more characters: `jit status {request.id}` shows all" if missing > 0 else ""
    return (
        ("For this alone", inert(whole[:REASON_SHOWN]) + rest),
        ("Its SHA-256", request.binding.digest),
    )


def _reason(request: Request) -> dict[str, object]:
    quoted = inert_lines(request.reason, REASON_SHOWN)
    return {"quoted_as": "Reason", "quoted": quoted or ("No reason given.",)}


def _comment(event: events.Event) -> dict[str, object]:
    """What somebody wrote who did it."""
    text = getattr(event, "why", "") or getattr(event, "error", "") or getattr(event, "comment", "")
    quoted = inert_lines(str(text), REASON_SHOWN)
    label = {"glass_broken": "Why", "grant_failed": "The target says"}.get(event.kind, "Comment")
    return {"quoted_as": label, "quoted": quoted} if quoted else {}


def _decide_in_slack(request: Request) -> str:
    channel = inert(request.channel) if request.channel.startswith("#") else "the channel of its environment"
    return f"Decide in Slack, on its card in {channel}."


def _progress(request: Request) -> str:
    given = [_decided_by(each) for each in request.decisions if each.approved]
    needed = sum(stage.quorum for stage in request.verdict.stages)
    return f", {len(given)} of {needed} so far ({', '.join(given)})" if given else ""


def _decided_by(decision: Decision) -> str:
    behalf = f" (for {inert(decision.behalf.name)})" if decision.behalf else ""
    proved = f" {decision.proof.told}" if decision.proof.factor else ""
    return inert(decision.by.name) + behalf + inert(proved)


def _approved_by(request: Request) -> str:
    if request.glass is not None:
        return f"Break-glass by {inert(request.requester.name)}, without approval"
    if request.verdict.outcome is Outcome.AUTO_APPROVE:
        return "Approved automatically, by template"
    return "Approved by " + " and ".join(_decided_by(each) for each in request.decisions if each.approved)


def _why_it_ended(request: Request, reader: Reader) -> str:
    if request.ending is None:
        return "Ended"
    by = reader.name(request.ending.by)
    match request.ending.cause:
        case EndCause.DONE if request.ending.used:
            return f"Used by {by}, as it was good for one use"
        case EndCause.DONE:
            return f"Given back by {by}"
        case EndCause.EXPIRED if request.ending.silent:
            return f"Ended: {SILENT}"
        case EndCause.EXPIRED:
            return "Time is up"
        case EndCause.REVOKED:
            why = f" ({inert(request.ending.comment)})" if request.ending.comment else ""
            return f"Revoked by {by}{why}"
        case EndCause.FAILED:
            return "It never quite began"


def _end(request: Request, reader: Reader) -> str:
    return moment(request.ends_at, reader.zone) if request.ends_at else "its end"
