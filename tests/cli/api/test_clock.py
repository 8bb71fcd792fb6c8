"""Contract of the server's clock: it goes on from what the server said, and never seems to be behind it."""

from datetime import UTC, datetime, timedelta

import pytest

from app.cli.api.clock import ServerClock

SAID = "Mon, 02 Mar 2026 10:00:00 GMT"
AT = datetime(2026, 3, 2, 10, 0, 1, tzinfo=UTC)


def test_it_goes_on_from_what_was_said():
    """By a clock that nobody sets, whatever this machine says; the last word counts."""
    ticks = iter([100.0, 160.5, 161.0, 162.0])
    clock = ServerClock(lambda: next(ticks))
    clock.heard(SAID)
    assert AT + timedelta(seconds=60.5) == clock.now()
    clock.heard(SAID)
    assert AT + timedelta(seconds=1) == clock.now()


@pytest.mark.parametrize(
    "date", ["", "soon", "Mon, 02 Mar 2026 10:00:00 -0000", "Mon, 99 Mar 2026 10:00:00 GMT"]
)
def test_what_is_no_time(date):
    """It is passed over; until the server has told one, this machine's own counts."""
    clock = ServerClock(lambda: 7.0)
    clock.heard(date)
    assert abs(datetime.now(UTC) - clock.now()) < timedelta(minutes=1)
    clock.heard(SAID)
    clock.heard(date)
    assert clock.now() == AT
