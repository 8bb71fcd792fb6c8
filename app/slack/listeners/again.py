"""Ask again: the form, filled in with what an earlier request of one's own asked for."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from app.domain.refusals import BadInput
from app.slack import actions
from app.slack.answers import answer_to, telling_refusals
from app.slack.listeners.decisions import request_id
from app.slack.services import Services
from app.slack.views.modals import Draft, request_modal

Body = dict[str, Any]


def listen(app: AsyncApp, services: Services) -> None:
    """Listen to the button of a request that is over."""

    @app.action(actions.AGAIN)
    async def ask_again(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            request = await services.workflow.own(request_id(body), await services.who(body))
            if request.binding is not None:
                raise BadInput(
                    f"{request.id} was for one exact command or one set of parameters, which no form holds: ask for it "
                    "again as it was asked, by `jit run --bound` or the API."
                )
            if request.gate is not None:
                raise BadInput(
                    f"{request.id} was for {request.gate.what}, which waited at a gate. An approval of a form lets "
                    "nothing through there: run it there once more, and it asks by itself."
                )
            policy = services.policy()
            draft = Draft(
                action=policy.find_action(request.action).name,
                resource=request.resource,
                duration=request.duration,
                reason=request.reason,
                answer_to=body.get("response_url", ""),
            )
            await services.open_view(body["trigger_id"], request_modal(policy, draft))
