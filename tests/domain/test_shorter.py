"""Contract: an approver can take time away and never add any.

What was asked is kept; over several approvals the shortest holds; the bounds of policy hold; and whoever may
not approve may not approve for less either.
"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import transitions as t
from app.domain.narrower import is_narrower
from app.domain.refusals import AlreadyDecided, BadInput, NotAnApprover, Refused, SelfApproval, WrongState
from app.domain.request import Request, State
from app.domain.shorter import approve_for_less
from app.domain.verdict import Stage
from tests.people import ANA, BEN, CHLOE, EVERYONE, NOW, OWNERS, SAM, a_request, entitled

MINUTE = timedelta(minutes=1)
TWO = Stage(name="two", quorum=2, people=("ben", "chloe", "sam"))


def pending(*stages: Stage) -> Request:
    return t.ask(a_request(stages=stages or (OWNERS,)))[0]


def test_the_shorter_time_holds_and_what_was_asked_is_kept():
    """10 minutes of 30: in the request, its end, its decision and its event."""
    approved, event = approve_for_less(pending(), BEN, entitled, 10 * MINUTE, MINUTE, NOW, "enough")
    assert (600, 1800, State.APPROVED) == (approved.seconds, approved.asked_seconds, approved.state)
    assert (600, 600, "enough") == (approved.decisions[0].seconds, event.seconds, event.comment)
    assert NOW + 10 * MINUTE == t.begin_grant(approved, NOW)[0].ends_at


@pytest.mark.parametrize("less", [30 * MINUTE, 31 * MINUTE, timedelta(days=300)])
def test_not_less_is_refused(less):
    """As long as was asked, or longer, is no shorter time."""
    with pytest.raises(BadInput, match="not less"):
        approve_for_less(pending(), BEN, entitled, less, MINUTE, NOW)


def test_policy_says_what_is_too_short():
    """The least that policy gives is the bound."""
    with pytest.raises(BadInput, match="at least 5 min"):
        approve_for_less(pending(), BEN, entitled, 4 * MINUTE, 5 * MINUTE, NOW)
    assert 300 == approve_for_less(pending(), BEN, entitled, 5 * MINUTE, 5 * MINUTE, NOW)[0].seconds


def test_a_later_approval_does_not_lengthen():
    """The second of two approves as asked, or for longer than the first: the first one's time holds."""
    once = approve_for_less(pending(TWO), BEN, entitled, 5 * MINUTE, MINUTE, NOW)[0]
    assert 300 == t.approve(once, CHLOE, entitled, NOW)[0].seconds
    twice, event = approve_for_less(once, CHLOE, entitled, 20 * MINUTE, MINUTE, NOW)
    assert (300, 1800, 1200) == (twice.seconds, twice.asked_seconds, event.seconds)


def test_who_may_not_approve_may_not_approve_for_less():
    """The same refusals, in the same order: nobody learns of bounds who may not decide."""
    for by, refusal in ((ANA, SelfApproval), (SAM, NotAnApprover)):
        with pytest.raises(refusal):
            approve_for_less(pending(), by, entitled, 90 * MINUTE, MINUTE, NOW)
    once = approve_for_less(pending(TWO), BEN, entitled, 5 * MINUTE, MINUTE, NOW)[0]
    with pytest.raises(AlreadyDecided):
        approve_for_less(once, BEN, entitled, MINUTE, MINUTE, NOW)
    denied = t.deny(pending(), BEN, entitled, NOW)[0]
    with pytest.raises(WrongState):
        approve_for_less(denied, CHLOE, entitled, MINUTE, MINUTE, NOW)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(EVERYONE), st.none() | st.integers(1, 5000).map(lambda s: timedelta(seconds=s))
        ),
        max_size=8,
    )
)
def test_no_clicks_give_more_than_was_asked(clicks):
    """Whoever approves for whatever: time only shrinks, to the shortest that was approved, within bounds."""
    request = pending(TWO)
    for who, less in clicks:
        before = request.seconds
        try:
            if less is None:
                request = t.approve(request, who, entitled, NOW)[0]
            else:
                request = approve_for_less(request, who, entitled, less, MINUTE, NOW)[0]
        except Refused:
            continue
        assert 60 <= request.seconds <= before
    held = [d.seconds for d in request.decisions if d.seconds]
    assert (min(held, default=1800), 1800) == (request.seconds, request.asked_seconds)


def test_a_part_holds_and_what_was_asked_is_kept():
    """One table of the database: in the request, its decision and its event; the time stays."""
    approved, event = approve_for_less(
        pending(), BEN, entitled, None, MINUTE, NOW, resource="orders-db/invoices"
    )
    assert ("orders-db/invoices", "orders-db") == (approved.resource, approved.asked_resource)
    assert ("orders-db/invoices", "orders-db/invoices") == (approved.decisions[0].resource, event.resource)
    assert (1800, 1800, None) == (approved.seconds, approved.asked_seconds, event.seconds)


def test_a_shorter_time_on_a_part():
    """Both at once."""
    approved, _ = approve_for_less(
        pending(), BEN, entitled, 5 * MINUTE, MINUTE, NOW, resource="orders-db/invoices"
    )
    assert (300, "orders-db/invoices") == (approved.seconds, approved.resource)


def test_nothing_less_is_refused():
    """Approving for less says what is to be less."""
    with pytest.raises(BadInput, match="shorter time, a part"):
        approve_for_less(pending(), BEN, entitled, None, MINUTE, NOW)


@pytest.mark.parametrize(
    "wider", ["orders-db", "users-db", "orders", "orders-db/../users-db", "orders-db/", "*", "orders-db2/a"]
)
def test_what_is_no_part_is_refused(wider):
    """The same, another and a wider resource, however written."""
    with pytest.raises(BadInput, match="not a part of orders-db"):
        approve_for_less(pending(), BEN, entitled, None, MINUTE, NOW, resource=wider)


def test_a_later_approval_does_not_widen():
    """Of two approvals what lies in both holds; where nothing does, the second is refused."""
    once = approve_for_less(pending(TWO), BEN, entitled, None, MINUTE, NOW, resource="orders-db/a/1")[0]
    assert "orders-db/a/1" == t.approve(once, CHLOE, entitled, NOW)[0].resource
    for second, left in (("orders-db/a", "orders-db/a/1"), ("orders-db/a/1/x", "orders-db/a/1/x")):
        twice, event = approve_for_less(once, CHLOE, entitled, None, MINUTE, NOW, resource=second)
        assert (left, second, "orders-db") == (twice.resource, event.resource, twice.asked_resource)
    with pytest.raises(BadInput, match="alone already"):
        approve_for_less(once, CHLOE, entitled, None, MINUTE, NOW, resource="orders-db/b")


PARTS = st.lists(st.sampled_from(["a", "b", "..", ""]), max_size=3).map(lambda s: "/".join(["orders-db", *s]))


@given(st.lists(st.tuples(st.sampled_from(EVERYONE), PARTS | st.just("users-db")), max_size=8))
def test_no_clicks_give_another_resource_than_was_asked(clicks):
    """Whoever approves for whatever part: what is given only shrinks."""
    request = pending(TWO)
    for who, part in clicks:
        before = request.resource
        try:
            request = approve_for_less(request, who, entitled, None, MINUTE, NOW, resource=part)[0]
        except Refused:
            continue
        assert request.resource == before or is_narrower(before, request.resource)
        assert is_narrower("orders-db", request.resource)
