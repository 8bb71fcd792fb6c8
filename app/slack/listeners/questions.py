"""Questions: asked on the card or by the requester, answered from a direct message or the card."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from app.domain.question import wording
from app.domain.refusals import BadInput
from app.slack import actions
from app.slack.answers import Answer, answer_to, telling_refusals
from app.slack.listeners.decisions import read_id, request_id
from app.slack.listeners.shorter import filled_in
from app.slack.services import Services
from app.slack.views.questions import answer_modal, ask_modal

Body = dict[str, Any]


def listen(app: AsyncApp, services: Services) -> None:
    """Listen to the buttons and their forms."""
    workflow = services.workflow

    @app.action(actions.ASK)
    async def ask_what(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            by = await services.who(body)
            request = await workflow.may_ask(request_id(body), by)
            is_own = by.is_same_person(request.requester)
            to = "Those who may decide are told" if is_own else f"{request.requester.name} is told"
            await services.open_view(body["trigger_id"], ask_modal(request, to, body.get("response_url", "")))

    @app.view(actions.ASK_VIEW)
    async def ask(ack: AsyncAck, body: Body) -> None:
        values = filled_in(body)
        if not await _acknowledged(ack, values, "question"):
            return
        named, _, response_url = body["view"]["private_metadata"].partition(" ")
        async with telling_refusals(Answer(services.client, body["user"]["id"], response_url)):
            await workflow.ask(read_id(named), await services.who(body), values[actions.COMMENT])

    @app.action(actions.ANSWER)
    async def ask_answer(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            request, questions = await workflow.may_answer(request_id(body), await services.who(body))
            form = answer_modal(request, questions, body.get("response_url", ""))
            await services.open_view(body["trigger_id"], form)

    @app.view(actions.ANSWER_VIEW)
    async def answer(ack: AsyncAck, body: Body) -> None:
        values = filled_in(body)
        if not await _acknowledged(ack, values, "answer"):
            return
        named, _, response_url = body["view"]["private_metadata"].partition(" ")
        async with telling_refusals(Answer(services.client, body["user"]["id"], response_url)):
            number = _number(values.get(actions.QUESTION, ""))
            by = await services.who(body)
            await workflow.answer(read_id(named), by, number, values[actions.COMMENT])


async def _acknowledged(ack: AsyncAck, values: dict[str, str], what: str) -> bool:
    """Close the form, or say in it what is wrong with the words."""
    try:
        wording(values.get(actions.COMMENT, ""), what)
    except BadInput as bad:
        await ack(response_action="errors", errors={actions.COMMENT: str(bad)})
        return False
    await ack()
    return True


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3):
        raise BadInput("Choose the question that you answer.", field="question")
    return int(text)
