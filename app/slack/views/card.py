"""The approvers' message: a function of the request, and of who may decide, alone."""

from datetime import datetime, timedelta

from pydantic import Field

from app.domain.duration import format_duration
from app.domain.passing import is_let_through
from app.domain.people import SYSTEM, Principal
from app.domain.proof import factors_in_words
from app.domain.request import SILENT, Decision, EndCause, Request, State
from app.domain.value import Value
from app.domain.verdict import Outcome, Stage
from app.domain.visible import shown
from app.slack import actions
from app.slack.views.blocks import Block, button, buttons, code, confirm, context, fields, quotation, section
from app.slack.views.provenance import asked_from, asked_in_run
from app.slack.views.text import clip, escape, moment, said

RISK_SIGN = {"low": "🟢", "medium": "🟡", "high": "🟠", "critical": "🔴"}
STATE_SIGN = {
    State.PENDING: "⏳",
    State.APPROVED: "✅",
    State.SCHEDULED: "🗓️",
    State.GRANTING: "✅",
    State.ACTIVE: "🔓",
    State.ENDING: "🔒",
    State.COMPLETED: "🏁",
    State.EXPIRED: "⌛",
    State.REVOKED: "⛔",
    State.DENIED: "❌",
    State.CANCELLED: "↩️",
    State.LAPSED: "💤",
    State.GRANT_FAILED: "⚠️",
}
REASON_SHOWN = 2000
NAMES_SHOWN = 12
BOUND_SHOWN = 1200
PLAN_SHOWN = 8
MENTIONED = 60


class Deputy(Value):
    """Someone who may decide for somebody else, until then."""

    person: Principal
    behalf: Principal
    until: datetime


class Audience(Value):
    """Whom a request concerns, as policy says now: for each stage by name, who may decide it."""

    approvers: dict[str, tuple[Principal, ...]] = Field(default_factory=dict)
    deputies: dict[str, tuple[Deputy, ...]] = Field(default_factory=dict)
    """For each stage by name, who may decide it for somebody else."""
    notified: tuple[Principal, ...] = ()
    pinged: tuple[Principal, ...] = ()
    """Whom a line of the thread is to reach."""
    told: tuple[Principal, ...] = ()
    """Whom policy wants to be told once access is there."""
    unreachable: tuple[str, ...] = ()
    names: dict[str, str] = Field(default_factory=dict)
    """Names by ids of people, for those who settled or ended it."""

    def name(self, person: str) -> str:
        return escape(self.names.get(person, "policy" if person == SYSTEM else person))


def approval_card(request: Request, audience: Audience) -> list[Block]:
    """Blocks of the card: who, what, where, how long, why, what follows, and buttons that work."""
    who = escape(request.requester.name)  # by name: a mention would ping the one who asked
    what = f"*{escape(request.action_title or request.action)}* on {on_what(request)}"
    return [
        section(f"{STATE_SIGN[request.state]} *{who}* asks: {what}"),
        fields(
            ("Where", escape(request.environment)),
            ("How long", _how_long(request)),
            ("Risk", f"{RISK_SIGN.get(request.risk, '⚪')} {escape(request.risk)}"),
            ("Request", f"`{request.id}` · {escape(request.action)}"),
        ),
        quote(request.reason),
        *asked_in_run(request),
        *bound(request),
        *_plan(request),
        context(" · ".join(_rules_and_people(request, audience))),
        section(status_line(request, audience)),
        *_glass(request),
        *_questions(request),
        *_more_time(request, audience),
        *_buttons(request),
    ]


def _how_long(request: Request) -> str:
    """For how long, and from when where that was asked for and is still to come."""
    if request.start_at and request.state in {State.PENDING, State.APPROVED, State.SCHEDULED}:
        return f"{how_long(request)}, from {moment(request.start_at)}"
    return how_long(request)


def card_text(request: Request) -> str:
    """The card in a sentence, for notifications and screen readers."""
    asks = (
        f"{escape(request.requester.name)} asks for {escape(request.action)} on {escape(request.resource)} "
        f"in {escape(request.environment)} for {how_long(request)} ({request.id})"
    )
    if request.state is State.PENDING:
        return asks
    return f"{asks}: {request.state.replace('_', ' ')}"


