"""Contract: an instant is read as people write it, and never guessed: not its zone, and not across a change."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy.instants import read_instant

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02 09:00",
        "2026-03-02T09:00Z",
        "2026-03-02T09:00:00Z",
        "2026-03-02 10:00+01:00",
        " 2026-03-02 10:00 Europe/Berlin ",
        "mon 2026-03-02 10:00 Europe/Berlin",
        "Monday 2026-03-02 04:00 America/New_York",
        "2026-03-02 09:00 UTC",
    ],
)
def test_one_instant_in_many_ways(text):
    """With a zone, with an offset, with its weekday, and in UTC where nothing is said."""
    assert NINE == read_instant(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("noon", "is “noon”; write a time such as 2026-03-02T10:00Z"),
        ("2026-03-02", "is “2026-03-02”; write a time"),
        ("2026-02-30 10:00", "which is no time that there is"),
        ("2026-03-02 25:00", "which is no time that there is"),
        ("2026-03-02 10:00+01:00 Europe/Berlin", "; write a time"),
        ("tue 2026-03-02 10:00", "says tue, and 2026-03-02 is a mon; write the date's own day"),
        ("2026-03-02 10:00 Europe/Berln", "is no zone that is known|write an IANA zone"),
        ("2026-03-29 02:30 Europe/Berlin", "skip as they go forward; write 2026-03-29T03:30"),
        (
            "2026-10-25 02:30 Europe/Berlin",
            "show twice; write 2026-10-25T02:30.02:00 or 2026-10-25T02:30.01:00",
        ),
    ],
)
def test_what_is_no_instant(text, said):
    """What is wrong is told, with what would be right; what a zone's clocks skip or show twice is not guessed."""
    with pytest.raises(ValueError, match=said):
        read_instant(text)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)),  # noqa: DTZ001  Hypothesis wants naive bounds
    st.integers(-14 * 4, 14 * 4),
)
def test_what_is_written_is_read(local, quarters):
    """An instant written in ISO 8601, to the second, is read as it was."""
    instant = local.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=15 * quarters)))

    assert instant == read_instant(instant.isoformat())


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  likewise
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_in_a_zone(instant, zone):
    """What a zone's clocks show is read as that instant, or refused where they show it twice."""
    instant = instant.replace(second=0, microsecond=0)
    shown = instant.astimezone(ZoneInfo(zone))
    try:
        found = read_instant(f"{shown:%Y-%m-%d %H:%M} {zone}")
    except ValueError as error:
        assert "show twice" in str(error)  # noqa: PT017
    else:
        assert instant == found
