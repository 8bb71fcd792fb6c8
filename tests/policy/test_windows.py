"""Contract: an instant is in a window when the clocks of its zone show a time in it, whatever they do.

Hours that are skipped and hours that are shown twice are defined by that alone. A window over midnight
belongs to the day on which it begins. A freeze has its first instant, and not its last.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy.context_shapes import MIDNIGHT, instant
from app.policy.windows import Freeze, Window, days_in_words

BERLIN = "Europe/Berlin"
EVERY_DAY = frozenset(range(7))
WEEKDAYS = frozenset(range(5))
zones = st.sampled_from(
    ["UTC", BERLIN, "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata"]
)
instants = st.integers(10**9, 2 * 10**9).map(lambda second: datetime.fromtimestamp(second, UTC))
minutes = st.integers(0, MIDNIGHT - 1)


def a_window(begins: str, ends: str, days: frozenset[int] = EVERY_DAY, zone: str = BERLIN, *closed: str):
    return Window(
        ZoneInfo(zone), days, _minutes(begins), _minutes(ends), frozenset(map(date.fromisoformat, closed))
    )


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def has(window: Window, utc: str) -> bool:
    return window.has(datetime.fromisoformat(utc).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("utc", "inside"),
    [
        ("2026-03-02T07:59:59", False),
        ("2026-03-02T08:00", True),
        ("2026-03-02T16:59:59", True),
        ("2026-03-02T17:00", False),
        ("2026-03-07T10:00", False),
        ("2026-07-01T07:00", True),  # summer time: 09:00 there
        ("2026-07-01T16:00", False),
        ("2026-12-25T10:00", False),
    ],
)
def test_office_hours(utc, inside):
    """The beginning is in the window and the end is not; days and exceptions are those of the zone."""
    window = a_window("09:00", "18:00", WEEKDAYS, BERLIN, "2026-12-25")

    assert inside is has(window, utc)


@pytest.mark.parametrize(
    ("utc", "inside"),
    [
        ("2026-03-06T21:00", True),  # Friday 22:00
        ("2026-03-07T04:59", True),  # Saturday 05:59, of Friday's night
        ("2026-03-07T05:00", False),
        ("2026-03-07T22:00", False),  # Saturday 23:00
        ("2026-03-09T04:00", False),  # Monday 05:00, of Sunday's night
    ],
)
def test_over_midnight(utc, inside):
    """A night belongs to the day on which it begins, with its weekday and its exceptions."""
    assert inside is has(a_window("22:00", "06:00", WEEKDAYS), utc)
    assert not has(a_window("22:00", "06:00", WEEKDAYS, BERLIN, "2026-03-06"), "2026-03-07T03:00")


@pytest.mark.parametrize(
    ("begins", "ends", "utc", "inside"),
    [
        # 29 March 2026: after 01:59 comes 03:00, at 01:00 UTC
        ("02:30", "04:00", "2026-03-29T00:59", False),
        ("02:30", "04:00", "2026-03-29T01:00", True),
        ("02:00", "03:00", "2026-03-29T00:59", False),
        ("02:00", "03:00", "2026-03-29T01:00", False),
        # 25 October 2026: 02:00 to 02:59 is there at 00:00 UTC and again at 01:00 UTC
        ("02:10", "02:40", "2026-10-25T00:10", True),
        ("02:10", "02:40", "2026-10-25T00:40", False),
        ("02:10", "02:40", "2026-10-25T01:10", True),
        ("02:10", "02:40", "2026-10-25T01:40", False),
        ("23:00", "02:30", "2026-10-25T01:29", True),
    ],
)
def test_clocks_that_change(begins, ends, utc, inside):
    """What the clocks skip is no time, and what they show twice is there twice."""
    assert inside is has(a_window(begins, ends), utc)


@given(instants, zones, minutes, minutes, st.frozensets(st.integers(0, 6), min_size=1))
def test_a_window_is_what_its_complement_is_not(at, zone, begins, ends, days):
    """On every day, a window and the one from its end to its beginning share the time between them."""
    if begins == ends:
        return
    there = ZoneInfo(zone)
    one, other = Window(there, EVERY_DAY, begins, ends), Window(there, EVERY_DAY, ends, begins)

    assert one.has(at) is not other.has(at)
    assert one.has(at) or not Window(there, days, begins, ends).has(at)


@given(instants, zones, minutes, minutes, st.frozensets(st.integers(0, 6), min_size=1))
def test_the_next_opening_opens(at, zone, begins, ends, days):
    """What is told as the next opening is later, and in the window unless clocks skip it."""
    if begins == ends:
        return
    window = Window(ZoneInfo(zone), days, begins, ends)
    opening = window.next_opening(at)

    assert opening.replace(tzinfo=None) > at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    is_skipped = opening.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != opening.replace(
        tzinfo=None
    )
    assert is_skipped or window.has(opening)


def test_words():
    """Windows and days are told as they are written."""
    assert "mon-fri 09:00 to 18:00 Europe/Berlin" == str(a_window("09:00", "18:00", WEEKDAYS))
    assert "every day UTC" == str(Window(ZoneInfo("UTC"), EVERY_DAY, 0, MIDNIGHT))
    assert "mon, wed, sat-sun" == days_in_words(frozenset({0, 2, 5, 6}))


def test_freeze():
    """A freeze has its first instant and not its last."""
    begins, ends = datetime(2026, 12, 18, 18, tzinfo=UTC), datetime(2027, 1, 4, tzinfo=UTC)
    freeze = Freeze("year-end", begins, ends, "x")
    second = timedelta(seconds=1)

    assert [False, True, True, False] == [
        freeze.has(at) for at in (begins - second, begins, ends - second, ends)
    ]


@pytest.mark.parametrize(
    ("moment", "utc"),
    [
        ("2026-12-18T18:00", "2026-12-18T17:00"),
        ("2026-10-25T02:30+02:00", "2026-10-25T00:30"),
        ("2026-10-25T02:30+01:00", "2026-10-25T01:30"),
        ("2026-03-29T03:00", "2026-03-29T01:00"),
    ],
)
def test_instants(moment, utc):
    """A local time is an instant; one that is there twice is told apart by its distance from UTC."""
    assert datetime.fromisoformat(utc).replace(tzinfo=UTC) == instant(datetime.fromisoformat(moment), BERLIN)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (
            "2026-03-29T02:30",
            (
                "is 2026-03-29T02:30, which the clocks of Europe/Berlin skip as they go forward; "
                "write 2026-03-29T03:30"
            ),
        ),
        (
            "2026-10-25T02:30",
            (
                "is 2026-10-25T02:30, which the clocks of Europe/Berlin show twice; "
                "write 2026-10-25T02:30+02:00 or 2026-10-25T02:30+01:00"
            ),
        ),
        (
            "2026-07-01T10:00+01:00",
            (
                "is 2026-07-01T10:00+01:00, but Europe/Berlin is at +02:00 from UTC then; "
                "write 2026-07-01T11:00+02:00"
            ),
        ),
    ],
)
def test_times_that_are_not_there(moment, said):
    """A local time that never is, or is twice, or is at another distance, is refused with what to write."""
    with pytest.raises(ValueError, match=r"^is ") as error:
        instant(datetime.fromisoformat(moment), BERLIN)

    assert said == str(error.value)
