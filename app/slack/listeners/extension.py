"""More time: the requester asks by a form, approvers decide on the card."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from app.domain.duration import parse_duration
from app.slack import actions
from app.slack.answers import Answer, answer_to, telling_refusals
from app.slack.listeners.decisions import read_id, request_id
from app.slack.listeners.where import ask
from app.slack.proving import asking_for_proof, more_wanted
from app.slack.services import Services
from app.slack.views.modals import deny_more_modal, extend_modal
from app.whereabouts import More, Wanted
from app.workflow import NO_WHY

Body = dict[str, Any]


def listen(app: AsyncApp, services: Services) -> None:
    """Listen to the buttons about more time, and to their forms."""
    workflow = services.workflow

    @app.action(actions.EXTEND)
    async def ask_how_long(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            request = await workflow.may_extend(request_id(body), await services.who(body))
            action = services.policy().find_action(request.action)
            form = extend_modal(request, action, body.get("response_url", ""))
            await services.open_view(body["trigger_id"], form)

    @app.view(actions.EXTEND_VIEW)
    async def extend(ack: AsyncAck, body: Body) -> None:
        await ack()
        named, _, response_url = body["view"]["private_metadata"].partition(" ")
        values = body["view"]["state"]["values"]
        more = parse_duration(values[actions.DURATION][actions.DURATION]["selected_option"]["value"])
        reason = values[actions.REASON][actions.REASON]["value"] or ""
        answer = Answer(services.client, body["user"]["id"], response_url)
        async with telling_refusals(answer):
            by, delivery = await services.who(body), f"view:{body['view']['id']}"
            wish = More(request_id=read_id(named), duration=more, reason=reason, delivery=delivery)
            async with asking_for_proof(services, body, by, more_wanted(wish)):
                await ask(services, Wanted(more=wish, answer_to=response_url), by, answer)

    @app.action(actions.APPROVE_MORE)
    async def approve_more(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            by, shown = await services.who(body), actions.shown(body["actions"][0].get("block_id", ""))
            named = request_id(body)
            async with asking_for_proof(services, body, by, {"shown": shown}):
                await workflow.decide_extension(named, by, approved=True, shown=shown)

    @app.action(actions.DENY_MORE)
    async def ask_why(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            request = await workflow.may_decide_extension(request_id(body), await services.who(body))
            form = deny_more_modal(request, body.get("response_url", ""))
            await services.open_view(body["trigger_id"], form)

    @app.view(actions.DENY_MORE_VIEW)
    async def deny_more(ack: AsyncAck, body: Body) -> None:
        named, _, response_url = body["view"]["private_metadata"].partition(" ")
        comment = body["view"]["state"]["values"][actions.COMMENT][actions.COMMENT]["value"] or ""
        if not comment.strip():
            await ack(response_action="errors", errors={actions.COMMENT: NO_WHY})
            return
        await ack()
        async with telling_refusals(Answer(services.client, body["user"]["id"], response_url)):
            by = await services.who(body)
            await workflow.decide_extension(read_id(named), by, approved=False, comment=comment)
