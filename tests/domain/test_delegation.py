"""Contract: a delegate decides where the delegator may, and nothing is won by delegating.

Not one's own request, on neither side; not passed on; not before or after its time; not a second vote for one
who has one, whichever way round and to whomever it is handed next.
"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import transitions as t
from app.domain.delegation import Delegation, Deputies
from app.domain.extension import ask_extension, decide_extension
from app.domain.refusals import (
    AlreadyDecided,
    AlreadyDecidedFor,
    NotAnApprover,
    Refused,
    SelfApproval,
)
from app.domain.request import Extension, Lease, Request, State
from app.domain.verdict import Obligations, Stage
from tests.people import ANA, BEN, CHLOE, EVERYONE, NOW, OWNERS, SAM, a_request, entitled

HOUR = timedelta(hours=1)
TWO = Stage(name="two", quorum=2, people=("ben", "chloe"))


def hands(one, other, *, since=NOW, until=NOW + HOUR) -> Delegation:
    return Delegation(id="D00-0000000", delegator=one, delegate=other, since=since, until=until)


def pending(stage: Stage = OWNERS, requester=ANA) -> Request:
    return t.ask(a_request(stages=(stage,), requester=requester))[0]


def approve(request: Request, by, *held: Delegation, now=NOW, verb=t.approve) -> Request:
    deputies = Deputies(entitled, request, held, now)
    return deputies.signed(verb(request, by, deputies, now))[0]


def test_a_delegate_decides_and_says_for_whom():
    """Sam, who may not, approves for Ben; decision and event carry both."""
    request = pending()
    deputies = Deputies(entitled, request, [hands(BEN, SAM)], NOW)
    approved, event = deputies.signed(t.approve(request, SAM, deputies, NOW))
    decision = approved.decisions[0]
    assert (State.APPROVED, SAM, BEN, "ben") == (approved.state, decision.by, decision.behalf, event.behalf)
    denied = approve(pending(), SAM, hands(BEN, SAM), verb=t.deny)
    assert (State.DENIED, BEN) == (denied.state, denied.decisions[0].behalf)


def test_in_ones_own_right_comes_first():
    """Who may decide anyway decides as themselves, and the delegator's vote is left."""
    once = approve(pending(TWO), CHLOE, hands(BEN, CHLOE))
    assert None is once.decisions[0].behalf
    assert State.APPROVED is approve(once, BEN, hands(BEN, CHLOE)).state


def test_never_ones_own():
    """Not the delegate's own request; not the delegator's."""
    with pytest.raises(SelfApproval):
        approve(pending(), ANA, hands(BEN, ANA))
    with pytest.raises(NotAnApprover):
        approve(pending(requester=BEN), SAM, hands(BEN, SAM))
    renamed = BEN.model_copy(update={"id": "benjamin"})
    with pytest.raises(NotAnApprover):
        approve(pending(requester=renamed), SAM, hands(BEN, SAM))


def test_not_passed_on():
    """Ben delegates to Sam, and Sam to Dev: Dev decides nothing."""
    dev = BEN.model_copy(update={"id": "dev", "slack": "U0DEV", "name": "Dev"})
    with pytest.raises(NotAnApprover):
        approve(pending(), dev, hands(BEN, SAM), hands(SAM, dev))


@pytest.mark.parametrize("now", [NOW - timedelta(seconds=1), NOW + HOUR, NOW + 2 * HOUR])
def test_not_beyond_its_time(now):
    """Before its beginning, at its end and after it counts for nothing."""
    request = pending().model_copy(update={"lapses_at": NOW + 9 * HOUR})
    with pytest.raises(NotAnApprover):
        approve(request, SAM, hands(BEN, SAM), now=now)


def test_no_second_vote():
    """Ben and his delegate are one of the two who must approve, whoever is first."""
    for_ben = hands(BEN, SAM)
    with pytest.raises(AlreadyDecided):
        approve(approve(pending(TWO), SAM, for_ben), BEN, for_ben)
    with pytest.raises(AlreadyDecidedFor, match="Ben Okafor"):
        approve(approve(pending(TWO), BEN, for_ben), SAM, for_ben)


