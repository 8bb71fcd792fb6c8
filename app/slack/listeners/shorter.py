"""Approving for less: a button on the card opens a form with shorter times, and parts where there may be some."""

from datetime import timedelta
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from app.domain.duration import parse_duration
from app.domain.refusals import BadInput
from app.policy.narrowing import has_parts
from app.slack import actions
from app.slack.answers import Answer, answer_to, telling_refusals
from app.slack.listeners.decisions import read_id, request_id
from app.slack.proving import asking_for_proof
from app.slack.services import Services
from app.slack.views.shorter import approve_less_modal, shorter_times

Body = dict[str, Any]


def listen(app: AsyncApp, services: Services) -> None:
    """Listen to the button and its form."""
    workflow = services.workflow

    @app.action(actions.APPROVE_LESS)
    async def ask_how_long(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            request = await workflow.may_approve(request_id(body), await services.who(body))
            action = services.policy().find_action(request.action)
            offered = shorter_times(request, action.shortest)
            in_parts = has_parts(action, request.resource)
            if not offered and not in_parts:
                raise BadInput(f"{request.id} is as short as it may be: approve it as it is, or deny it.")
            form = approve_less_modal(request, offered, body.get("response_url", ""), in_parts=in_parts)
            await services.open_view(body["trigger_id"], form)

    @app.view(actions.APPROVE_LESS_VIEW)
    async def approve(ack: AsyncAck, body: Body) -> None:
        await ack()
        named, _, response_url = body["view"]["private_metadata"].partition(" ")
        async with telling_refusals(Answer(services.client, body["user"]["id"], response_url)):
            values = filled_in(body)
            by = await services.who(body)
            time, part = values.get(actions.DURATION, ""), values.get(actions.RESOURCE, "").strip()
            less = None if part and not time else _duration(time)
            request_id, comment = read_id(named), values.get(actions.COMMENT, "")
            seconds = str(int(less.total_seconds())) if less else ""
            chosen = {"less": seconds, "resource": part, "comment": comment}
            async with asking_for_proof(services, body, by, chosen):
                await workflow.approve(request_id, by, comment, less, resource=part)


def filled_in(body: Body) -> dict[str, str]:
    """What a form came back with, by block; what is missing or of no known kind is empty."""
    return {
        block_id.partition(":")[0]: str(
            element.get("value") or (element.get("selected_option") or {}).get("value") or ""
        )
        for block_id, elements in body["view"]["state"]["values"].items()
        for element in elements.values()
    }


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise BadInput(str(error), field="duration") from None
