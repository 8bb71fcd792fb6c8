"""What factor a verb takes, and whether a proof is one: policy asks, people prove, the workflow holds to it."""

from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.proof import Factor, Proof
from app.domain.refusals import FactorNeeded
from app.domain.verdict import Obligations

PROVEN_FOR_ITSELF = timedelta(minutes=5)
"""How long a proof made for one thing may take to get here: as long as its page lives."""


class Purpose(StrEnum):
    """What somebody proves to be themselves for."""

    APPROVE = "approve"
    MORE_TIME = "more_time"
    CONFIRM = "confirm"
    """The requester's, before access begins."""
    GLASS = "break_glass"
    EXTEND = "extend"
    """The requester's, where more time would be given at once and takes more than the access did."""


OF_APPROVER = frozenset({Purpose.APPROVE, Purpose.MORE_TIME})


def factors_asked(obligations: Obligations, purpose: Purpose) -> tuple[Factor, ...] | None:
    """Name the factors of which one is needed; None where none is, and an empty one where nobody can meet it."""
    return obligations.mfa_approver if purpose in OF_APPROVER else obligations.mfa_requester


def proves(proof: Proof, obligations: Obligations, purpose: Purpose) -> bool:
    """Tell whether a proof is of a kind that is accepted, whatever its age; where none is asked for, any is."""
    factors = factors_asked(obligations, purpose)
    return factors is None or proof.factor in factors


def still_proves(proof: Proof, obligations: Obligations, purpose: Purpose, now: datetime) -> bool:
    """Tell whether a proof that was made for something else will do: one of an accepted factor, and fresh."""
    fresh = timedelta(seconds=obligations.oldest_proof or 0)
    if proof.factor is None or proof.at is None or not fresh:
        return False
    return proves(proof, obligations, purpose) and now - proof.at <= fresh


def must_be_proved(
    request_id: str, proof: Proof, obligations: Obligations, purpose: Purpose, now: datetime
) -> None:
    """Raise FactorNeeded unless a proof that was made for this will do.

    One that says when it was made must have been made just now, or be as fresh as policy asks of older ones.
    """
    if not proves(proof, obligations, purpose):
        raise FactorNeeded(request_id, factors_asked(obligations, purpose) or (), purpose)
    if proof.factor is None or proof.at is None or now - proof.at <= PROVEN_FOR_ITSELF:
        return
    if factors_asked(obligations, purpose) is not None and not still_proves(proof, obligations, purpose, now):
        raise FactorNeeded(request_id, factors_asked(obligations, purpose) or (), purpose)
