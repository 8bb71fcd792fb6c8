"""What the requester hears by direct message."""

from datetime import timedelta

from app.domain import events
from app.domain.duration import format_duration
from app.domain.people import SYSTEM
from app.domain.proof import factors_in_words
from app.domain.provenance import IpFrom
from app.domain.request import Request, State
from app.domain.verdict import Outcome
from app.slack import actions
from app.slack.views.blocks import Block, button, buttons, confirm, context, section
from app.slack.views.card import (
    STATE_SIGN,
    Audience,
    approved_by,
    how_long,
    on_what,
    status_line,
    why_it_ended,
)
from app.slack.views.credentials import credentials_button, credentials_lines, credentials_shown
from app.slack.views.provenance import asked_from
from app.slack.views.text import escape, moment, said


def _what(request: Request) -> str:
    return f"*{escape(request.action_title or request.action)}* on {on_what(request)} (`{request.id}`)"


def has_status(request: Request) -> bool:
    """Tell whether the requester gets a message to follow: not where no one is asked."""
    return request.verdict.outcome is Outcome.REQUIRE or request.start_at is not None


def status_message(request: Request, audience: Audience) -> list[Block]:
    """Follows the request until access is live, which has a message of its own; can be cancelled before."""
    if request.lease is not None:
        return [section(f"✅ {_what(request)}\n*{approved_by(request)}.*{_less(request)}")]
    told = section(f"{STATE_SIGN[request.state]} {_what(request)}\n{status_line(request, audience)}")
    if request.is_final:
        return [told, buttons(button("Ask again …", actions.AGAIN, request.id))]
    if request.state not in {State.PENDING, State.SCHEDULED}:
        return [told]
    ask = confirm("Cancel the request?", f"{request.id} is taken back; you can ask again.", "Cancel it")
    return [
        told,
        *_from_where(request),
        buttons(
            button("Cancel request", actions.CANCEL, request.id, confirm=ask),
            button("Ask the approvers …", actions.ASK, request.id),
        ),
    ]


def _less(request: Request) -> str:
    """Say that access is shorter than was asked, which the requester would otherwise find out too late."""
    return f" It was given for {how_long(request)}." if request.seconds < request.asked_seconds else ""


def has_confirmation(request: Request) -> bool:
    """Tell whether the requester is asked to confirm: a message of its own, since an edited one pings nobody."""
    return request.waits_for_requester


def confirmation_message(request: Request, audience: Audience) -> list[Block]:
    """Asks the requester to confirm by a factor; afterwards it says what came of it."""
    if not request.waits_for_requester or request.confirms_by is None:
        confirmed = f"\n🔑 You confirmed {escape(request.confirmed.told)}." if request.confirmed else ""
        return [
            section(
                f"{STATE_SIGN[request.state]} {_what(request)}{confirmed}\n{status_line(request, audience)}"
            )
        ]
    ask = confirm("Cancel the request?", f"{request.id} is taken back; you can ask again.", "Cancel it")
    return [
        section(
            f"🔑 {_what(request)} is approved, and begins once you confirm with "
            f"{factors_in_words(request.confirms_with)}. It lapses {moment(request.confirms_by)}."
        ),
        buttons(
            button("Confirm", actions.CONFIRM, request.id, "primary"),
            button("Cancel request", actions.CANCEL, request.id, confirm=ask),
        ),
    ]


def has_grant(request: Request) -> bool:
    """Tell whether there is or was access to tell of."""
    return request.lease is not None


def grant_message(request: Request, audience: Audience, *, has_pages: bool = True) -> list[Block]:
    """Tells that access is live, with the Done button; later that it is gone.

    `has_pages`: whether there is a page on which credentials can be shown.
    """
    if request.state is State.ACTIVE and request.ends_at:
        return [
            section(
                f"🔓 You have access: {_what(request)} until {moment(request.ends_at)}.{_less(request)}\n"
                "When your work is done, give it back: it shortens the time anything can go wrong."
            ),
            *_more_time(request),
            *credentials_lines(request, has_pages=has_pages),
            *_from_where(request),
            buttons(
                *credentials_button(request, has_pages=has_pages),
                button("Done", actions.DONE, request.id, "primary"),
                *([button("More time …", actions.EXTEND, request.id)] if request.may_last_longer else []),
            ),
        ]
    told = section(f"{STATE_SIGN[request.state]} {_what(request)}\n{status_line(request, audience)}")
    if request.is_final:
        return [told, buttons(button("Ask again …", actions.AGAIN, request.id))]
    return [told]


def _from_where(request: Request) -> list[Block]:
    """From which address a browser asked in the requester's name: whoever had the link could have used it."""
    where = asked_from(request)
    if request.ip_from is not IpFrom.BROWSER_CHECK:
        return []
    return [context(f"📍 {where}. Was that not you? Take it back below, and tell security.")]


def _more_time(request: Request) -> list[Block]:
    if request.extension is None:
        return []
    more = format_duration(timedelta(seconds=request.extension.seconds))
    return [context(f"⏱️ You asked for {more} more; it waits for a decision. Till then the end stays.")]


def summary(request: Request) -> str:
    """The message in a sentence, for notifications."""
    state = "live" if request.state is State.ACTIVE else request.state.replace("_", " ")
    if request.waits_for_requester:
        state = "approved, and waits for you to confirm"
    return f"{request.id}: {escape(request.action)} on {escape(request.resource)} is {state}"


def notice(request: Request, event: events.Event, audience: Audience) -> str | None:
    """A message of its own for what must not be missed: an edited message pings nobody."""
    match event:
        case events.Denied():
            why = f": {said(event.comment)}" if event.comment else ""
            return f"❌ {audience.name(event.by)} denied {_what(request)}{why}"
        case events.Cancelled() if event.by != request.requester.id:
            who = "policy" if event.by == SYSTEM else audience.name(event.by)
            why = f": {said(event.comment)}" if event.comment else "."
            return f"⛔ {_what(request)} was stopped by {who} before it started{why}"
        case events.Lapsed(unconfirmed=True):
            return (
                f"💤 {_what(request)} lapsed: you did not confirm it in time. Ask again when you are there."
            )
        case events.Lapsed():
            return f"💤 {_what(request)} lapsed: nobody decided in time. Ask again when someone is there."
        case events.GrantFailed():
            return (
                f"⚠️ {_what(request)} was approved, but the access could not be created: {said(event.error)}"
            )
        case events.Warned() if request.state is State.ACTIVE and request.ends_at == event.ends_at:
            left = format_duration(event.ends_at - event.at)
            return f"⏰ {_what(request)} ends in {left}, {moment(event.ends_at)}. Save your work."
        case events.ExtensionDecided() if event.ends_at:
            until = moment(event.ends_at)
            return f"⏱️ {audience.name(event.by)} gave you more time: {_what(request)} until {until}."
        case events.ExtensionDecided() if not event.approved:
            return (
                f"❌ {audience.name(event.by)} denied more time for {_what(request)}: {said(event.comment)}"
            )
        case events.CredentialsTaken(on_page=True):
            return credentials_shown(request, event)
        case events.Ended():
            sign = STATE_SIGN[State(event.cause.value)]
            return f"{sign} {_what(request)} has ended. {why_it_ended(request, audience)}."
        case _:
            return None
