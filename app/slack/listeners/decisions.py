"""The buttons of cards and direct messages. A button names a request; everything else is read again."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from structlog.contextvars import bind_contextvars

from app.domain.ids import read_request_id
from app.domain.refusals import BadInput
from app.slack import actions
from app.slack.answers import Answer, answer_to, telling_refusals
from app.slack.proving import asking_for_proof
from app.slack.services import Services
from app.slack.views.modals import deny_modal
from app.workflow import NO_WHY

Body = dict[str, Any]


def listen(app: AsyncApp, services: Services) -> None:
    """Listen to every button, and to the modal that asks why."""
    workflow = services.workflow

    @app.action(actions.APPROVE)
    async def approve(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            named, by = request_id(body), await services.who(body)
            async with asking_for_proof(services, body, by):
                await workflow.approve(named, by)

    @app.action(actions.DENY)
    async def ask_why(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            request = await workflow.may_decide(request_id(body), await services.who(body))
            await services.open_view(body["trigger_id"], deny_modal(request, body.get("response_url", "")))

    @app.view(actions.DENY_VIEW)
    async def deny(ack: AsyncAck, body: Body) -> None:
        named, _, response_url = body["view"]["private_metadata"].partition(" ")
        comment = body["view"]["state"]["values"][actions.COMMENT][actions.COMMENT]["value"] or ""
        if not comment.strip():
            await ack(response_action="errors", errors={actions.COMMENT: NO_WHY})
            return
        await ack()
        async with telling_refusals(Answer(services.client, body["user"]["id"], response_url)):
            await workflow.deny(read_id(named), await services.who(body), comment)

    @app.action(actions.CANCEL)
    async def cancel(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            await workflow.cancel(request_id(body), await services.who(body))

    @app.action(actions.DONE)
    async def done(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            await workflow.done(request_id(body), await services.who(body))

    @app.action(actions.REVOKE)
    async def revoke(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            await workflow.revoke(request_id(body), await services.who(body))


def request_id(body: Body) -> str:
    """Read the one thing that a button carries."""
    return read_id(str(body["actions"][0].get("value", "")))


def read_id(text: str) -> str:
    """Read an id that came back from Slack; a forged one gets the refusal of a mistyped one."""
    try:
        read = read_request_id(text)
    except ValueError as error:
        raise BadInput(str(error)) from None
    bind_contextvars(request=read)
    return read
