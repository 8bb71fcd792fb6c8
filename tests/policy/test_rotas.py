"""Contract: at every instant from the first shift on exactly one person is on call, whatever the clocks do.

Shifts begin at the handover as the wall's clock shows it; they follow each other in the order of the people,
without gap or overlap, also where clocks skip the handover or show it twice. Overrides hold for their time.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.policy.rotas import Override, Rota, first_showing

BERLIN, APIA, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Apia"), ZoneInfo("Australia/Lord_Howe")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu")
PEOPLE = ("ana", "ben", "chloe")
instants = st.datetimes(datetime(2008, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
rotas = st.builds(
    Rota,
    people=st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4).map(tuple),
    first=st.dates(date(2009, 1, 1), date(2027, 1, 1)),
    days=st.sampled_from([1, 2, 7, 14, 30]),
    handover=st.integers(0, 24 * 60),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
WEEKLY = Rota(PEOPLE, date(2026, 1, 5), 7, 9 * 60, BERLIN)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("at", "who"),
    [
        ("2026-01-05T08:59", set()),
        ("2026-01-05T09:00", {"ana"}),
        ("2026-01-12T08:59", {"ana"}),
        ("2026-01-12T09:00", {"ben"}),
        ("2026-01-26T09:00", {"ana"}),
        ("2026-03-30T08:59", {"chloe"}),  # the clocks went forward the day before
        ("2026-03-30T09:00", {"ana"}),
        ("2026-10-26T08:59", {"chloe"}),  # and back
        ("2026-10-26T09:00", {"ana"}),
    ],
)
def test_in_turn(at, who):
    """A week each, from Monday at nine by the clock on the wall, in summer and in winter."""
    assert who == WEEKLY.on_call(berlin(at))


def test_handover_in_a_skipped_hour():
    """On the day on which clocks skip half past two, it is handed over as they skip it, at 03:00."""
    daily = Rota(("ana", "ben"), date(2026, 3, 28), 1, 150, BERLIN)
    skipped = datetime(2026, 3, 29, 1, tzinfo=UTC)

    assert skipped == first_showing(datetime(2026, 3, 29, 2, 30), BERLIN)  # noqa: DTZ001
    assert {"ana"} == daily.on_call(skipped - timedelta(seconds=1))
    assert {"ben"} == daily.on_call(skipped)


def test_handover_in_an_hour_that_comes_twice():
    """Where clocks show half past two twice, it is handed over the first time, and not taken back after it."""
    daily = Rota(("ana", "ben"), date(2026, 10, 24), 1, 150, BERLIN)
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    assert {"ana"} == daily.on_call(first - timedelta(seconds=1))
    assert [{"ben"}] * 4 == [daily.on_call(first + timedelta(minutes=each)) for each in (0, 45, 60, 75)]


def test_overrides():
    """Somebody else is on call within an override, from its first instant to before its last."""
    begins, ends = berlin("2026-01-07T18:00"), berlin("2026-01-08T09:00")
    rota = Rota(PEOPLE, WEEKLY.first, 7, 540, BERLIN, (Override(begins, ends, "sam"),))
    instant = timedelta(seconds=1)

    said = [rota.on_call(at) for at in (begins - instant, begins, ends - instant, ends)]
    assert [{"ana"}, {"sam"}, {"sam"}, {"ana"}] == said
    assert [begins, ends] == [rota.next_change(begins - instant), rota.next_change(begins)]


@given(rotas, instants)
def test_exactly_one(rota, at):
    """There is nobody before the first handover, and one of the people at any instant after it."""
    begin = first_showing(
        datetime.combine(rota.first, datetime.min.time()) + timedelta(minutes=rota.handover), rota.zone
    )

    assert (1 if at >= begin else 0) == len(rota.on_call(at))
    assert rota.on_call(at) <= set(rota.people)


@given(rotas, instants, st.integers(0, 10**6))
@example(Rota(("ana", "ben"), date(2011, 12, 28), 1, 600, APIA), datetime(2011, 12, 30, 11, tzinfo=UTC), 0)
@example(Rota(("ana", "ben"), date(2026, 4, 4), 1, 115, LORD_HOWE), datetime(2026, 4, 4, 15, tzinfo=UTC), 0)
def test_next_change(rota, at, part):
    """Until the next change it is the same person; at it, the next one in turn. It lies ahead."""
    change = rota.next_change(at)
    between = at + (change - at) * (part / 10**6)

    assert change > at
    if between < change:
        assert rota.on_call(at) == rota.on_call(between)
    now, then = rota.on_call(at), rota.on_call(change)
    if now and len(set(rota.people)) == len(rota.people) and rota.zone is not APIA:
        index = rota.people.index(min(now))
        assert {rota.people[(index + 1) % len(rota.people)]} == then


@given(st.datetimes(datetime(2008, 1, 1), datetime(2030, 1, 1)), st.sampled_from(ZONES))  # noqa: DTZ001
def test_first_showing(local, zone):
    """No clock of the zone shows that time, or a later one of that day's walk, before the instant that is given."""
    local = local.replace(microsecond=0)
    found = first_showing(local, ZoneInfo(zone))

    assert found.astimezone(ZoneInfo(zone)).replace(tzinfo=None) >= local
    before = (found - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert before < local
