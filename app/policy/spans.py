"""Durations to the second, where one is held against a bound and rounding would make both look alike."""

from datetime import timedelta
from functools import lru_cache

from app.domain.duration import LONGEST, format_duration, parse_duration


@lru_cache(maxsize=4096)
def span(seconds: float) -> str:
    """Write a number of seconds as a duration, whatever number it is: `4 h 1 s`, `over 366 days`."""
    most = int(LONGEST.total_seconds())
    if seconds > most:
        return f"over {format_duration(LONGEST)}"
    whole = max(0, int(seconds))
    written = format_duration(timedelta(seconds=whole))
    rest = whole - int(parse_duration(written).total_seconds()) if whole else 0
    return f"{written} {span(rest)}" if rest > 0 else written