def test_no_second_vote_by_another_delegate():
    """Ben delegates to Sam, who approves, and then to Dev: Dev has nothing left to decide."""
    dev = BEN.model_copy(update={"id": "dev", "slack": "U0DEV", "name": "Dev"})
    once = approve(pending(TWO), SAM, hands(BEN, SAM))
    with pytest.raises(AlreadyDecidedFor):
        approve(once, dev, hands(BEN, dev))


def test_one_delegate_of_two_is_one():
    """Sam may decide for both Ben and Chloe, and counts once."""
    held = hands(BEN, SAM), hands(CHLOE, SAM)
    once = approve(pending(TWO), SAM, *held)
    with pytest.raises(AlreadyDecided):
        approve(once, SAM, *held)


def test_a_delegate_may_still_change_their_mind():
    """Who has approved for somebody may deny while it waits, and so may that somebody."""
    for by in (SAM, BEN):
        once = approve(pending(TWO), SAM, hands(BEN, SAM))
        assert State.DENIED is approve(once, by, hands(BEN, SAM), verb=t.deny).state


def test_a_vote_that_is_used_up_keeps_nobody_from_their_own():
    """Of stages that are open at once, who may decide one anyway decides it, though the delegator has decided."""
    pair = Stage(name="pair", quorum=2, people=("ben", "chloe")), Stage(name="lead", people=("sam",))
    asked = a_request(stages=pair)
    parallel = asked.verdict.model_copy(update={"obligations": Obligations(parallel=True)})
    request = t.ask(asked.model_copy(update={"verdict": parallel}))[0]
    once = approve(request, BEN, hands(BEN, SAM))
    decision = approve(once, SAM, hands(BEN, SAM)).decisions[-1]
    assert ("lead", None) == (decision.stage, decision.behalf)


def test_more_time_too():
    """An extension is decided by delegates under the same rules."""
    approved = approve(pending(), CHLOE)
    active = t.activate(
        t.begin_grant(approved, NOW)[0], Lease(connector="t", reference="1", summary=""), NOW
    )[0]
    more = Extension(seconds=60, reason="", verdict=a_request(stages=(TWO,)).verdict, asked_at=NOW)
    asked = ask_extension(active, ANA, more, NOW)[0]
    deputies = Deputies(entitled, asked, [hands(BEN, SAM)], NOW)
    once, event = deputies.signed(decide_extension(asked, SAM, deputies, NOW, approved=True))
    assert (BEN, "ben") == (once.extension.decisions[0].behalf, event.behalf)
    deputies = Deputies(entitled, once, [hands(BEN, SAM)], NOW)
    with pytest.raises(AlreadyDecided):
        decide_extension(once, BEN, deputies, NOW, approved=True)
    longer, event = deputies.signed(decide_extension(once, CHLOE, deputies, NOW, approved=True))
    assert (None, "", True) == (longer.extension, event.behalf, event.ends_at is not None)


people = st.sampled_from(EVERYONE)


@given(
    st.sampled_from((ANA, BEN)),
    st.lists(st.tuples(people, people), max_size=6),
    st.lists(st.tuples(people, st.lists(st.integers(0, 5), max_size=4)), max_size=10),
)
def test_no_delegations_give_more_votes_than_policy_has(requester, handed, clicks):
    """Whoever hands to whomever and clicks when: approved means as many entitled people's votes as needed."""
    request = pending(TWO, requester)
    for who, in_force in clicks:
        held = [hands(*handed[each]) for each in in_force if each < len(handed)]
        try:
            request = approve(request, who, *held)
        except Refused:
            continue
    voters = [decision.behalf or decision.by for decision in request.decisions]
    assert len({voter.id for voter in voters}) == len(voters)
    assert {voter.id for voter in voters} <= set(TWO.people) - {requester.id}
    assert requester.id not in {decision.by.id for decision in request.decisions}
