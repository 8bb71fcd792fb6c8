"""The request modal: it changes with the chosen action, and asks when it is submitted."""

from datetime import UTC, datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from app.domain.duration import parse_duration
from app.domain.refusals import BadInput
from app.slack import actions
from app.slack.answers import Answer, telling_refusals
from app.slack.listeners.where import ask
from app.slack.services import Services
from app.slack.views.modals import Draft, request_modal
from app.slack.wishes import Filled
from app.whereabouts import Wanted

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
            wishes = read(view).wishes(f"view:{view['id']}", services.policy(), datetime.now(UTC))
        except BadInput as bad:
            await ack(response_action="errors", errors={_block(view, bad.field): str(bad)[:3000]})
            return
        await ack()
        answer = Answer(services.client, body["user"]["id"], view["private_metadata"])
        async with telling_refusals(answer):
            by = await services.who(body)
            wanted = Wanted(wishes=tuple(wishes), answer_to=view["private_metadata"])
            await ask(services, wanted, by, answer)


def read(view: Body) -> Filled:
    """Read what is filled in. Raises BadInput for a duration that is none."""
    elements = {
        block_id.partition(":")[0]: element
        for block_id, by_action in view["state"]["values"].items()
        for element in by_action.values()
    }
    values = {name: _values(element) for name, element in elements.items()}
    duration = next(iter(values.get(actions.DURATION, ())), "")
    try:
        read_duration = parse_duration(duration) if duration else None
    except ValueError as error:
        raise BadInput(str(error), field="duration") from None
    start = (elements.get(actions.START) or {}).get("selected_date_time")
    return Filled(
        action=next(iter(values.get(actions.ACTION, ())), ""),
        resources=values.get(actions.RESOURCE, ()),
        duration=read_duration,
        reason=next(iter(values.get(actions.REASON, ())), ""),
        start_at=datetime.fromtimestamp(start, UTC) if start else None,
    )


def _values(element: Body) -> tuple[str, ...]:
    """What one element holds: a typed text, the chosen option, or several."""
    options = element.get("selected_options") or [element.get("selected_option") or {}]
    given = [element.get("value"), *(option.get("value") for option in options)]
    return tuple(str(value) for value in given if value)


def _block(view: Body, field: str) -> str:
    """Find the block that a bad input belongs to; the first one, which is always there, for any other."""
    ids: list[str] = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
    return next((block_id for block_id in ids if block_id.partition(":")[0] == field), ids[0])
