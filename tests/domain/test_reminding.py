"""Contract: who does not decide is reminded once, and others may decide in time, without anyone losing a right.

Rungs are reached one by one, none before its time or after the lapse; the people of a rung count like those of
the stages: once, never on their own, and not for more time later.
"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import transitions as t
from app.domain.deadlines import Deadline, deadlines
from app.domain.refusals import AlreadyDecided, NotAnApprover, SelfApproval, WrongState
from app.domain.reminding import NEVER, escalate, put_off_reminder, remind, reminds_at, with_rungs
from app.domain.request import Request, State
from app.domain.verdict import Obligations, Rung, Stage
from tests.people import ANA, BEN, NOW, OWNERS, SAM, a_request, entitled

MINUTE = timedelta(minutes=1)
LAPSE = NOW + timedelta(hours=1)
RUNGS = (Rung(after=1200, people=("dev",)), Rung(after=600, people=("sam", "ana")))


def pending(*rungs: Rung, stage: Stage = OWNERS) -> Request:
    asked = a_request(stages=(stage,))
    verdict = asked.verdict.model_copy(update={"obligations": Obligations(escalation=rungs)})
    later = {"verdict": verdict, "reminds_at": NOW + 30 * MINUTE}
    return t.ask(asked.model_copy(update=later))[0]


def approve(request: Request, by, now) -> Request:
    return t.approve(request, by, with_rungs(entitled, request), now)[0]


@pytest.mark.parametrize(
    ("after", "expected"),
    [(None, NOW + 30 * MINUTE), (20 * MINUTE, NOW + 20 * MINUTE), (NEVER, None), (60 * MINUTE, None)],
)
def test_when_to_remind(after, expected):
    """Halfway, or when policy says; not at all where that is never, or no sooner than the lapse."""
    assert expected == reminds_at(NOW, LAPSE, after)


def test_reminded_once():
    """Not before its time, once, and not when it is decided."""
    assert NOW + 30 * MINUTE == deadlines(pending())[Deadline.REMIND]
    with pytest.raises(WrongState):
        remind(pending(), NOW + 29 * MINUTE)
    reminded, event = remind(pending(), NOW + 30 * MINUTE)
    assert (LAPSE, None) == (event.lapses_at, deadlines(reminded).get(Deadline.REMIND))
    with pytest.raises(WrongState):
        remind(reminded, NOW + 31 * MINUTE)
    with pytest.raises(WrongState):
        remind(t.approve(pending(), BEN, entitled, NOW)[0], NOW + 30 * MINUTE)


def test_rung_by_rung():
    """In the order of their times, however they were written, each at its own."""
    request = pending(*RUNGS)
    assert NOW + 10 * MINUTE == deadlines(request)[Deadline.ESCALATE]
    with pytest.raises(WrongState):
        escalate(request, NOW + 9 * MINUTE)
    first, event = escalate(request, NOW + 15 * MINUTE)
    assert (("sam", "ana"), 1, NOW + 20 * MINUTE) == (
        event.people,
        event.rung,
        deadlines(first)[Deadline.ESCALATE],
    )
    with pytest.raises(WrongState):
        escalate(first, NOW + 19 * MINUTE)
    second = escalate(first, NOW + 20 * MINUTE)[0]
    assert Deadline.ESCALATE not in deadlines(second)


def test_no_rung_after_the_lapse():
    """A rung that would come with the lapse or later never does."""
    request = pending(Rung(after=3600, people=("sam",)))
    assert Deadline.ESCALATE not in deadlines(request)
    with pytest.raises(WrongState):
        escalate(request, LAPSE)


def test_the_people_of_a_rung_may_decide_once_it_is_reached():
    """Before it they may not; then they may, and those before them still may."""
    late = NOW + 10 * MINUTE
    with pytest.raises(NotAnApprover):
        approve(pending(*RUNGS), SAM, late)
    reached = escalate(pending(*RUNGS), late)[0]
    assert State.APPROVED is approve(reached, SAM, late).state
    assert State.APPROVED is approve(reached, BEN, late).state


def test_a_rung_is_no_way_to_ones_own():
    """The requester who stands on a rung decides nothing."""
    with pytest.raises(SelfApproval):
        approve(escalate(pending(*RUNGS), NOW + 10 * MINUTE)[0], ANA, NOW + 10 * MINUTE)


def test_a_quorum_stays():
    """Two must approve still, and one of a rung counts once."""
    two = Stage(name="two", quorum=2, people=("ben", "chloe"))
    late = NOW + 10 * MINUTE
    once = approve(escalate(pending(*RUNGS, stage=two), late)[0], SAM, late)
    assert State.PENDING is once.state
    with pytest.raises(AlreadyDecided):
        approve(once, SAM, late)
    assert State.APPROVED is approve(once, BEN, late).state


def test_what_is_decided_is_for_the_stages_alone():
    """Who came by a rung has no say in more time; they may revoke what they approved."""
    late = NOW + 10 * MINUTE
    approved = approve(escalate(pending(*RUNGS), late)[0], SAM, late)
    assert "sam" not in with_rungs(entitled, approved)(OWNERS)
    granting = t.begin_grant(approved, late)[0]
    assert State.ENDING is t.revoke(granting, SAM, with_rungs(entitled, granting), False, late)[0].state


@given(st.lists(st.integers(0, 90), min_size=1, max_size=20))
def test_time_alone_reaches_rungs(minutes):
    """Ticks in any order reach as many rungs as are due by then, and never more."""
    request, most = pending(*RUNGS), 0
    for minute in minutes:
        now = NOW + minute * MINUTE
        due = sum(rung.after <= minute * 60 for rung in RUNGS) if now < LAPSE else 0
        try:
            request = escalate(request, now)[0]
        except WrongState:
            assert request.rungs >= due
            continue
        most = max(most, due)
        assert request.rungs <= most


def test_put_off_to_the_end_of_quiet_hours():
    """A reminder that would reach nobody waits, and comes once then; what would come with the lapse never does."""
    due = NOW + 30 * MINUTE
    later, event = put_off_reminder(pending(), due, due + 10 * MINUTE)
    assert (due + 10 * MINUTE, due + 10 * MINUTE) == (deadlines(later)[Deadline.REMIND], event.until)
    assert LAPSE == deadlines(later)[Deadline.LAPSE]
    with pytest.raises(WrongState):
        remind(later, due)
    assert remind(later, due + 10 * MINUTE)[0].reminds_at is None
    for until in (LAPSE, LAPSE + MINUTE, due, None):
        never, event = put_off_reminder(pending(), due, until)
        assert (None, None) == (never.reminds_at, event.until)
    with pytest.raises(WrongState):
        put_off_reminder(pending(), due - MINUTE, due)


def test_escalation_goes_on_to_who_is_awake():
    """A rung of sleepers is reached together with the next one that is not of sleepers."""
    morning = NOW + 50 * MINUTE
    asleep = {("sam", "ana"): morning}
    reached, event = escalate(pending(*RUNGS), NOW + 10 * MINUTE, lambda rung: asleep.get(rung.people))
    assert (2, 2, ("sam", "ana", "dev"), 600) == (reached.rungs, event.rung, event.people, event.after)
    assert Deadline.ESCALATE not in deadlines(reached)


def test_nobody_is_awake():
    """Only what is due is reached then, and its people are reminded once the first of them wakes."""
    morning = NOW + 50 * MINUTE
    no_reminder = pending(*RUNGS).model_copy(update={"reminds_at": None})
    reached, event = escalate(no_reminder, NOW + 10 * MINUTE, lambda _: morning)
    assert (1, ("sam", "ana"), morning) == (reached.rungs, event.people, reached.reminds_at)
    never, _ = escalate(no_reminder, NOW + 10 * MINUTE, lambda _: LAPSE)
    assert never.reminds_at is None


def test_a_rung_after_the_lapse_is_not_brought_forward():
    """Who would be reached with the lapse is not reached because others sleep."""
    rungs = (Rung(after=600, people=("sam",)), Rung(after=3600, people=("dev",)))
    reached, event = escalate(
        pending(*rungs), NOW + 10 * MINUTE, lambda rung: LAPSE if rung.after == 600 else None
    )
    assert (1, ("sam",)) == (reached.rungs, event.people)
