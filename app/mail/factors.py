"""What somebody is told, by mail too and whatever they chose, of changes of their own second factors."""

from datetime import UTC, datetime

from app.domain import events
from app.domain.proof import Factor
from app.mail.inert import inert
from app.mail.moments import moment
from app.mail.said import Said

SUBJECT = "Your second factors"
NOT_YOU = "If this was not you, tell security now."
WHY = "Changes of second factors are told on every channel, whatever you chose."
KINDS = {Factor.WEBAUTHN.value: "Security key", Factor.TOTP.value: "Authenticator app"}
TRIED = {
    "stale_counter": "Your security key counted its uses backwards, as a copy of it would, and was refused.",
    "answer_replayed": "A touch of your security key was sent a second time, and was refused.",
    "too_many_tries": "Too many wrong codes were typed as you, so for 15 minutes none is taken.",
    "decision_waits": "Somebody tried, as you, to change your second factors while a decision waits for you.",
}
"""Refusals that somebody is told of who did not see them."""


def said_of_factor(event: events.FactorEvent) -> Said | None:
    """What a person is told of an event; None where there is nothing that they need to know."""
    match event:
        case events.FactorAdded():
            return _said(
                f"{_what(event)} was added.", f"It counts from {_when(event.counts_from)}. {NOT_YOU}"
            )
        case events.FactorRemoved():
            return _said(f"{_what(event)} was removed.", NOT_YOU)
        case events.RecoveryCodesMade():
            earlier = "Earlier ones are worth nothing."
            return _said("You have new recovery codes.", f"{earlier} {NOT_YOU}")
        case events.RecoveryCodeUsed():
            return _said("One of your recovery codes was used up.", NOT_YOU)
        case events.FactorRefused():
            told = TRIED.get(event.code)
            return _said(told, NOT_YOU) if told else None


def _said(headline: str, status: str) -> Said:
    return Said(subject=SUBJECT, headline=headline, status=status, why=WHY)


def _what(event: events.FactorAdded | events.FactorRemoved) -> str:
    return f"{KINDS.get(event.factor, 'A factor')} “{inert(event.label)}”"


def _when(at: datetime) -> str:
    return moment(at, UTC)