def how_long(request: Request) -> str:
    """For how long, and where approvers gave less, of how much: `30 min of the 1 h asked`."""
    given = format_duration(request.duration)
    asked = format_duration(timedelta(seconds=request.asked_seconds))
    return given if request.seconds >= request.asked_seconds else f"{given} of the {asked} asked"


def on_what(request: Request) -> str:
    """On what, and where approvers gave a part, of what: `orders-db/invoices`, part of the `orders-db` asked."""
    part = f", part of the `{escape(request.asked_resource)}` asked" if request.resource_asked else ""
    return f"`{escape(request.resource)}`{part}"


def quote(reason: str) -> Block:
    """A reason as its author wrote it: rich text is not parsed, so it holds no markup, mention or ping."""
    if not reason:
        return context("_No reason given._")
    return quotation(clip(reason, REASON_SHOWN))


def bound(request: Request) -> list[Block]:
    """The one command, or the parameters, that it is for: as code, which Slack does not parse, with the digest."""
    binding = request.binding
    if binding is None:
        return []
    whole = shown(binding)
    kept = whole[:BOUND_SHOWN]
    missing = len(whole) - len(kept)
    what = "this command" if binding.is_command else "these parameters"
    warning = (
        f" ⚠️ *{missing:,} more characters are not shown here*: `jit status {request.id}` shows all. "
        "Approve nothing that you have not read."
        if missing
        else ""
    )
    return [
        section(f"📌 For {what} alone:"),
        code(kept + (f"\n… ({missing:,} more characters)" if missing else "")),
        context(f"SHA-256 over the whole: `{binding.digest}`{warning}"),
    ]


def status_line(request: Request, audience: Audience) -> str:
    """Where the request stands, with who brought it there; true at the moment it is shown."""
    by = audience.name(request.settled_by)
    why = f": {said(request.comment)}" if request.comment else ""
    match request.state:
        case State.PENDING:
            up = " · escalated" if request.rungs else ""
            return f"*Waiting for approval*{_progress(request)}{up}. Lapses {moment(request.lapses_at)}."
        case State.APPROVED | State.SCHEDULED if request.confirms_by:
            how = f"to confirm with {factors_in_words(request.confirms_with)}, until {moment(request.confirms_by)}"
            return f"*{approved_by(request)}.* Waits for {escape(request.requester.name)} {how}."
        case State.APPROVED | State.GRANTING:
            return f"*{approved_by(request)}.* Creating the access …"
        case State.SCHEDULED if request.start_at:
            return f"*{approved_by(request)}.* Access starts {moment(request.start_at)}."
        case State.SCHEDULED:
            return f"*{approved_by(request)}.* Access starts soon."
        case State.ACTIVE:
            return f"*{approved_by(request)}.* Access is live until {_moment(request)}."
        case State.ENDING:
            return f"*{why_it_ended(request, audience)}.* Taking the access back …{_trouble(request)}"
        case State.COMPLETED | State.EXPIRED | State.REVOKED:
            gone = f"Access is gone{but_for_tokens(request)}"
            return f"*{why_it_ended(request, audience)}.* {gone}. {approved_by(request)}."
        case State.DENIED if request.settled_by == SYSTEM:
            return f"*Denied by policy*{why}"
        case State.DENIED:
            return f"*Denied by {by}*{why}"
        case State.CANCELLED if request.settled_by == SYSTEM:
            return f"*Stopped by policy before it started*{why}"
        case State.CANCELLED:
            return f"*Cancelled by {by}*{why}"
        case State.LAPSED if request.confirms_by:
            who = escape(request.requester.name)
            return f"*Lapsed:* {who} did not confirm in time. {approved_by(request)}. It can be asked again."
        case State.LAPSED:
            return "*Lapsed:* nobody decided in time. It can be asked again."
        case State.GRANT_FAILED:
            return f"*The access could not be created*{why}. {approved_by(request)}."


def but_for_tokens(request: Request) -> str:
    """What goes on although access is gone: a token that services believe without asking. Empty where nothing does."""
    until = request.believed_until
    return f", but for a token that services believe until {moment(until)}" if until else ""


