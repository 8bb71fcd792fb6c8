"""Contract: a glass is broken by its requester alone, where policy lets them, short, and is looked at after.

The review is open until somebody else, whom policy names, closes it with words, once the access is over.
"""

from datetime import timedelta

import pytest

from app.domain import transitions as t
from app.domain.break_glass import break_glass, may_break_glass, review_glass
from app.domain.refusals import BadInput, NotPermitted, SelfApproval, WrongState
from app.domain.request import Lease, Request, State
from app.domain.verdict import Obligations, Outcome, Verdict
from tests.people import ANA, BEN, NOW, SAM, a_request, entitled

WHY = "Checkout is down and nobody answers"


def verdict(*, lets: bool = True, outcome: Outcome = Outcome.REQUIRE) -> Verdict:
    given = a_request(outcome=outcome).verdict
    return given.model_copy(update={"obligations": Obligations(break_glass=lets)})


def pending(*, lets: bool = True, seconds: int = 900) -> Request:
    return t.ask(a_request(seconds=seconds).model_copy(update={"verdict": verdict(lets=lets)}))[0]


def broken(seconds: int = 900) -> Request:
    return break_glass(pending(seconds=seconds), ANA, WHY, verdict(), NOW)[0]


def over() -> Request:
    active = t.activate(
        t.begin_grant(broken(), NOW)[0], Lease(connector="t", reference="1", summary=""), NOW
    )[0]
    return t.finish(t.done(active, ANA, NOW)[0], NOW)[0]


def test_it_is_approved_without_an_approval():
    """At once, with why, and no decision of anyone's."""
    request, event = break_glass(pending(), ANA, WHY, verdict(), NOW)
    assert (State.APPROVED, (), WHY) == (request.state, request.decisions, request.glass.why)
    assert (WHY, 900, "ana") == (event.why, event.seconds, event.by)
    assert NOW + timedelta(minutes=15) == t.begin_grant(request, NOW)[0].ends_at


def test_it_is_short():
    """However long was asked, an hour is the most."""
    request, event = break_glass(pending(seconds=14400), ANA, WHY, verdict(), NOW)
    assert (3600, 14400, 3600) == (request.seconds, request.asked_seconds, event.seconds)


def test_a_later_start_is_now():
    """What was asked for later begins at once."""
    later = pending().model_copy(update={"start_at": NOW + timedelta(minutes=30)})
    assert None is break_glass(later, ANA, WHY, verdict(), NOW)[0].start_at


@pytest.mark.parametrize("by", [BEN, SAM])
def test_nobody_elses(by):
    """Not an approver, not security: the requester alone."""
    with pytest.raises(NotPermitted):
        break_glass(pending(), by, WHY, verdict(), NOW)


@pytest.mark.parametrize(
    ("then", "now"),
    [(False, True), (True, False), (False, False)],
)
def test_policy_must_let_them_then_and_now(then, now):
    """Both when it was asked and when the glass is broken."""
    with pytest.raises(NotPermitted):
        break_glass(pending(lets=then), ANA, WHY, verdict(lets=now), NOW)


@pytest.mark.parametrize("outcome", [Outcome.DENY, Outcome.AUTO_APPROVE])
def test_a_denial_is_no_glass(outcome):
    """What policy denies by now is not to be had in an emergency either."""
    assert not may_break_glass(verdict(outcome=outcome))
    with pytest.raises(NotPermitted):
        break_glass(pending(), ANA, WHY, verdict(outcome=outcome), NOW)


def test_only_what_waits():
    """Denied, lapsed, approved, and broken already: too late."""
    denied = t.deny(pending(), BEN, entitled, NOW)[0]
    for request, now in ((denied, NOW), (broken(), NOW), (pending(), NOW + timedelta(hours=1))):
        with pytest.raises(WrongState):
            break_glass(request, ANA, WHY, verdict(), now)


@pytest.mark.parametrize("why", ["", " \n", "\u200b"])
def test_it_takes_words(why):
    """Neither a glass nor a review goes without."""
    with pytest.raises(BadInput):
        break_glass(pending(), ANA, why, verdict(), NOW)
    with pytest.raises(BadInput):
        review_glass(over(), SAM, True, why, NOW)


def test_a_review_is_closed_by_somebody_else():
    """Whom policy names; never the person, whom policy may name too."""
    reviewed, event = review_glass(over(), SAM, True, "was right", NOW)
    assert (SAM, "was right", "sam") == (reviewed.glass.review.by, event.comment, event.by)
    assert (True, False) == (over().is_to_be_reviewed, reviewed.is_to_be_reviewed)
    with pytest.raises(NotPermitted):
        review_glass(over(), BEN, False, "fine", NOW)
    with pytest.raises(SelfApproval):
        review_glass(over(), ANA, True, "fine", NOW)


def test_a_review_is_closed_once_and_after_the_fact():
    """Not while access is live, not twice, and not where no glass was broken."""
    reviewed = review_glass(over(), SAM, True, "was right", NOW)[0]
    for request in (reviewed, broken(), pending()):
        with pytest.raises(BadInput):
            review_glass(request, SAM, True, "again", NOW)
