"""Slack user groups, all by one call: `usergroups.list` with their users, however many the policy names.

docs.slack.dev, methods/usergroups.list: 20 calls a minute or more are allowed, which one call for each group would
soon be over; a group that is switched off is not listed.
"""

import asyncio
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.directory.found import Found, Mention, SourceFailed


class SlackGroups:
    """What Slack says of its user groups in one round of asking."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._asking: asyncio.Task[list[dict[str, Any]]] | None = None

    async def members(self, group: str) -> Found:
        """Give the members of a group by its id or handle. Raises SourceFailed."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        handle = group.removeprefix("@")
        found = [
            each for each in await self._asking if group == each.get("id") or handle == each.get("handle")
        ]
        if not found:
            raise SourceFailed("is no user group of this workspace, or one that is switched off")
        if len(found) > 1:
            raise SourceFailed("is the handle of several user groups; write the id of the one that is meant")
        users = found[0].get("users")
        if not isinstance(users, list):
            raise SourceFailed("comes without its users")
        return Found(members=tuple(Mention(slack=(str(user),)) for user in users))

    async def _ask(self) -> list[dict[str, Any]]:
        try:
            answer = await self._client.usergroups_list(include_users=True)
        except SlackApiError as error:
            wait = error.response.headers.get("Retry-After", "0") if error.response.headers else "0"
            code = error.response.get("error", f"HTTP {error.response.status_code}")
            raise SourceFailed(
                f"Slack refuses: {code}", float(wait) if str(wait).isdecimal() else 0.0
            ) from None
        except Exception as error:  # noqa: BLE001  aiohttp's errors have no common base with the others
            raise SourceFailed(f"Slack cannot be reached: {type(error).__name__}") from None
        return list(answer["usergroups"])
