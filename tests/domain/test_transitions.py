"""Contract: every arrow of the state diagram, and no other, in whatever order people and time push.

The properties play random sequences of verbs by random people at random times. Whatever they do, access is
never active without the approvals that policy asked for, nobody decides on their own request, a final state
is final, and access never lasts beyond the end that was fixed when granting began.
"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import transitions as t
from app.domain.deadlines import Deadline, deadlines
from app.domain.refusals import (
    AlreadyDecided,
    NotAnApprover,
    NotPermitted,
    NotYourTurn,
    Refused,
    SelfApproval,
    WrongState,
)
from app.domain.request import FINAL, EndCause, Lease, Request, State
from app.domain.verdict import Obligations, Outcome, Stage
from tests.people import ANA, BEN, CHLOE, EVERYONE, NOW, OWNERS, SAM, a_request, entitled

LEASE = Lease(connector="test", reference="1", summary="a role")
TWO = Stage(name="two", quorum=2, people=("ben", "chloe", "sam"))
SECOND = Stage(name="second", people=("sam",))


def pending(**facts) -> Request:
    return t.ask(a_request(**facts))[0]


def approved(**facts) -> Request:
    return t.approve(pending(**facts), BEN, entitled, NOW)[0]


def active() -> Request:
    return t.activate(t.begin_grant(approved(), NOW)[0], LEASE, NOW)[0]


def ending(cause: EndCause = EndCause.DONE) -> Request:
    if cause is EndCause.EXPIRED:
        return t.expire(active(), NOW + timedelta(minutes=30))[0]
    if cause is EndCause.REVOKED:
        return t.revoke(active(), BEN, entitled, False, NOW, "enough")[0]
    return t.done(active(), ANA, NOW)[0]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.DENY, State.DENIED),
        (Outcome.AUTO_APPROVE, State.APPROVED),
        (Outcome.REQUIRE, State.PENDING),
    ],
)
def test_verdict_decides_the_first_state(outcome, state):
    """A new request begins where its verdict puts it."""
    request, event = t.ask(a_request(outcome=outcome))
    assert (state, outcome) == (request.state, event.verdict.outcome)


def test_one_approval_settles_a_stage_of_one():
    """The first approval by an entitled person approves the request, and says who did."""
    request, event = t.approve(pending(), BEN, entitled, NOW, "go")
    assert (State.APPROVED, "ben", True, "go") == (
        request.state,
        request.settled_by,
        event.settled,
        event.comment,
    )


def test_quorum_of_two_takes_two_people():
    """Two people must approve where the quorum is two; one twice is refused."""
    once, event = t.approve(pending(stages=(TWO,)), BEN, entitled, NOW)
    assert (State.PENDING, False) == (once.state, event.settled)
    with pytest.raises(AlreadyDecided):
        t.approve(once, BEN, entitled, NOW)
    assert State.APPROVED is t.approve(once, CHLOE, entitled, NOW)[0].state


def test_stages_are_decided_in_order():
    """An approver of the second stage waits until the first is settled; one of the first is then done."""
    request = pending(stages=(OWNERS, SECOND))
    with pytest.raises(NotYourTurn, match="waits for owners first"):
        t.approve(request, SAM, entitled, NOW)
    request, _ = t.approve(request, BEN, entitled, NOW)
    with pytest.raises(AlreadyDecided):
        t.approve(request, BEN, entitled, NOW)
    assert State.APPROVED is t.approve(request, SAM, entitled, NOW)[0].state


@pytest.mark.parametrize("verb", [t.approve, t.deny])
def test_nobody_decides_on_their_own_request(verb):
    """The requester is refused even where policy names them an approver, by id or by Slack account."""
    for who in (ANA, ANA.model_copy(update={"id": "other"}), ANA.model_copy(update={"slack": "U0OTHER"})):
        with pytest.raises(SelfApproval):
            verb(pending(), who, lambda _: frozenset({"ana", "other"}), NOW)


@pytest.mark.parametrize("verb", [t.approve, t.deny])
def test_only_the_entitled_decide(verb):
    """Being able to click is not being an approver."""
    with pytest.raises(NotAnApprover):
        verb(pending(), SAM, entitled, NOW)


@pytest.mark.parametrize("verb", [t.approve, t.deny])
def test_someone_who_left_the_group_decides_no_more(verb):
    """Who is entitled is asked at the decision, not at the request."""
    with pytest.raises(NotAnApprover):
        verb(pending(), BEN, lambda _: frozenset({"chloe"}), NOW)


@pytest.mark.parametrize("verb", [t.approve, t.deny])
def test_no_decision_after_the_lapse(verb):
    """A click that comes after the lapse is too late, even before the lapse was written."""
    with pytest.raises(WrongState, match="lapsed"):
        verb(pending(), BEN, entitled, NOW + timedelta(hours=1))


def test_only_the_requester_cancels():
    """Someone else's request is not mine to cancel."""
    with pytest.raises(NotPermitted):
        t.cancel(pending(), BEN, NOW)
    assert State.CANCELLED is t.cancel(pending(), ANA, NOW)[0].state


