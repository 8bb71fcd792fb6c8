"""What the clocks on the wall of a zone do: when they show a time, and when they are put back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)


def first_showing(local: datetime, zone: ZoneInfo) -> datetime:
    """Give the first instant, in UTC, at which the clocks of a zone show a time or, if they skip it, a later one."""
    early = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    late = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if early <= late:  # shown once, or twice
        return early
    before, after = late, early  # the clocks go forward between these
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).replace(tzinfo=None) < local:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def showings(local: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Give each instant, in UTC, at which the clocks of a zone show a time or, if they skip it, a later one."""
    first = first_showing(local, zone)
    again = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return (first, again) if again > first else (first,)


def back_between(begin: datetime, end: datetime, zone: ZoneInfo) -> datetime | None:
    """Give the instant, in UTC, at which clocks are put back between two, which lie two days apart at most."""
    if _distance(end, zone) >= (was := _distance(begin, zone)):
        return None
    while end - begin > SECOND:
        middle = begin + (end - begin) // 2
        begin, end = (middle, end) if _distance(middle, zone) == was else (begin, middle)
    return end.replace(microsecond=0)


def _distance(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()
