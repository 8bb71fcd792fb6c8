"""Contract: more time is asked for and decided as access itself was, and never outlives the end in force.

Until an extension is settled the old end holds; what has ended does not come back; nobody extends or decides
for themselves.
"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import transitions as t
from app.domain.deadlines import Deadline, deadlines
from app.domain.extension import ask_extension, decide_extension
from app.domain.refusals import (
    AlreadyDecided,
    BadInput,
    DeniedByPolicy,
    EndIsFixed,
    NotAnApprover,
    NotPermitted,
    Refused,
    SelfApproval,
    WrongState,
)
from app.domain.request import Extension, Lease, Request, State
from app.domain.verdict import Outcome, Stage
from tests.people import ANA, BEN, CHLOE, EVERYONE, NOW, OWNERS, SAM, a_request, entitled

HALF_HOUR = timedelta(minutes=30)
TWO = Stage(name="two", quorum=2, people=("ben", "chloe", "sam"))


def active() -> Request:
    approved = t.approve(t.ask(a_request())[0], BEN, entitled, NOW)[0]
    return t.activate(t.begin_grant(approved, NOW)[0], Lease(connector="t", reference="1", summary=""), NOW)[
        0
    ]


def more(outcome: Outcome = Outcome.REQUIRE, stage: Stage = OWNERS, seconds: int = 600) -> Extension:
    verdict = a_request(outcome=outcome, stages=(stage,)).verdict
    return Extension(seconds=seconds, reason="not done yet", verdict=verdict, asked_at=NOW)


def asked(stage: Stage = OWNERS) -> Request:
    return ask_extension(active(), ANA, more(stage=stage), NOW)[0]


def test_asking_changes_nothing_yet():
    """The end in force stays until someone decides."""
    assert active().ends_at == asked().ends_at == deadlines(asked())[Deadline.END]


def test_an_end_that_is_fixed_at_the_target():
    """More time is refused, whatever policy says, and the access stays as it is; a stranger learns nothing of it."""
    live = active()
    fixed = live.model_copy(update={"lease": live.lease.model_copy(update={"end_is_fixed": True})})
    assert (True, False) == (live.may_last_longer, fixed.may_last_longer)
    for outcome in (Outcome.REQUIRE, Outcome.AUTO_APPROVE):
        with pytest.raises(EndIsFixed, match="Ask anew"):
            ask_extension(fixed, ANA, more(outcome), NOW)
    with pytest.raises(NotPermitted):
        ask_extension(fixed, BEN, more(), NOW)


def test_an_approval_moves_end_and_warning():
    """Access lasts longer by what was asked, and the warning comes before the new end, even if one was given."""
    warned = t.warn(active(), active().warns_at)[0]
    later = warned.ends_at - timedelta(minutes=2)
    longer, event = decide_extension(
        ask_extension(warned, ANA, more(), later)[0], BEN, entitled, later, approved=True
    )
    assert NOW + HALF_HOUR + timedelta(minutes=10) == longer.ends_at == event.ends_at
    assert (2400, None, True) == (longer.seconds, longer.extension, longer.warns_at > later)


def test_policy_may_give_it_at_once_or_not_at_all():
    """An automatic verdict lengthens the access, a denying one is the refusal."""
    longer, event = ask_extension(active(), ANA, more(Outcome.AUTO_APPROVE), NOW)
    assert (NOW + timedelta(minutes=40), longer.ends_at) == (longer.ends_at, event.ends_at)
    with pytest.raises(DeniedByPolicy):
        ask_extension(active(), ANA, more(Outcome.DENY), NOW)


def test_a_denial_leaves_the_end_and_may_be_asked_again():
    """The access ends as it would have."""
    denied, event = decide_extension(asked(), BEN, entitled, NOW, approved=False, comment="wrap up")
    assert (active().ends_at, None, False) == (denied.ends_at, denied.extension, event.approved)
    assert ask_extension(denied, ANA, more(), NOW)[0].extension is not None


def test_only_the_requester_asks_and_never_decides():
    """Nobody asks for others, the requester decides nothing, strangers neither."""
    with pytest.raises(NotPermitted):
        ask_extension(active(), BEN, more(), NOW)
    with pytest.raises(SelfApproval):
        decide_extension(asked(), ANA, lambda _: {"ana"}, NOW, approved=True)
    with pytest.raises(NotAnApprover):
        decide_extension(asked(), SAM, entitled, NOW, approved=True)


def test_one_at_a_time():
    """A second wish for more time waits for the first to be settled."""
    with pytest.raises(BadInput):
        ask_extension(asked(), ANA, more(), NOW)


def test_quorum_holds_for_more_time_too():
    """Two people where two are asked for; one twice is refused."""
    once = decide_extension(asked(TWO), BEN, entitled, NOW, approved=True)[0]
    assert once.ends_at == active().ends_at
    with pytest.raises(AlreadyDecided):
        decide_extension(once, BEN, entitled, NOW, approved=True)
    assert once.ends_at < decide_extension(once, CHLOE, entitled, NOW, approved=True)[0].ends_at


@pytest.mark.parametrize("late", [HALF_HOUR, HALF_HOUR + timedelta(seconds=1)])
def test_what_has_ended_does_not_come_back(late):
    """At the end and after it neither a wish nor an approval revives access, written or not."""
    with pytest.raises(WrongState):
        ask_extension(active(), ANA, more(), NOW + late)
    with pytest.raises(WrongState):
        decide_extension(asked(), BEN, entitled, NOW + late, approved=True)
    with pytest.raises(WrongState):
        decide_extension(t.done(asked(), ANA, NOW)[0], BEN, entitled, NOW, approved=True)


def test_the_end_of_access_settles_what_was_asked():
    """No wish stays open on access that is over."""
    assert t.expire(asked(), NOW + HALF_HOUR)[0].extension is None


@given(st.lists(st.tuples(st.sampled_from(EVERYONE), st.booleans(), st.integers(0, 900)), max_size=12))
def test_no_clicks_give_time_without_approvals(clicks):
    """Whoever clicks whatever when, access grows only by an approval of an approver within the end in force."""
    request, now = asked(TWO), NOW
    for who, approved, seconds in clicks:
        now += timedelta(seconds=seconds)
        before = request
        try:
            request, _ = decide_extension(request, who, entitled, now, approved=approved)
        except Refused:
            continue
        assert now < before.ends_at
        if request.ends_at > before.ends_at:
            given_by = {d.by.id for d in before.extension.decisions} | {who.id}
            assert (True, 2) == (given_by <= set(TWO.people), len(given_by))
    assert State.ACTIVE is request.state