def test_only_the_requester_gives_back():
    """Done is the requester's word."""
    with pytest.raises(NotPermitted):
        t.done(active(), BEN, NOW)


def test_revoke_takes_a_stake():
    """Approvers, the requester and those whom policy lets may revoke; others may not."""
    with pytest.raises(NotPermitted):
        t.revoke(active(), SAM, entitled, False, NOW)
    for who, may_any in ((BEN, False), (ANA, False), (SAM, True)):
        assert State.ENDING is t.revoke(active(), who, entitled, may_any, NOW)[0].state


def test_what_is_approved_and_not_yet_granted_can_still_be_stopped():
    """While granting waits, the requester may cancel, and whoever may revoke may stop it, for good."""
    assert State.CANCELLED is t.cancel(approved(), ANA, NOW)[0].state
    stopped, event = t.revoke(approved(), BEN, entitled, False, NOW, "not now")
    assert (State.CANCELLED, "ben", "not now") == (stopped.state, event.by, stopped.comment)
    with pytest.raises(NotPermitted):
        t.revoke(approved(), SAM, entitled, False, NOW)
    with pytest.raises(WrongState):
        t.begin_grant(stopped, NOW)


@pytest.mark.parametrize("cause", [EndCause.DONE, EndCause.EXPIRED, EndCause.REVOKED])
def test_an_end_leads_to_its_own_final_state(cause):
    """Completed, expired and revoked are kept apart."""
    assert State(cause.value) is t.finish(ending(cause), NOW)[0].state


def test_a_grant_that_failed_in_part_is_taken_back_as_any_access_is():
    """Until the target confirms that nothing is left it is ending; then it failed, and says why."""
    begun = t.begin_grant(approved(), NOW)[0]
    undoing, event = t.begin_undo(begun, "no route", NOW)
    failed, said = t.finish(undoing, NOW)
    assert (State.ENDING, EndCause.FAILED, True) == (undoing.state, event.cause, bool(deadlines(undoing)))
    assert (State.GRANT_FAILED, "grant_failed", "no route") == (failed.state, said.kind, failed.comment)


def test_a_failing_end_is_tried_again_with_growing_pauses():
    """The target that does not confirm is asked again, later each time, and at least each five minutes."""
    request, pauses = ending(), []
    for _ in range(12):
        request, event = t.fail_end(request, "no route", NOW)
        pauses.append(event.retry_at - NOW)
    assert State.ENDING is request.state
    assert sorted(pauses) == pauses
    assert (timedelta(seconds=2), timedelta(minutes=5)) == (pauses[0], pauses[-1])


def test_nothing_ends_or_lapses_before_its_time():
    """A deadline that was claimed too early does nothing."""
    with pytest.raises(WrongState):
        t.expire(active(), NOW + timedelta(minutes=29))
    with pytest.raises(WrongState):
        t.lapse(pending(), NOW + timedelta(minutes=59))
    with pytest.raises(WrongState):
        t.warn(active(), NOW)


def test_a_slow_target_shortens_the_access():
    """The end is fixed when granting begins, and a target that confirms after it gets no access started."""
    begun = t.begin_grant(approved(), NOW)[0]
    late = t.activate(begun, LEASE, NOW + timedelta(minutes=29))[0]
    assert NOW + timedelta(minutes=30) == late.ends_at
    with pytest.raises(WrongState):
        t.activate(begun, LEASE, NOW + timedelta(minutes=30))


def test_the_end_is_planned_before_anything_is_created():
    """A granting request already has its end among its deadlines, and is looked at again if all die."""
    planned = {Deadline.END: NOW + timedelta(minutes=30), Deadline.START: NOW + timedelta(seconds=30)}
    assert planned == deadlines(t.begin_grant(approved(), NOW)[0])


