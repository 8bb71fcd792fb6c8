"""App Home: opened, turned over, and the buttons that it alone has."""

import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from app.slack import actions
from app.slack.answers import answer_to, telling_refusals
from app.slack.listeners.decisions import request_id
from app.slack.services import Services
from app.slack.views.modals import Draft, request_modal

Body = dict[str, Any]


def listen(app: AsyncApp, services: Services) -> None:
    """Listen to Home."""

    @app.event("app_home_opened")
    async def opened(event: Body) -> None:
        if event.get("tab") == "home":
            await services.homes.open(event["user"])

    @app.action(re.compile(rf"{actions.HOME_PAGE}:[01]"))
    async def turn(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            await services.homes.open(body["user"]["id"], request_id(body))

    @app.action(actions.NEW)
    async def ask(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            services.identity.named(body["user"]["id"])
            await services.open_view(body["trigger_id"], request_modal(services.policy(), Draft()))

    @app.action(actions.TEMPLATE)
    async def use(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            by = await services.who(body)
            offer = await services.homes.offer(str(body["actions"][0].get("value", "")), by)
            draft = Draft(action=offer.action.name, resource=offer.resource, duration=offer.duration)
            await services.open_view(body["trigger_id"], request_modal(services.policy(), draft))
