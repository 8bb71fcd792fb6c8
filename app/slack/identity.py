"""Who is behind a Slack user id. Fails closed: whoever cannot be verified now is no one."""

import time
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.domain.people import Principal
from app.domain.refusals import NotKnown, NotVerified
from app.policy import Policy

FRESH = 30.0
"""How long, in seconds, what Slack said of someone who acts is believed; `user_change` ends it sooner."""
FRESH_ENOUGH_TO_TELL = 600.0
"""The same for someone who is only to be told of a request."""
REMEMBERED = 20_000
log = structlog.get_logger(__name__)


class Identity:
    """Maps Slack users to the people whom policy names."""

    def __init__(self, client: AsyncWebClient, policy: Callable[[], Policy]) -> None:
        self._client = client
        self._policy = policy
        self._seen: dict[str, tuple[float, dict[str, Any]]] = {}
        self._team: str | None = None
        self._changes = 0

    def named(self, user_id: str) -> Principal:
        """Give the person whom policy names by a Slack user id, unverified. Raises NotKnown."""
        person = self._policy().person_by_slack(user_id)
        if person is None:
            raise NotKnown(
                f"Policy does not know you (Slack user {user_id}). "
                "Ask security to add you to the people in the policies."
            )
        return person

    async def of(self, user_id: str) -> Principal:
        """Give the person behind a Slack user id.

        Raises NotKnown for a user whom policy does not name, who is deactivated, a guest, a bot or of another
        workspace; NotVerified where Slack does not vouch for them at the moment.
        """
        person = self.named(user_id)
        user = await self._user(user_id)
        if why := await self._why_not(user):
            raise NotKnown(f"I do not take this from {why}. Ask security if that is not right.")
        return person

    async def is_reachable(self, person: Principal) -> bool:
        """Tell whether someone is still active in Slack; True when Slack does not say."""
        try:
            user = await self._user(person.slack, FRESH_ENOUGH_TO_TELL)
        except NotKnown as unknown:
            return not isinstance(unknown.__cause__, SlackApiError) or not _is_gone(unknown.__cause__)
        return not user.get("deleted", False)

    async def is_active(self, person: Principal) -> bool:
        """Tell whether someone is an active member now; False when Slack does not say."""
        try:
            await self.of(person.slack)
        except NotKnown:
            return False
        return True

    async def zone_of(self, user_id: str) -> ZoneInfo:
        """The zone that someone has set in Slack (users.info: tz); UTC where it is not known."""
        try:
            return ZoneInfo(str((await self._user(user_id)).get("tz") or "UTC"))
        except (NotKnown, ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")

    async def is_gone(self, person: Principal) -> bool:
        """Tell whether Slack says, now, that someone is deactivated. Raises NotKnown when it does not say."""
        self.forget(person.slack)
        return bool((await self._user(person.slack)).get("deleted"))

    def forget(self, user_id: str) -> None:
        """Something about a user changed; an answer of Slack's that is under way may be older than that."""
        self._seen.pop(user_id, None)
        self._changes += 1

    async def _user(self, user_id: str, fresh: float = FRESH) -> dict[str, Any]:
        known = self._seen.get(user_id)
        if known and time.monotonic() - known[0] < fresh:
            return known[1]
        changes = self._changes
        try:
            answer = await self._client.users_info(user=user_id)
        except Exception as error:
            log.warning("user_not_verified", user=user_id, error=str(error))
            raise NotVerified from error
        user: dict[str, Any] = answer["user"]
        if len(self._seen) >= REMEMBERED:
            self._seen.clear()
        if changes == self._changes:
            self._seen[user_id] = (time.monotonic(), user)
        return user

    async def _why_not(self, user: dict[str, Any]) -> str:
        if user.get("deleted"):
            return "a deactivated Slack user"
        if user.get("is_bot") or user.get("is_workflow_bot"):
            return "a bot"
        if user.get("is_restricted") or user.get("is_ultra_restricted"):
            return "a guest of this workspace"
        if user.get("is_stranger") or user.get("team_id") != await self._own_team():
            return "someone of another workspace"
        return ""

    async def _own_team(self) -> str:
        if self._team is None:
            try:
                self._team = str((await self._client.auth_test())["team_id"])
            except Exception as error:
                raise NotVerified from error
        return self._team


def _is_gone(error: SlackApiError) -> bool:
    return error.response.get("error") in {"user_not_found", "users_not_found"}
