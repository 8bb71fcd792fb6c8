"""The card's thread tells the story: one line for each event that people care about."""

from datetime import timedelta

from app.domain import events
from app.domain.duration import format_duration
from app.domain.passing import is_let_through
from app.domain.people import SYSTEM
from app.domain.proof import SLACK_SESSION, factors_in_words
from app.domain.request import SILENT, EndCause, Request
from app.domain.verdict import Outcome
from app.slack.views.card import MENTIONED, Audience, but_for_tokens
from app.slack.views.text import escape, moment, said


def story_line(  # noqa: PLR0915  a line for each event
    request: Request, event: events.Event, audience: Audience
) -> str | None:
    """What an event adds to the story; None when it adds nothing that the card does not say."""
    who = audience.name(event.by)
    match event:
        case events.Requested() if event.verdict.outcome is Outcome.AUTO_APPROVE:
            return f"✅ Approved automatically: {said(event.verdict.message)}"
        case events.Approved():
            why = f": {said(event.comment)}" if event.comment else ""
            rest = "" if event.settled else " More approvals are needed."
            how = f"{_for_less(event)}{_proven(event)} ({escape(event.stage)})"
            return f"✅ {who}{_for(event, audience)} approved{how}{why}.{rest}"
        case events.Denied():
            return f"❌ {who}{_for(event, audience)} denied{_proven(event)}: {said(event.comment)}"
        case events.Cancelled() if event.by == SYSTEM:
            return f"⛔ Stopped by policy: {said(event.comment)}"
        case events.Cancelled() if event.by != request.requester.id:
            why = f": {said(event.comment)}" if event.comment else ""
            return f"⛔ {who} stopped it before it started{why}."
        case events.Cancelled():
            return f"↩️ {who} cancelled the request."
        case events.ConfirmationAsked():
            return f"🔑 Waits for {_to_confirm(request, event)}, until {moment(event.confirms_by)}."
        case events.Confirmed():
            return f"🔑 {who} confirmed {escape(event.proof.told_at(event.at))}."
        case events.Lapsed():
            who = escape(request.requester.name)
            return (
                f"💤 Lapsed: {f'{who} did not confirm' if event.unconfirmed else 'nobody decided'} in time."
            )
        case events.Scheduled():
            return f"🗓️ Access starts {moment(event.start_at)}."
        case events.Activated():
            told = " ".join(f"<@{person.slack}>" for person in audience.told[:MENTIONED])
            return f"🔓 Access is live until {moment(event.ends_at)}.{f' To be known by {told}.' if told else ''}"
        case events.ExtensionAsked() if event.ends_at:
            return f"⏱️ {who} took {_more(event)}; access is live until {moment(event.ends_at)}."
        case events.ExtensionAsked():
            why = f": {said(event.reason)}" if event.reason else "."
            return f"⏱️ {who} asks for {_more(event)}{why}"
        case events.ExtensionDecided() if event.approved:
            why = f": {said(event.comment)}" if event.comment else ""
            until = f" Access is live until {moment(event.ends_at)}." if event.ends_at else ""
            how = f"more time{_proven(event)} ({escape(event.stage)})"
            return f"✅ {who}{_for(event, audience)} approved {how}{why}.{until}"
        case events.ExtensionDecided():
            return f"❌ {who}{_for(event, audience)} denied more time{_proven(event)}: {said(event.comment)}"
        case events.QuestionAsked():
            whom = "the approvers" if event.by == request.requester.id else escape(request.requester.name)
            return f"❓ {who} asks {whom}: {said(event.text)}"
        case events.QuestionAnswered():
            return f"💬 {who} answers {audience.name(event.asked_by)}: {said(event.text)}"
        case events.GlassBroken():
            lasts = format_duration(timedelta(seconds=event.seconds))
            return (
                f"🚨 {who} broke the glass{_proven(event)}, for {lasts} without approval: {said(event.why)}"
            )
        case events.GlassReviewed():
            return f"🔎 {who} closed the review: {said(event.comment)}"
        case events.Reminded():
            return f"⏰ Nobody has decided yet; it lapses {moment(event.lapses_at)}.{_pings(audience)}"
        case events.Escalated():
            waited = format_duration(timedelta(seconds=event.after))
            who = escape(", ".join((*event.groups, *event.people)))
            return f"⏫ Nobody has decided for {waited}: {who} may decide too.{_pings(audience)}"
        case events.DeputiesChanged() if event.until:
            may = f"🤝 {escape(event.delegate.name)} may decide for {audience.name(event.delegator)}"
            return f"{may} until {moment(event.until)}."
        case events.DeputiesChanged():
            return f"🤝 {escape(event.delegate.name)} no longer decides for {audience.name(event.delegator)}."
        case events.GrantFailed():
            return f"⚠️ The access could not be created: {said(event.error)}"
        case events.EndBegun() if event.cause is EndCause.REVOKED:
            why = f": {said(event.comment)}" if event.comment else ""
            return f"⛔ {who} revoked the access{why}."
        case events.Consumed() if request.gate and event.by == SYSTEM:
            return f"🚦 {said(request.gate.what)} is let through; the gate is being told."
        case events.Consumed():
            return f"☝️ {who} used the access. It was good for one use."
        case events.WentSilent():
            return f"🔇 {SILENT}: no heartbeat for {event.seconds} s."
        case events.EndFailed() if event.attempts == 1:
            return f"⚠️ The target did not confirm the end, trying again: {said(event.error)}"
        case events.Ended():
            return f"🔒 Access is gone{but_for_tokens(request)}: {_ending(request, event, audience)}."
        case events.ApproversChanged():
            new = f" From now on:{_pings(audience)}." if audience.pinged else ""
            return f"👥 {said(event.comment)}: who may approve has changed.{new}"
        case events.CredentialsTaken():
            return f"🔑 {who} took the credentials{' on their page' if event.on_page else ''}."
        case events.Drifted():
            return f"⚠️ At the target: {said(event.comment)}."
        case events.GateAnswered() if event.taken:
            return f"🚦 The gate {escape(event.gate)} was told: {event.answer}."
        case events.GateAnswered():
            return f"⚠️ The gate {escape(event.gate)} did not take “{event.answer}”: {said(event.comment)}"
        case events.AttemptRefused() if event.code == "self_approval":
            return f"⚠️ {who} tried to {escape(event.verb)} their own request; refused and recorded."
        case _:
            return None


