"""Durations as people type them: `30m`, `1h`, `1h30m`, `2d`, `45 min`."""

import re
from datetime import timedelta

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
LONGEST = timedelta(days=366)
_PART = re.compile(r"(\d{1,9})\s*(s|m|h|d)[a-z]*\s*", re.IGNORECASE | re.ASCII)
_WHOLE = re.compile(
    r"(?:\d{1,9}\s*(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)\s*)+",
    re.IGNORECASE | re.ASCII,
)


def parse_duration(text: str) -> timedelta:
    """Read a duration such as `30m` or `1h30m`.

    Raises ValueError, with a sentence for the person who typed it, when it is not one or is not positive.
    """
    cleaned = text.strip()
    if not _WHOLE.fullmatch(cleaned):
        raise ValueError(f"“{text[:40]}” is not a duration: write it like 30m, 2h or 1h30m.")
    seconds = sum(int(count) * SECONDS[unit.lower()] for count, unit in _PART.findall(cleaned))
    if seconds <= 0:
        raise ValueError(f"“{text[:40]}” is no time at all: write a duration like 30m, 2h or 1h30m.")
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"“{text[:40]}” is more than a year: write a duration like 30m, 2h or 1h30m.")
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """Write a duration for people, in at most two units: `30 min`, `1 h 30 min`, `2 days`."""
    seconds = max(0, round(duration.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        rest = seconds % 60
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    name = "day" if days == 1 else "days"
    return f"{days} {name} {hours} h" if hours else f"{days} {name}"