def _plan(request: Request) -> list[Block]:
    """What will be done at the target, as the connector said when it was asked."""
    lines = [f"• {escape(clip(line, 300))}" for line in request.plan[:PLAN_SHOWN]]
    return [context("\n".join(["🔧 At the target:", *lines]))] if lines else []


def _glass(request: Request) -> list[Block]:
    """Why the glass was broken, and whether somebody has looked at it since."""
    glass = request.glass
    if glass is None:
        return []
    review = glass.review
    told = f"closed by {escape(review.by.name)}: {said(review.comment)}" if review else "open"
    return [section("🚨 *The glass was broken:*"), quotation(glass.why), context(f"🔎 Review {told}")]


def _unanswered(request: Request) -> int:
    return sum(question.answered_by is None for question in request.questions)


def _questions(request: Request) -> list[Block]:
    """That something was asked which nobody has answered; what it was stands in the thread."""
    count = _unanswered(request) if request.state is State.PENDING else 0
    asked = "A question waits" if count == 1 else f"{count} questions wait"
    return [context(f"❓ {asked} for an answer: see the thread.")] if count else []


def _more_time(request: Request, audience: Audience) -> list[Block]:
    """What is asked on top of live access, with buttons of its own."""
    extension = request.extension
    if extension is None:
        return []
    more = format_duration(timedelta(seconds=extension.seconds))
    given = [decided_by(decision) for decision in extension.decisions]
    so_far = f" · so far {' and '.join(given)}" if given else ""
    stages = " · ".join(_who_may(stage, audience) for stage in extension.verdict.stages[:6])
    return [
        section(f"⏱️ *{escape(request.requester.name)} asks for {more} more*{so_far}"),
        *([quotation(clip(extension.reason, REASON_SHOWN))] if extension.reason else []),
        *asked_in_run(extension),
        context(*filter(None, (stages, asked_from(extension)))),
        buttons(
            button("Approve more time", actions.APPROVE_MORE, request.id, "primary"),
            button("Deny more time", actions.DENY_MORE, request.id, "danger"),
            block_id=actions.showing(request.id, extension.name),
        ),
    ]


def _buttons(request: Request) -> list[Block]:
    if request.state is State.PENDING:
        return [
            buttons(
                button("Approve", actions.APPROVE, request.id, "primary"),
                button("For less …", actions.APPROVE_LESS, request.id),
                button("Deny", actions.DENY, request.id, "danger"),
                button("Ask …", actions.ASK, request.id),
                *([button("Answer …", actions.ANSWER, request.id)] if _unanswered(request) else []),
                button("Why?", actions.WHY, request.id),
            )
        ]
    if request.state in {State.SCHEDULED, State.GRANTING, State.ACTIVE} or request.waits_for_requester:
        but = " Services believe a token of it for up to 5 min more." if request.offline_until else ""
        ask = confirm("Revoke access?", f"{request.id} ends at once, open sessions included.{but}", "Revoke")
        revoke = button("Revoke", actions.REVOKE, request.id, "danger", ask)
        return [buttons(revoke, button("Why?", actions.WHY, request.id))]
    return []


def _obligations(request: Request) -> list[str]:
    """What holds for the access beside the approvals, where that is something."""
    obligations = request.verdict.obligations
    lines = ["Good for one use"] if obligations.single_use else []
    if obligations.mfa_approver is not None:
        lines.append(f"Approving takes {factors_in_words(obligations.mfa_approver)}")
    if obligations.mfa_requester is not None:
        lines.append(f"Beginning takes {factors_in_words(obligations.mfa_requester)}")
    return (
        [*lines, "Stages in any order"] if obligations.parallel and len(request.verdict.stages) > 1 else lines
    )


def _rules_and_people(request: Request, audience: Audience) -> list[str]:
    rules = ", ".join(escape(rule) for rule in request.verdict.rules) or "none"
    lines = [_who_may(stage, audience) for stage in request.verdict.stages[:6]]
    if others := _told_besides(audience):
        lines.append(f"Told: {others}")
    lines += _obligations(request)
    lines.append(f"Policy rule: {clip(rules, 500)}")
    if where := asked_from(request):
        lines.append(where)
    if request.asked_with:
        lines.append(f"Asked together with {escape(_list(request.asked_with))}")
    if audience.unreachable and request.state is State.PENDING:
        lines.append(f"⚠️ Could not be reached (left Slack): {escape(_list(audience.unreachable))}")
    return lines


