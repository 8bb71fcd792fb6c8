"""Contract: a span is written to the second and read back as what it was; no number is too much for it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.duration import LONGEST, parse_duration
from app.policy.spans import span


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (14400, "4 h"), (14401, "4 h 1 s"), (1801, "30 min 1 s"), (90061, "1 day 1 h 1 min 1 s"), (0, "0 s"),
        (-7, "0 s"), (31622400, "366 days"), (31622401, "over 366 days"), (10**40, "over 366 days"),
    ],
)  # fmt: skip
def test_written(seconds, written):
    """Nothing is rounded; what is less than nothing is nothing, and what is over a year is only that."""
    assert written == span(seconds)


@given(st.integers(min_value=1, max_value=int(LONGEST.total_seconds())))
def test_read_back(seconds):
    """Every span is a duration that people could type, and the same one."""
    assert timedelta(seconds=seconds) == parse_duration(span(seconds))
