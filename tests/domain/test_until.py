"""Contract of ends as people type them: read in their zone, always to come, and never guessed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.until import LONGEST, parse_until

LONDON, BERLIN = ZoneInfo("Europe/London"), ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("until Friday 18:00", "2026-11-27 17:00"),
        ("UNTIL fri 18:00", "2026-11-27 17:00"),
        ("until Friday, 6pm", "2026-11-27 17:00"),
        ("until Friday", "2026-11-27 23:00"),
        ("until Tuesday 18:00", "2026-11-24 17:00"),
        ("until tuesday 12:00", "2026-12-01 11:00"),
        ("until 18:00", "2026-11-24 17:00"),
        ("until 9:00", "2026-11-25 08:00"),
        ("until 9am", "2026-11-25 08:00"),
        ("until 12am", "2026-11-24 23:00"),
        ("until tomorrow", "2026-11-25 23:00"),
        ("until today 23:59", "2026-11-24 22:59"),
        ("until 2026-12-01", "2026-12-01 23:00"),
        ("until 2026-12-01 at 08:00", "2026-12-01 07:00"),
        ("for 2h", "2026-11-24 16:30"),
        ("for 3d", "2026-11-27 14:30"),
        ("  until   fri   18:00 ", "2026-11-27 17:00"),
    ],
)
def test_read(text, expected):
    """Each way to say it, for someone in Berlin."""
    assert f"{expected}:00+00:00" == str(parse_until(text, TUESDAY, BERLIN))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "until",
        "for",
        "Friday",
        "until Freitag",
        "until f 18:00",
        "until 25:00",
        "until 18:60",
        "until 13pm",
        "until 18",
        "until 2026-13-01",
        "until 2026-02-30",
        "until 2026-11-20",
        "until today 08:00",
        "until 2028-01-01",
        "for -2h",
        "for ever",
        "for 400d",
        "until Friday 18:00 or so",
        "until ١٨:٠٠",
        "until <!channel>",
        "until 0:00:00",
    ],
)
def test_not_read(text):
    """What is unclear, past or too far is told with examples."""
    with pytest.raises(ValueError, match="until Friday 18:00, until 18:00, until 2026-12-01, or for 2h"):
        parse_until(text, TUESDAY, LONDON)


def test_clocks_that_change():
    """A time that is left out comes later that hour; one that comes twice is the first."""
    before_gap = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert "2026-03-29 01:30:00+00:00" == str(parse_until("until 02:30", before_gap, BERLIN))
    before_twice = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert "2026-10-25 00:30:00+00:00" == str(parse_until("until 02:30", before_twice, BERLIN))


words = st.text(max_size=20) | st.sampled_from(
    (
        "Friday 18:00",
        "mon",
        "sunday 0:30",
        "18:00",
        "6pm",
        "tomorrow",
        "today 23:00",
        "2026-12-31",
        "2h",
        "9d",
    )
)


@given(
    st.sampled_from(("until ", "for ", "")),
    words,
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 30)),  # noqa: DTZ001  made aware below
    st.sampled_from(("UTC", "Europe/London", "America/New_York", "Pacific/Chatham", "Australia/Lord_Howe")),
)
def test_whatever_is_typed(word, rest, at, zone):
    """An end to come within a year, or a sentence; nothing else, in any zone at any time."""
    now = at.replace(tzinfo=UTC)
    try:
        until = parse_until(word + rest, now, ZoneInfo(zone))
    except ValueError as error:
        assert "The ways to say it" in str(error)  # noqa: PT017
        return
    assert timedelta() < until - now <= LONGEST
