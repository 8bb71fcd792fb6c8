"""Contract: quiet hours end at the first instant at which no clock of theirs shows one, whatever clocks do.

Checked against a plain walk, minute by minute. Whoever is on call has none; other environments are not touched.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy.context_shapes import MIDNIGHT
from app.policy.explain import explain, explanation_lines
from app.policy.outside import NOTHING_KNOWN
from app.policy.quiet import Quiet, QuietHours
from app.policy.windows import Window
from tests.policy.sets import RULES, an_ask, policy_of

MINUTE = timedelta(minutes=1)
ZONES = ["UTC", "Europe/Madrid", "Europe/London", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca",
         "America/Havana", "Asia/Kolkata"]  # fmt: skip
CHANGES = [
    "2026-03-29T01:00", "2026-10-25T01:00", "2026-03-08T05:30", "2026-11-01T04:30", "2026-04-04T15:00",
    "2026-10-03T15:30", "2026-02-15T02:00", "2026-03-22T02:00", "2026-03-08T05:00", "2026-11-01T05:00",
]  # fmt: skip
instants = st.tuples(st.sampled_from(CHANGES), st.integers(-1500, 1500)).map(
    lambda drawn: datetime.fromisoformat(drawn[0]).replace(tzinfo=UTC) + drawn[1] * MINUTE
)
days = st.sets(st.integers(0, 6), min_size=1).map(frozenset)
spans = st.tuples(st.integers(0, MIDNIGHT - 1), st.integers(1, MIDNIGHT)).filter(
    lambda span: span[0] != span[1]
)
windows = st.builds(
    lambda zone, days, span: Window(ZoneInfo(zone), days, *span), st.sampled_from(ZONES), days, spans
)


def hours(*windows: Window, on_call=frozenset()) -> QuietHours:
    return QuietHours((Quiet("night", (), frozenset({"ana"}), frozenset(), windows),), {}, on_call)


@given(st.lists(windows, min_size=1, max_size=3), instants)
def test_the_end_is_that_of_a_plain_walk(windows, at):
    """The first minute in no window, over changes of the clocks in both directions, half hours too."""
    quiet, walked = hours(*windows), at
    while any(window.has(walked) for window in windows) and walked < at + timedelta(days=2):
        walked += MINUTE
    found = quiet.ends("ana", "production", at)
    if walked < at + timedelta(days=2):
        assert walked == found
    else:
        assert found is None or found >= walked


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        ("2026-03-28T22:00", "2026-03-29T05:00"),  # 23:00 there; 07:00 of summer time
        ("2026-10-24T21:00", "2026-10-25T06:00"),
        ("2026-03-02T12:00", "2026-03-02T12:00"),
        ("2026-03-02T05:59", "2026-03-02T06:00"),
        ("2026-03-02T06:00", "2026-03-02T06:00"),
    ],
)
def test_nights_when_the_clocks_change(at, ends):
    """A night is an hour shorter in spring and longer in autumn."""
    night = Window(ZoneInfo("Europe/Madrid"), frozenset(range(7)), 22 * 60, 7 * 60)
    at, ends = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (at, ends))
    assert ends == hours(night).ends("ana", "production", at)


def test_always_quiet():
    """Who is quiet on all days at all hours is not waited for."""
    always = Window(ZoneInfo("UTC"), frozenset(range(7)), 0, MIDNIGHT)
    assert hours(always).ends("ana", "x", datetime(2026, 3, 2, tzinfo=UTC)) is None


QUIET = """
quiet:
  nights:
    groups: [dbas]
    people: [sam]
    environments: [production]
    times: [{from: "22:00", to: "07:00", zone: Europe/Madrid}, {weekdays: [sat, sun], zone: Europe/Madrid}]
"""
ROTA = """
rotas:
  duty: {people: [chloe], from: 2026-01-05, zone: UTC}
"""
NIGHT = datetime(2026, 3, 3, 23, 30, tzinfo=UTC)


def test_of_whom_and_where():
    """Members of the groups and the people, for requests of the environments, and nobody else."""
    quiet = policy_of(RULES + QUIET).quiet_hours
    held = {p for p in ("ana", "ben", "chloe", "sam") if quiet.holds(p, "production", NIGHT)}
    assert {"ben", "chloe", "sam"} == held
    assert not quiet.holds("ben", "sandbox", NIGHT)
    assert datetime(2026, 3, 4, 6, tzinfo=UTC) == quiet.first_to_wake(["ben", "sam"], "production", NIGHT)
    assert NIGHT == quiet.first_to_wake(["ben", "ana"], "production", NIGHT)
    assert NIGHT == quiet.first_to_wake([], "production", NIGHT)
    assert ("nights",) == quiet.named("ben", "production", NIGHT)


def test_a_weekend_after_a_night():
    """Friday's night goes over into the weekend, and that into Monday's morning."""
    quiet = policy_of(RULES + QUIET).quiet_hours
    friday = datetime(2026, 3, 6, 21, 30, tzinfo=UTC)
    assert datetime(2026, 3, 9, 6, tzinfo=UTC) == quiet.ends("ben", "production", friday)


def test_on_call_is_never_quiet():
    """Whoever is on call now, by any rota, and only for so long."""
    policy = policy_of(RULES + QUIET + ROTA)
    quiet = policy.with_directory(NOTHING_KNOWN, NIGHT).quiet_hours
    assert (False, True) == (
        quiet.holds("chloe", "production", NIGHT),
        quiet.holds("ben", "production", NIGHT),
    )


def test_explained():
    """Who may approve and is not pinged is told, with the entry and until when."""
    policy = policy_of(RULES + QUIET)
    ask = an_ask(policy).model_copy(update={"at": NIGHT})
    lines = explanation_lines(explain(policy, ask))
    assert "  not pinged: ben, until 2026-03-04 06:00 UTC (quiet hours: nights)" in lines
    assert [] == [line for line in explanation_lines(explain(policy, an_ask(policy))) if "pinged" in line]
