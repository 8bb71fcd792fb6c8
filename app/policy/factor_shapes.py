"""The keys of second factors: which of them a rule asks for, and who may enrol one and when it counts."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainValidator

from app.domain.duration import format_duration, parse_duration
from app.domain.proof import Factor
from app.policy.shapes import Duration, Name, text_in

ANY = "any"
FRESHEST, LEAST_FRESH = timedelta(minutes=1), timedelta(hours=12)
RIGHT = f"{', '.join(Factor)}, a list of these, or {ANY}"


def factors(value: object) -> tuple[Factor, ...]:
    """Read which factors are accepted, in their one order. Raises ValueError."""
    if value == ANY:
        return tuple(Factor)
    words = value if isinstance(value, list) else [text_in(value, RIGHT)]
    if not words:
        raise ValueError(f"is an empty list; write {RIGHT}")
    for word in words:
        if text_in(word, RIGHT) not in set(Factor):
            raise ValueError(f"is “{word[:60]}”; write {RIGHT}")
    return tuple(factor for factor in Factor if factor in words)


def fresh(value: object) -> timedelta:
    """Read how old a proof may be that was made for something else. Raises ValueError."""
    right = f"a duration of {format_duration(FRESHEST)} to {format_duration(LEAST_FRESH)}, such as 10m"
    text = text_in(value, right)
    try:
        read = parse_duration(text)
    except ValueError:
        read = timedelta()
    if not FRESHEST <= read <= LEAST_FRESH:
        raise ValueError(f"is “{text[:60]}”; write {right}")
    return read


Factors = Annotated[tuple[Factor, ...], PlainValidator(factors)]
Fresh = Annotated[timedelta, PlainValidator(fresh)]


class MfaSpec(BaseModel):
    """Which factors count of whom; one that is not named proves nothing by more than a session.

    `fresh` is how old a proof may be that was made for something else; without it each is made for itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    approver: Factors = ()
    requester: Factors = ()
    fresh: Fresh = timedelta()


FACTOR_KEYS: dict[str, Any] = {"enrol": Name, "cooling_off": Duration}
"""The keys of `factors`, each with its shape."""