def _pings(audience: Audience) -> str:
    return "".join(f" <@{person.slack}>" for person in audience.pinged[:MENTIONED])


def _for(event: events.Approved | events.Denied | events.ExtensionDecided, audience: Audience) -> str:
    return f" (for {audience.name(event.behalf)})" if event.behalf else ""


def _proven(
    event: events.Approved | events.Denied | events.ExtensionDecided | events.GlassBroken,
) -> str:
    """What it rests on, where it is more than the click that everyone here knows."""
    return "" if event.proof.kind == SLACK_SESSION.kind else f" {escape(event.proof.told_at(event.at))}"


def _for_less(event: events.Approved) -> str:
    """What of it alone somebody approved: `for 15 min alone`, `on orders-db/invoices alone`, or both."""
    shorter = f" for {format_duration(timedelta(seconds=event.seconds))}" if event.seconds else ""
    part = f" on `{escape(event.resource)}`" if event.resource else ""
    return f"{shorter}{part} alone" if shorter or part else ""


def _to_confirm(request: Request, event: events.ConfirmationAsked) -> str:
    return f"{escape(request.requester.name)} to confirm with {factors_in_words(event.factors)}"


def _more(event: events.ExtensionAsked) -> str:
    return f"{format_duration(timedelta(seconds=event.seconds))} more"


def _ending(request: Request, event: events.Ended, audience: Audience) -> str:
    match event.cause:
        case EndCause.DONE if is_let_through(request):
            return "it let one deployment through"
        case EndCause.DONE if request.ending and request.ending.used:
            return "it was used"
        case EndCause.DONE:
            return f"{audience.name(request.requester.id)} was done"
        case EndCause.EXPIRED if request.ending and request.ending.silent:
            return SILENT
        case EndCause.EXPIRED:
            return "time was up"
        case EndCause.REVOKED:
            return "it was revoked"
        case EndCause.FAILED:
            return "it could not be created"
