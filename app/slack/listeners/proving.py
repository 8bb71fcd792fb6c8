"""The form that asks for a second factor, and the requester's button that begins what waits for theirs."""

import asyncio
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError

from app.domain.refusals import Refused
from app.slack import actions
from app.slack.answers import answer_to, telling_refusals
from app.slack.listeners.decisions import request_id
from app.slack.listeners.shorter import filled_in
from app.slack.proving import asking_for_proof
from app.slack.services import Services
from app.slack.views.blocks import Block
from app.slack.views.proving import checking_modal, done_modal, not_done_modal, prove_modal

AT_ONCE = 1.5
"""Seconds for which Slack waits with us for whether a code is right; it must hear of us within 3."""
Body = dict[str, Any]


def listen(app: AsyncApp, services: Services) -> None:
    """Listen to the form, the link in it, and the requester's button."""

    @app.action(actions.OPEN_PAGE)
    async def opened(ack: AsyncAck) -> None:
        await ack()

    @app.action(actions.CONFIRM)
    async def confirm(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            named, by = request_id(body), await services.who(body)
            async with asking_for_proof(services, body, by):
                await services.workflow.confirm(named, by)

    @app.view(actions.PROVE_VIEW)
    async def typed(ack: AsyncAck, body: Body) -> None:
        answering = asyncio.ensure_future(_answer(services, body))
        try:
            view = await asyncio.wait_for(asyncio.shield(answering), AT_ONCE)
        except TimeoutError:
            await ack(response_action="update", view=checking_modal())
            await _show(services, body["view"]["id"], await answering)
        else:
            await ack(
                response_action="update", view=view
            )  # to ack first would let two changes of one form race


async def _show(services: Services, view_id: str, view: Block) -> None:
    try:
        await services.client.views_update(view_id=view_id, view=view)
    except SlackApiError as error:
        if error.response.get("error") not in {"not_found", "view_not_found"}:
            raise  # a form that was closed is let be: the card tells what became of it


async def _answer(services: Services, body: Body) -> Block:
    """Try the code that was typed; gives what the form is to say."""
    token, user = str(body["view"].get("private_metadata", "")), str(body["user"]["id"])
    code = filled_in(body).get(actions.CODE, "")
    try:
        return done_modal(await services.confirming.by_code(token, code, user=user))
    except Refused as refusal:
        try:
            asked = await services.confirming.again(token, user)
        except Refused:
            return not_done_modal(str(refusal))
        return prove_modal(asked, str(refusal))
