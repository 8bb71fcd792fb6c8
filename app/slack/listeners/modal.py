"""The request modal: it changes with the chosen action, and asks when it is submitted."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from app.domain.duration import parse_duration
from app.domain.refusals import BadInput
from app.slack import actions
from app.slack.answers import Answer, telling_refusals
from app.slack.services import Services
from app.slack.views import replies
from app.slack.views.modals import Draft, request_modal
from app.workflow import Wish

Body = dict[str, Any]


def listen(app: AsyncApp, services: Services) -> None:
    """Listen to the modal."""

    @app.action(actions.ACTION)
    async def action_chosen(ack: AsyncAck, body: Body) -> None:
        await ack()
        view = body["view"]
        typed = read(view)
        draft = Draft(action=typed.action, reason=typed.reason, answer_to=view["private_metadata"])
        async with telling_refusals(Answer(services.client, body["user"]["id"])):
            await services.update_view(view, request_modal(services.policy(), draft))

    @app.view(actions.REQUEST_VIEW)
    async def submitted(ack: AsyncAck, body: Body) -> None:
        view = body["view"]
        try:  # in memory alone, so that what is mistyped is told in the modal and within Slack's 3 s
            wish = read(view)
            services.policy().check(wish.action, wish.resource, wish.duration, wish.reason)
        except BadInput as bad:
            await ack(response_action="errors", errors={_block(view, bad.field): str(bad)[:3000]})
            return
        await ack()
        answer = Answer(services.client, body["user"]["id"], view["private_metadata"])
        async with telling_refusals(answer):
            request = await services.workflow.request(wish, await services.who(body))
            await answer.say(replies.asked(request))


def read(view: Body) -> Wish:
    """Read what is filled in, as far as it is. Raises BadInput for a duration that is none."""
    values = {
        block_id.partition(":")[0]: _value(element)
        for block_id, elements in view["state"]["values"].items()
        for element in elements.values()
    }
    duration = values.get(actions.DURATION)
    try:
        read_duration = parse_duration(duration) if duration else None
    except ValueError as error:
        raise BadInput(str(error), field="duration") from None
    return Wish(
        action=values.get(actions.ACTION, ""),
        resource=values.get(actions.RESOURCE, ""),
        duration=read_duration,
        reason=values.get(actions.REASON, ""),
        delivery=f"view:{view['id']}",
    )


def _value(element: Body) -> str:
    option = element.get("selected_option") or {}
    return str(element.get("value") or option.get("value") or "")


def _block(view: Body, field: str) -> str:
    """Find the block that a bad input belongs to; the first one, which is always there, for any other."""
    ids: list[str] = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
    return next((block_id for block_id in ids if block_id.partition(":")[0] == field), ids[0])