def test_one_warning():
    """The requester is warned once."""
    at = active().warns_at
    warned, _ = t.warn(active(), at)
    with pytest.raises(WrongState):
        t.warn(warned, at)
    assert Deadline.WARN not in deadlines(warned)


VERBS = st.sampled_from([
    "schedule",
    "approve", "deny", "cancel", "begin", "activate", "fail", "done", "revoke", "expire", "warn", "lapse",
    "fail_end", "finish",
])  # fmt: skip
PEOPLE = st.sampled_from(EVERYONE)
STAGES = st.sampled_from([(OWNERS,), (TWO,), (OWNERS, SECOND), (TWO, SECOND)])


def step(request, verb, who, now):
    match verb:
        case "approve":
            return t.approve(request, who, entitled, now)
        case "deny":
            return t.deny(request, who, entitled, now)
        case "cancel":
            return t.cancel(request, who, now)
        case "begin":
            return t.begin_grant(request, now)
        case "activate":
            return t.activate(request, LEASE, now)
        case "fail":
            return t.fail_grant(request, "no", now)
        case "done":
            return t.done(request, who, now)
        case "revoke":
            return t.revoke(request, who, entitled, False, now)
        case "fail_end":
            return t.fail_end(request, "no", now)
        case _:
            return getattr(t, verb)(request, now)


@given(
    outcome=st.sampled_from(list(Outcome)),
    stages=STAGES,
    starts=st.none() | st.integers(1, 4000),
    moves=st.lists(st.tuples(VERBS, PEOPLE, st.integers(0, 1200)), max_size=25),
)
def test_no_sequence_of_verbs_gets_round_the_approvals(outcome, stages, starts, moves):
    """Access without the approvals that policy asked for, or before its start, cannot be reached."""
    start_at = NOW + timedelta(seconds=starts) if starts else None
    wanted = a_request(outcome=outcome, stages=stages).model_copy(update={"start_at": start_at})
    request, now = t.ask(wanted)[0], NOW
    for verb, who, seconds in moves:
        now += timedelta(seconds=seconds)
        before = request
        try:
            request, event = step(request, verb, who, now)
        except Refused:
            continue
        assert before.state not in FINAL
        assert (before.id, now) == (event.request_id, event.at)
        if request.state in {State.APPROVED, State.GRANTING, State.ACTIVE, State.ENDING}:
            assert outcome is not Outcome.DENY
            for stage in request.verdict.stages:
                by = {d.by.id for d in request.decisions if d.approved and d.stage == stage.name}
                assert len(by) >= stage.quorum
                assert by <= set(stage.people)
        assert "ana" not in {d.by.id for d in request.decisions}
        if request.starts_at and start_at:
            assert start_at <= request.starts_at
        if request.state is State.ACTIVE:
            assert request.ends_at - request.starts_at == request.duration
            assert deadlines(request)[Deadline.END] == request.ends_at


@given(clicks=st.lists(PEOPLE, max_size=8))
def test_first_entitled_click_wins(clicks):
    """Whoever clicks, in whatever order, the first entitled approver settles a one-person stage, once."""
    request, settled_by = pending(), []
    for who in clicks:
        try:
            request, event = t.approve(request, who, entitled, NOW)
        except Refused:
            continue
        settled_by.append(event.by)
    assert [c.id for c in clicks if c in (BEN, CHLOE)][:1] == settled_by


def in_parallel(request: Request) -> Request:
    verdict = request.verdict.model_copy(update={"obligations": Obligations(parallel=True)})
    return request.model_copy(update={"verdict": verdict})


def test_parallel_stages_are_decided_in_any_order():
    """An approver of the second stage need not wait for the first, and both are needed."""
    request = in_parallel(pending(stages=(OWNERS, SECOND)))
    second = t.approve(request, SAM, entitled, NOW)[0]
    assert State.PENDING is second.state
    assert State.APPROVED is t.approve(second, BEN, entitled, NOW)[0].state


def test_one_person_counts_once_over_parallel_stages():
    """Someone entitled to two stages settles one of them, and not both."""
    both = Stage(name="both", people=("ben",))
    once = t.approve(in_parallel(pending(stages=(OWNERS, both))), BEN, entitled, NOW)[0]
    with pytest.raises(AlreadyDecided):
        t.approve(once, BEN, entitled, NOW)
