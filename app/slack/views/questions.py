"""Questions about a request: the forms, and the direct messages to whoever is to answer or has asked."""

from collections.abc import Sequence

from app.domain.question import LONGEST
from app.domain.request import Question, Request, State
from app.slack import actions
from app.slack.views.blocks import Block, button, buttons, option, quotation, section
from app.slack.views.forms import about, form, input_block, text_field
from app.slack.views.text import clip, escape, said


def ask_modal(request: Request, to: str, answer_to: str) -> Block:
    """Asks for the question; `to` says who gets it."""
    return form(
        actions.ASK_VIEW,
        "Ask a question",
        "Ask",
        f"{request.id} {answer_to}",
        [
            about(request),
            input_block(
                actions.COMMENT,
                f"What do you want to know? {to}, and it stands in the thread.",
                text_field(actions.COMMENT, "", 1, LONGEST),
            ),
        ],
    )


def answer_modal(request: Request, questions: Sequence[Question], answer_to: str) -> Block:
    """Shows the open questions, and asks which one is answered where there are several."""
    shown = [
        block
        for each in questions
        for block in (section(f"*{escape(each.by.name)} asks:*"), quotation(each.text))
    ]
    options = [option(clip(each.text, 70), str(each.number)) for each in questions]
    which = {
        "type": "static_select",
        "action_id": actions.QUESTION,
        "options": options,
        "initial_option": options[0],
    }
    return form(
        actions.ANSWER_VIEW,
        "Answer",
        "Answer",
        f"{request.id} {answer_to}",
        [
            about(request),
            *shown,
            input_block(actions.QUESTION, "Which question?", which),
            input_block(
                actions.COMMENT,
                "Your answer. It stands in the thread.",
                text_field(actions.COMMENT, "", 1, LONGEST),
            ),
        ],
    )


def question_message(request: Request, question: Question) -> list[Block]:
    """What whoever is to answer reads; with a button for as long as an answer is of use."""
    asks = section(f"❓ *{escape(question.by.name)}* asks about {_what(request)}:")
    if question.answered_by is not None:
        told = section(f"💬 *{escape(question.answered_by.name)}* has answered:")
        return [asks, quotation(question.text), told, quotation(question.answer)]
    if request.state is not State.PENDING:
        over = section(f"No answer is needed any more: it is {request.state.replace('_', ' ')}.")
        return [asks, quotation(question.text), over]
    return [
        asks,
        quotation(question.text),
        buttons(button("Answer …", actions.ANSWER, request.id, "primary")),
    ]


def question_text(request: Request, question: Question) -> str:
    """The same in a sentence, for notifications."""
    return f"{escape(question.by.name)} asks about {request.id}: {clip(said(question.text), 300)}"


def answer_message(request: Request, question: Question) -> list[Block]:
    """What whoever asked reads."""
    by = question.answered_by.name if question.answered_by else ""
    return [
        section(f"💬 *{escape(by)}* answers your question about {_what(request)}:"),
        quotation(question.text),
        quotation(question.answer),
    ]


def answer_text(request: Request, question: Question) -> str:
    """The same in a sentence."""
    by = question.answered_by.name if question.answered_by else ""
    return f"{escape(by)} answers about {request.id}: {clip(said(question.answer), 300)}"


def _what(request: Request) -> str:
    return (
        f"{escape(request.action_title or request.action)} on `{escape(request.resource)}` (`{request.id}`)"
    )
