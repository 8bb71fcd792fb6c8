"""Contract: questions go to and fro between requester and approvers, and settle nothing.

The other side alone answers, once; strangers neither ask nor answer; what waits no longer is not asked about;
there is an end to length and number.
"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import transitions as t
from app.domain.deadlines import deadlines
from app.domain.question import LONGEST, MOST, MOST_OPEN, answer_question, ask_question, to_answer
from app.domain.refusals import BadInput, NotPermitted, Refused, WrongState
from app.domain.request import Request
from tests.people import ANA, BEN, CHLOE, EVERYONE, NOW, SAM, a_request, entitled


def pending() -> Request:
    return t.ask(a_request())[0]


def asked(by=BEN) -> Request:
    return ask_question(pending(), by, entitled, "Which ticket?", NOW)[0]


def test_a_question_settles_nothing():
    """State, decisions and deadline are as before, and the event carries the words."""
    request, event = ask_question(pending(), BEN, entitled, "  Which ticket?\n", NOW)
    assert (pending().state, (), deadlines(pending())) == (
        request.state,
        request.decisions,
        deadlines(request),
    )
    assert ("Which ticket?", 1, "ben") == (event.text, event.number, event.by)


def test_the_other_side_answers():
    """The requester answers an approver; any approver answers the requester."""
    for asker, answerer in ((BEN, ANA), (ANA, BEN), (ANA, CHLOE)):
        answered, event = answer_question(asked(asker), answerer, entitled, 1, "INC-7", NOW)
        question = answered.questions[0]
        assert ("INC-7", answerer, asker.id) == (question.answer, question.answered_by, event.asked_by)


@pytest.mark.parametrize(
    ("asker", "answerer"), [(BEN, BEN), (BEN, CHLOE), (ANA, ANA), (BEN, SAM), (ANA, SAM)]
)
def test_nobody_else_answers(asker, answerer):
    """Neither the asker, nor the asker's side, nor a stranger."""
    with pytest.raises(NotPermitted):
        answer_question(asked(asker), answerer, entitled, 1, "INC-7", NOW)


def test_strangers_ask_nothing():
    """Whoever is neither requester nor approver is refused."""
    with pytest.raises(NotPermitted):
        ask_question(pending(), SAM, entitled, "May I?", NOW)


def test_an_answer_is_given_once():
    """The second to answer is told who was quicker; a number that is none is told too."""
    answered = answer_question(asked(ANA), BEN, entitled, 1, "yes", NOW)[0]
    with pytest.raises(BadInput, match="Ben Okafor has answered"):
        answer_question(answered, CHLOE, entitled, 1, "no", NOW)
    for number in (0, 2, -1):
        with pytest.raises(BadInput, match="no question"):
            answer_question(answered, CHLOE, entitled, number, "no", NOW)


def test_what_waits_no_longer_is_not_asked_about():
    """After a decision, and after the lapse that nobody has written yet."""
    denied = t.deny(asked(), CHLOE, entitled, NOW)[0]
    late = NOW + timedelta(hours=1)
    for request, now in ((denied, NOW), (asked(), late)):
        with pytest.raises(WrongState):
            ask_question(request, BEN, entitled, "Still?", now)
        with pytest.raises(WrongState):
            answer_question(request, ANA, entitled, 1, "yes", now)
        with pytest.raises(WrongState):
            to_answer(request, ANA, entitled, now)


@pytest.mark.parametrize("text", ["", "  \n", "\u200b\u2060", "\x00\x07", "\u202e"])
def test_nothing_is_no_question(text):
    """Spaces, controls and invisible signs are no words."""
    with pytest.raises(BadInput):
        ask_question(pending(), BEN, entitled, text, NOW)
    with pytest.raises(BadInput):
        answer_question(asked(), ANA, entitled, 1, text, NOW)


def test_there_is_an_end_to_it():
    """Length, open questions and all questions are bounded."""
    with pytest.raises(BadInput, match="1,001"):
        ask_question(pending(), BEN, entitled, "x" * (LONGEST + 1), NOW)
    request = pending()
    for _ in range(MOST_OPEN):
        request = ask_question(request, BEN, entitled, "x" * LONGEST, NOW)[0]
    with pytest.raises(BadInput, match="wait for an answer"):
        ask_question(request, ANA, entitled, "one more", NOW)
    request = pending()
    for number in range(1, MOST + 1):
        request = ask_question(request, BEN, entitled, "?", NOW)[0]
        request = answer_question(request, ANA, entitled, number, "!", NOW)[0]
    with pytest.raises(BadInput, match="the most"):
        ask_question(request, BEN, entitled, "one more", NOW)


@given(st.lists(st.tuples(st.sampled_from(EVERYONE), st.none() | st.integers(0, 6)), max_size=20))
def test_no_talk_changes_what_is_decided(talk):
    """Whoever asks and answers whatever: nothing but the questions differs, and both sides are in each."""
    request = pending()
    for who, number in talk:
        try:
            if number is None:
                request = ask_question(request, who, entitled, "?", NOW)[0]
            else:
                request = answer_question(request, who, entitled, number, "!", NOW)[0]
        except Refused:
            continue
    assert pending().model_copy(update={"id": request.id}) == request.model_copy(update={"questions": ()})
    sides = [{q.by.id == "ana", q.answered_by.id == "ana"} for q in request.questions if q.answered_by]
    assert [{True, False}] * len(sides) == sides