def _who_may(stage: Stage, audience: Audience) -> str:
    """Who may decide a stage; those who are to be told are mentioned, for in blocks a mention pings."""
    told = {person.id for person in audience.notified}
    people = audience.approvers.get(stage.name, ())
    if not people and stage.managers and not (stage.groups or stage.people):
        led = audience.name(stage.managers_of)
        return f"*{escape(stage.name)}*: ⚠️ nobody: {led} has no manager in the policies"
    if not people:
        return f"*{escape(stage.name)}*: ⚠️ nobody, as policy is now"
    names = [f"<@{person.slack}>" if person.id in told else escape(person.name) for person in people]
    who = _list(names) if len(names) != 2 else " or ".join(names)
    for_others = "".join(
        f", {_deputy(each, told)}" for each in audience.deputies.get(stage.name, ())[:NAMES_SHOWN]
    )
    return f"*{escape(stage.name)}*: {who if stage.quorum == 1 else f'{stage.quorum} of {who}'}{for_others}"


def _deputy(deputy: Deputy, told: set[str]) -> str:
    person = deputy.person
    name = f"<@{person.slack}>" if person.id in told else escape(person.name)
    return f"{name}, for {escape(deputy.behalf.name)} until {moment(deputy.until)}"


def _told_besides(audience: Audience) -> str:
    """Mention those who are to be told and stand in no stage's list."""
    listed = {person.id for people in audience.approvers.values() for person in people[:NAMES_SHOWN]}
    listed |= {each.person.id for deputies in audience.deputies.values() for each in deputies}
    others = [person for person in audience.notified if person.id not in listed]
    return " ".join(f"<@{person.slack}>" for person in others[:MENTIONED])


def _list(names: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(names[:NAMES_SHOWN])
    return f"{shown} and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else shown


def _progress(request: Request) -> str:
    given = [decided_by(decision) for decision in request.decisions if decision.approved]
    needed = sum(stage.quorum for stage in request.verdict.stages)
    if not given:
        return ""
    return f" · {len(given)} of {needed} so far ({', '.join(given)})"


def decided_by(decision: Decision) -> str:
    """Who decided, and for whom where by a delegate."""
    name = escape(decision.by.name)
    return f"{name} (for {escape(decision.behalf.name)})" if decision.behalf else name


def approved_by(request: Request) -> str:
    """Who or what approved a request."""
    if request.glass is not None:
        return f"🚨 Break-glass by {escape(request.requester.name)}, without approval"
    if request.verdict.outcome is Outcome.AUTO_APPROVE:
        return "Approved automatically, by template"
    return "Approved by " + " and ".join(decided_by(decision) for decision in request.decisions)


def why_it_ended(request: Request, audience: Audience) -> str:
    """By whom or what a grant ended, or ends."""
    if request.ending is None:
        return "Ended"
    by = audience.name(request.ending.by)
    why = f" ({said(request.ending.comment)})" if request.ending.comment else ""
    match request.ending.cause:
        case EndCause.DONE if is_let_through(request) and request.gate:
            return f"Used to let {said(request.gate.what)} through, once"
        case EndCause.DONE if request.ending.used:
            return f"Used by {by}, as it was good for one use"
        case EndCause.DONE:
            return f"Given back by {by}"
        case EndCause.EXPIRED if request.ending.silent:
            return f"Ended: {SILENT}"
        case EndCause.EXPIRED:
            return "Time is up"
        case EndCause.REVOKED:
            return f"Revoked by {by}{why}"
        case EndCause.FAILED:
            return f"The access could not be created{why}"


def _trouble(request: Request) -> str:
    if request.ending is None or not request.ending.attempts:
        return ""
    return f"\n⚠️ The target has not confirmed, tried {request.ending.attempts}×: {said(request.ending.error)}"


def _moment(request: Request) -> str:
    return moment(request.ends_at) if request.ends_at else "its end"
