"""What Slack tells by itself."""

from typing import Any

from slack_bolt.async_app import AsyncApp

from app.slack.services import Services


def listen(app: AsyncApp, services: Services) -> None:
    """Forget what was known of a user as soon as Slack says that it changed; of one who is gone, more."""

    @app.event("user_change")
    async def user_changed(event: dict[str, Any]) -> None:
        services.identity.forget(event["user"]["id"])
        if event["user"].get("deleted"):
            await services.left(event["user"]["id"])
