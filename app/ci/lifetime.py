"""When a job's token holds, by the claims of RFC 7519, section 4.1; the clock is Redis's, with a bounded skew."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.ci.refusals import JobRefused

SKEW = timedelta(seconds=60)
LONGEST = timedelta(days=1)
"""A token that is good for longer is not taken: its use would have to be remembered as long."""


def left_of(claims: Mapping[str, Any], now: datetime) -> timedelta:
    """Give for how long a token holds yet, with the skew. Raises JobRefused unless it holds now."""
    made, ends, at = _moment(claims, "iat"), _moment(claims, "exp"), now.timestamp()
    skew = SKEW.total_seconds()
    begins = _moment(claims, "nbf") if "nbf" in claims else made
    if ends + skew <= at:
        raise JobRefused("has expired; ask for it when the job needs it, not at its beginning")
    if max(made, begins) - skew > at:
        raise JobRefused("is not good yet; its issuer's clock and the bot's differ")
    if ends - made > LONGEST.total_seconds():
        raise JobRefused("is good for over a day; give the job a time-out that is shorter")
    return timedelta(seconds=ends + skew - at)


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise JobRefused(f"does not say when ({name})")
    return float(value)
