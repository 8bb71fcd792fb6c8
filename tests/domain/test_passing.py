"""Contract of a gate's answer: it follows from the request alone, and never turns from no to yes.

Whatever people and the clock do, in whatever order, the vendor can be told yes only after the one use by the gate, and
after that the request can no longer be revoked; a revocation, a denial or another's use before it is a no for good.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import transitions
from app.domain.consumption import consume
from app.domain.gate import Answer, Gate
from app.domain.passing import answer_to, is_let_through, let_through
from app.domain.people import Principal
from app.domain.refusals import Refused, WrongState
from app.domain.request import Lease, State
from app.domain.verdict import Obligations, Outcome, Stage, Verdict
from tests.connectors.asked import granting
from tests.people import ANA, BEN

START = datetime(2026, 3, 2, 9, 40, tzinfo=UTC)
GATE = Gate(name="github", what="harbour/orders to production")
VERDICT = Verdict(
    outcome=Outcome.REQUIRE,
    reasons=(),
    policy_digest="d",
    stages=(Stage(name="lead", people=("ben",)),),
    obligations=Obligations(single_use=True),
)
LEASE = Lease(connector="grant-key", reference="x", summary="x")
MACHINE = Principal(id="gateway", name="gateway", slack="")


def waiting(**changed):
    fields = {
        "state": State.PENDING, "gate": GATE, "verdict": VERDICT, "created_at": START,
        "lapses_at": START + timedelta(hours=1), "starts_at": None, "ends_at": None,
    }  # fmt: skip
    return granting(**fields | changed)


def entitled(_stage):
    return {"ben"}


DEEDS = {
    "approve": lambda r, now: transitions.approve(r, BEN, entitled, now),
    "deny": lambda r, now: transitions.deny(r, BEN, entitled, now),
    "cancel": lambda r, now: transitions.cancel(r, ANA, now),
    "lapse": transitions.lapse,
    "begin": transitions.begin_grant,
    "activate": lambda r, now: transitions.activate(r, LEASE, now),
    "use": let_through,
    "used by another": lambda r, now: consume(r, MACHINE, now),
    "done": lambda r, now: transitions.done(r, ANA, now),
    "revoke": lambda r, now: transitions.revoke(r, BEN, entitled, False, now),
    "withdraw": lambda r, now: transitions.withdraw(r, now, "gone"),
    "expire": transitions.expire,
    "fail": lambda r, now: transitions.fail_grant(r, "no", now),
    "finish": transitions.finish,
}


ON = ["approve", "begin", "activate", "use"]


@given(
    st.integers(0, len(ON)),
    st.lists(st.tuples(st.sampled_from(sorted(DEEDS)), st.integers(0, 900)), max_size=20),
)
def test_no_answer_turns_from_no_to_yes(so_far, deeds):
    """Through any deeds: first open, then at most yes, then no; yes only by the gate's own use, within its time."""
    request, now, told = waiting(), START, [None]
    for deed, seconds in [*((each, 0) for each in ON[:so_far]), *deeds]:
        now += timedelta(seconds=seconds)
        with suppress(Refused):
            request, _ = DEEDS[deed](request, now)
        answer = answer_to(request, now)
        if answer is Answer.APPROVED:
            assert is_let_through(request)
            assert now < request.ends_at
        told += [answer] if told[-1] is not answer else []

    orders = (
        [None],
        [None, Answer.APPROVED],
        [None, Answer.REJECTED],
        [None, Answer.APPROVED, Answer.REJECTED],
    )
    assert told in orders


LIVE = {"state": State.ACTIVE, "starts_at": START, "ends_at": START + timedelta(minutes=30), "lease": LEASE}


def test_used_and_then_revoked():
    """After the use there is nothing left to revoke, and the answer stays a yes until its time is up."""
    used, event = let_through(waiting(**LIVE), START)
    assert ("consumed", "system") == (event.kind, event.by)
    with pytest.raises(WrongState):
        transitions.revoke(used, BEN, entitled, True, START)
    assert Answer.APPROVED is answer_to(used, START + timedelta(minutes=29))
    assert Answer.REJECTED is answer_to(used, START + timedelta(minutes=30))


def test_revoked_and_then_used():
    """After a revocation there is nothing left to use."""
    revoked, _ = transitions.revoke(waiting(**LIVE), BEN, entitled, True, START)
    with pytest.raises(WrongState):
        let_through(revoked, START)
    assert Answer.REJECTED is answer_to(revoked, START)


def test_used_by_another():
    """A use that was not the gate's own lets nothing through."""
    used, _ = consume(waiting(**LIVE), MACHINE, START)
    assert Answer.REJECTED is answer_to(used, START)


def test_at_no_gate():
    """A request that waits nowhere else is let through nowhere."""
    with pytest.raises(WrongState):
        let_through(waiting(gate=None, **LIVE), START)
