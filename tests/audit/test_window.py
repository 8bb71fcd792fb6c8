"""Contract of the digest's window: it ends when it was last the hour, and windows meet whatever clocks do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.digest import digest_window

MADRID = ZoneInfo("Europe/Madrid")
ZONES = st.sampled_from([
    "UTC", "Europe/Madrid", "America/New_York", "America/St_Johns", "Asia/Kolkata", "Asia/Kathmandu",
    "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "America/Santiago", "Africa/Casablanca",
])  # fmt: skip
HOURS = st.integers(0, 23)
MOMENTS = st.datetimes(datetime(2005, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "hour", "since", "until", "day"),
    [
        ("2026-03-02T08:00:00", 9, "2026-03-01T08:00", "2026-03-02T08:00", "2026-03-02"),  # this very instant
        ("2026-03-02T07:59:59", 9, "2026-02-28T08:00", "2026-03-01T08:00", "2026-03-01"),
        ("2026-03-29T12:00:00", 9, "2026-03-28T08:00", "2026-03-29T07:00", "2026-03-29"),  # 23 hours
        ("2026-10-25T12:00:00", 9, "2026-10-24T07:00", "2026-10-25T08:00", "2026-10-25"),  # 25 hours
        ("2026-03-29T12:00:00", 2, "2026-03-28T01:00", "2026-03-29T01:00", "2026-03-29"),  # 2:30 is no time
        ("2026-10-25T12:00:00", 2, "2026-10-24T00:00", "2026-10-25T00:00", "2026-10-25"),  # 2:00 comes twice
        ("2026-10-25T01:30:00", 2, "2026-10-24T00:00", "2026-10-25T00:00", "2026-10-25"),  # second 2:30: once
        ("2026-10-26T12:00:00", 2, "2026-10-25T00:00", "2026-10-26T01:00", "2026-10-26"),
    ],
)
def test_windows_in_madrid(now, hour, since, until, day):
    """Ordinary days, and those on which clocks change."""
    assert (utc(since), utc(until), day) == digest_window(utc(now), MADRID, hour)


def test_a_day_that_a_zone_skipped_has_no_window():
    """Samoa went from 29 to 31 December 2011: the window to the 31st begins on the 29th."""
    apia = ZoneInfo("Pacific/Apia")
    since, until, day = digest_window(utc("2011-12-31T00:00"), apia, 9)
    assert (utc("2011-12-29T19:00"), utc("2011-12-30T19:00"), "2011-12-31") == (since, until, day)


@given(now=MOMENTS, zone=ZONES.map(ZoneInfo), hour=HOURS)
def test_windows_meet(now, zone, hour):
    """Each window begins where the one before ended, and days differ: nothing is told twice or never."""
    since, until, day = digest_window(now, zone, hour)
    assert since < until <= now
    before = digest_window(since, zone, hour)
    assert since == before[1]
    assert before[2] < day
    assert before == digest_window(until - timedelta(microseconds=1), zone, hour)
    assert (since, until, day) == digest_window(until, zone, hour)


@given(now=MOMENTS, zone=ZONES.map(ZoneInfo), hour=HOURS)
def test_a_window_ends_at_the_hour(now, zone, hour):
    """On the zone's clocks it is the hour, or the instant at which clocks skipped it; less than a day ago."""
    since, until, _ = digest_window(now, zone, hour)
    local = until.astimezone(zone)
    exists = local.replace(hour=hour, minute=0).astimezone(UTC).astimezone(zone).hour == hour
    assert (hour, 0, 0) == (local.hour, local.minute, local.second) or not exists
    assert now - until <= timedelta(hours=25)
    assert timedelta(hours=22) <= until - since <= timedelta(hours=26)
