"""App Home: opened, turned over, and the buttons that it alone has."""

import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from app.slack import actions
from app.slack.answers import answer_to, telling_refusals
from app.slack.listeners.decisions import request_id
from app.slack.services import Services
from app.slack.views.modals import OFFERED, Draft, request_modal

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
            by = services.identity.named(body["user"]["id"])
            offers = await services.homes.offers_to(by, OFFERED)
            await services.open_view(body["trigger_id"], request_modal(services.policy(), Draft(), offers))

    @app.action(re.compile(rf"{actions.TEMPLATE}(:\d)?"))
    async def use(ack: AsyncAck, body: Body) -> None:
        """Fill the form in, in Home as a new one, in the form itself in place."""
        await ack()
        view = body.get("view") or {}
        async with telling_refusals(answer_to(services.client, body)):
            by = await services.who(body)
            offer = await services.homes.offer(str(body["actions"][0].get("value", "")), by)
            draft = Draft(action=offer.action.name, resource=offer.resource, duration=offer.duration)
            if view.get("callback_id") == actions.REQUEST_VIEW:
                here = draft.model_copy(update={"answer_to": view["private_metadata"], "is_filled_in": True})
                await services.update_view(view, request_modal(services.policy(), here))
                return
            await services.open_view(body["trigger_id"], request_modal(services.policy(), draft))
