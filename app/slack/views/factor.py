"""What somebody is told of their own second factors, so that a change that is not theirs does not go unseen."""

from app.domain import events
from app.domain.proof import Factor
from app.mfa.proving import Holdings
from app.slack import actions
from app.slack.views.blocks import Block, buttons, context, link, section
from app.slack.views.text import escape, moment, said

KINDS = {Factor.WEBAUTHN.value: "security key", Factor.TOTP.value: "authenticator app"}
NOT_YOU = "If this was not you, tell security now"
TOLD_OF = {
    "stale_counter": "⚠️ Your security key counted its uses backwards, as a copy of it would, and was refused.",
    "answer_replayed": "⚠️ A touch of your security key was sent a second time, and was refused.",
    "too_many_tries": "⚠️ Too many wrong codes were typed as you, so for 15 minutes none is taken.",
    "decision_waits": "⚠️ Somebody tried, as you, to change your second factors while a decision waits for you.",
}
"""Refusals that somebody is told of who did not see them."""


def told_of_factor(event: events.FactorEvent) -> str | None:
    """What a person is told of an event; None where there is nothing that they need to know."""
    match event:
        case events.FactorAdded():
            return (
                f"🔑 {_a(event)} was added as a second factor of yours. It counts from "
                f"{moment(event.counts_from)}. {NOT_YOU}; until then you can remove it without any other factor."
            )
        case events.FactorRemoved():
            return f"🔑 The {_what(event)} is no longer a second factor of yours. {NOT_YOU}."
        case events.RecoveryCodesMade():
            return (
                f"🔑 You have new recovery codes, which count from {moment(event.counts_from)}; earlier ones are "
                f"worth nothing. {NOT_YOU}."
            )
        case events.RecoveryCodeUsed():
            return f"🔑 One of your recovery codes was used up. {NOT_YOU}."
        case events.FactorRefused():
            told = TOLD_OF.get(event.code)
            return told and f"{told} {NOT_YOU}."


def _a(event: events.FactorAdded) -> str:
    what = _what(event)
    return f"An {what}" if what.startswith("a") else f"A {what}"


def _what(event: events.FactorAdded | events.FactorRemoved) -> str:
    return f"{KINDS.get(event.factor, 'factor')} “{said(event.label)}”"


def factor_text(held: Holdings) -> str:
    """What somebody has, in a sentence."""
    count = len(held.credentials)
    return (
        f"You have {count} second factor{'' if count == 1 else 's'}."
        if count
        else "You have no second factor."
    )


def factor_blocks(held: Holdings, url: str) -> list[Block]:
    """What somebody has, when each counts, and the link to the page on which it is changed."""
    lines = [f"*{factor_text(held)}*"]
    for each in held.credentials:
        counts = "" if each.counts(held.now) else f", counts from {moment(each.counts_from)}"
        used = f", last used {moment(each.last_used_at)}" if each.last_used_at else ""
        lines.append(
            f"• {KINDS.get(each.factor.value, 'factor')} “{escape(each.label)}” (…{each.id[-4:]}){counts}{used}"
        )
    if not url:
        off = "Pages are off here, so none can be added: whoever runs me has to set `JIT_PUBLIC_URL`."
        return [section("\n".join(lines)), context(off)]
    return [
        section("\n".join(lines)),
        buttons(link("Change them on my page", actions.OPEN_PAGE, url)),
        context("The page is yours alone, stays open for 5 minutes and takes one change. Do not pass it on."),
    ]
