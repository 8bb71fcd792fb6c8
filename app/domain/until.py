"""Ends as people type them: `until Friday 18:00`, `until 18:00`, `until 2026-12-01`, `for 2h`."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from app.domain.duration import parse_duration

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EXAMPLES = "until Friday 18:00, until 18:00, until 2026-12-01, or for 2h"
LONGEST = timedelta(days=366)
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*(am|pm)?", re.IGNORECASE | re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_until(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Read an end, in UTC, from what someone in `zone` types at `now`.

    A day without a time is meant to its end. A clock without a day is the next such time. A time that a change
    of clocks leaves out is the moment of that change later; one that comes twice is the first of the two.
    Raises ValueError, with a sentence and examples, for what cannot be read, is past, or is over a year away.
    """
    word, _, rest = " ".join(text.split()).partition(" ")
    if word.lower() == "for" and rest:
        try:
            return _checked(text, now + parse_duration(rest), now)
        except ValueError as error:
            raise ValueError(f"{error} The ways to say it: {EXAMPLES}.") from None
    if word.lower() != "until" or not rest:
        raise _unclear(text)
    return _checked(text, _until(rest, now.astimezone(zone), zone), now)


def _until(text: str, here: datetime, zone: tzinfo) -> datetime:
    first, _, rest = text.partition(" ")
    day = _day(first.rstrip(",").lower(), here.date())
    if day is None:
        clock = _clock(text)
        today = _at(here.date(), clock, zone)
        return today if today > here else _at(here.date() + timedelta(days=1), clock, zone)
    if not rest:
        return _at(day + timedelta(days=1), time(), zone)
    found = _at(day, _clock(rest), zone)
    is_weekday = not _DATE.fullmatch(first) and first.lower() not in {"today", "tomorrow"}
    return found if found > here or not is_weekday else _at(day + timedelta(days=7), _clock(rest), zone)


def _day(word: str, today: date) -> date | None:
    if word in {"today", "tomorrow"}:
        return today + timedelta(days=word == "tomorrow")
    if _DATE.fullmatch(word):
        try:
            return date.fromisoformat(word)
        except ValueError:
            raise _unclear(word) from None
    for number, name in enumerate(WEEKDAYS):
        if len(word) >= 3 and name.startswith(word):
            return today + timedelta(days=(number - today.weekday()) % 7)
    return None


def _clock(text: str) -> time:
    match = _CLOCK.fullmatch(text.removeprefix("at ").strip())
    if match is None or not (match[2] or match[3]):
        raise _unclear(text)
    hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").lower()
    if half and not 1 <= hour <= 12:
        raise _unclear(text)
    hour = hour % 12 + 12 * (half == "pm") if half else hour
    if hour > 23 or minute > 59:
        raise _unclear(text)
    return time(hour, minute)


def _at(day: date, clock: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)


def _checked(text: str, until: datetime, now: datetime) -> datetime:
    if until <= now:
        raise ValueError(f"“{text[:40]}” is past already. The ways to say it: {EXAMPLES}.")
    if until - now > LONGEST:
        raise ValueError(f"“{text[:40]}” is more than a year away. The ways to say it: {EXAMPLES}.")
    return until


def _unclear(text: str) -> ValueError:
    return ValueError(f"“{text[:40]}” is no end that I can read. The ways to say it: {EXAMPLES}.")
