"""Which day a digest is about."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)


def digest_window(now: datetime, zone: ZoneInfo, hour: int) -> tuple[datetime, datetime, str]:
    """Give the window that ended when it was last `hour` in the zone: since, until (both UTC) and its day.

    Windows of following days meet without gap or overlap, so a day has 23 or 25 hours where clocks change. An
    hour that clocks skip is the instant at which they do, one that comes twice is the first (PEP 495, fold
    0). A day that a zone skipped has no window: the one before it reaches to the next.
    """
    day = now.astimezone(zone).date() + ONE_DAY
    while (until := _instant(day, zone, hour)) > now:
        day -= ONE_DAY
    before = day - ONE_DAY
    while (since := _instant(before, zone, hour)) >= until:
        before -= ONE_DAY
    return since, until, day.isoformat()


def _instant(day: date, zone: ZoneInfo, hour: int) -> datetime:
    return datetime.combine(day, time(hour), zone).astimezone(UTC)
