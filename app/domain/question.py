"""Questions about a request that waits: asked and answered, without settling anything.

An approver asks the requester, or the requester asks the approvers; the other side answers, once. State and
deadline stay as they are.
"""

import unicodedata
from datetime import datetime

from app.domain import events
from app.domain.people import Principal
from app.domain.refusals import BadInput, NotPermitted, WrongState
from app.domain.request import Question, Request, State
from app.domain.standing import standing
from app.domain.transitions import Entitled, Step

LONGEST = 1000
"""Characters of a question or an answer."""
MOST = 20
"""Questions that one request may have."""
MOST_OPEN = 5
"""Of those, how many may wait for an answer at once."""
_CONTROLS = {"Cc", "Cf", "Cs"}


def ask_question(request: Request, by: Principal, entitled: Entitled, text: str, now: datetime) -> Step:
    """Put a question to the other side. Raises NotPermitted, WrongState or BadInput."""
    must_be_askable(request, by, entitled, now)
    number = len(request.questions) + 1
    question = Question(number=number, by=by, text=wording(text, "question"), at=now)
    asked = request.model_copy(update={"questions": (*request.questions, question)})
    return asked, events.QuestionAsked(
        request_id=request.id, at=now, by=by.id, number=number, text=question.text
    )


def answer_question(
    request: Request, by: Principal, entitled: Entitled, number: int, text: str, now: datetime
) -> Step:
    """Answer the other side's question. Raises NotPermitted, WrongState or BadInput."""
    _must_be_concerned(request, by, entitled, "answer")
    _must_wait(request, "answer", now)
    question = next((each for each in request.questions if each.number == number), None)
    if question is None:
        raise BadInput(f"{request.id} has no question {number}; its thread shows those that were asked.")
    if question.answered_by is not None:
        raise BadInput(f"{question.answered_by.name} has answered that already; the answer is in the thread.")
    if not _is_others(request, question, by):
        raise NotPermitted(f"That question about {request.id} is for the other side to answer.")
    answer = wording(text, "answer")
    answered = question.model_copy(update={"answer": answer, "answered_by": by, "answered_at": now})
    questions = tuple(answered if each.number == number else each for each in request.questions)
    return request.model_copy(update={"questions": questions}), events.QuestionAnswered(
        request_id=request.id, at=now, by=by.id, number=number, asked_by=question.by.id, text=answer
    )


def must_be_askable(request: Request, by: Principal, entitled: Entitled, now: datetime) -> None:
    """Raise unless this person may ask something about the request now."""
    _must_be_concerned(request, by, entitled, "ask about")
    _must_wait(request, "ask about", now)
    if len(request.questions) >= MOST:
        raise BadInput(
            f"{request.id} has had {MOST} questions, which is the most: decide, or talk in person."
        )
    if sum(each.answered_by is None for each in request.questions) >= MOST_OPEN:
        raise BadInput(f"{MOST_OPEN} questions about {request.id} wait for an answer; wait for one first.")


def to_answer(request: Request, by: Principal, entitled: Entitled, now: datetime) -> tuple[Question, ...]:
    """Give the open questions that this person may answer now, oldest first. Raises where there is none."""
    _must_be_concerned(request, by, entitled, "answer")
    _must_wait(request, "answer", now)
    found = tuple(q for q in request.questions if q.answered_by is None and _is_others(request, q, by))
    if not found:
        raise BadInput(f"No question about {request.id} waits for your answer; its thread shows all of them.")
    return found


def wording(text: str, what: str) -> str:
    """Give what was written, without control characters. Raises BadInput when nothing or too much is left."""
    kept = "".join(sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in _CONTROLS)
    if not any(unicodedata.category(sign)[0] not in "ZC" for sign in kept):
        raise BadInput(f"The {what} is empty: write a few words.", field="comment")
    if len(kept.strip()) > LONGEST:
        raise BadInput(
            f"The {what} has {len(kept.strip()):,} characters, and {LONGEST:,} is the most: shorten it.",
            field="comment",
        )
    return kept.strip()


def _is_others(request: Request, question: Question, by: Principal) -> bool:
    """Tell whether a question comes from the other side: the requester's, or one of the approvers'."""
    return question.by.is_same_person(request.requester) != by.is_same_person(request.requester)


def _must_be_concerned(request: Request, by: Principal, entitled: Entitled, verb: str) -> None:
    is_approver = any(by.id in entitled(stage) for stage in request.verdict.stages)
    if not (is_approver or by.is_same_person(request.requester)):
        raise NotPermitted(f"You may not {verb} {request.id}: its requester and its approvers may.")


def _must_wait(request: Request, verb: str, now: datetime) -> None:
    if request.state is not State.PENDING:
        raise WrongState(request.id, request.state, verb, standing(request))
    if now >= request.lapses_at:
        raise WrongState(request.id, State.LAPSED, verb, f"{request.id} has lapsed: nobody decided in time")
