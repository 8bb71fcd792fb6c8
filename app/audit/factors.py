"""What happened to people's second factors, in plain sentences."""

from app.audit.plain import clock, one_line
from app.domain import events
from app.domain.proof import Proof

NAMES = {
    "webauthn": "a security key",
    "totp": "an authenticator app",
    "recovery": "a recovery code",
    "page": "pages, the links to which were guessed,",
}


def factor_told(event: events.FactorEvent, who: str) -> str:
    """Say what happened, in a sentence that begins with `who` did it."""
    match event:
        case events.FactorAdded():
            return f"{who} added {_named(event)}{_resting_on(event.proof)}. It counts from {clock(event.counts_from)}."
        case events.FactorRemoved():
            return f"{who} removed {_named(event)}{_resting_on(event.proof)}."
        case events.FactorRefused():
            what = NAMES.get(event.factor, one_line(event.factor) or "a change of factors")
            about = f" for {one_line(event.about)}" if event.about else ""
            at = f" from {one_line(event.ip)}" if event.ip else ""
            return f"{who} was refused {what}{about}{at} ({one_line(event.code)}); nothing changed."
        case events.RecoveryCodesMade():
            since = clock(event.counts_from)
            return f"{who} made new recovery codes{_resting_on(event.proof)}. They count from {since}."
        case events.RecoveryCodeUsed():
            at = f" from {one_line(event.ip)}" if event.ip else ""
            return f"{who} used up a recovery code{at}."


def _named(event: events.FactorAdded | events.FactorRemoved) -> str:
    return f"{NAMES.get(event.factor, one_line(event.factor))} “{one_line(event.label)}”"


def _resting_on(proof: Proof | None) -> str:
    """What let them: a factor that they had, or a grant."""
    if proof is None:
        return ", which did not count"
    credential = one_line(proof.credential)
    if proof.kind == "grant":
        return f", by the approval of {credential}"
    which = f" {credential}" if credential else ""
    return f", proven by {NAMES.get(proof.kind, one_line(proof.kind))}{which}"
