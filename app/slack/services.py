"""What listeners call: one value, made where the bot is wired."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.audit.story import StoryLine
from app.domain.people import Principal
from app.domain.refusals import Refused
from app.mfa.confirming import Confirming
from app.mfa.credentials import CredentialPages
from app.mfa.own_factors import OwnFactors
from app.policy import Policy
from app.slack.audiences import Audiences
from app.slack.homes import Homes
from app.slack.identity import Identity
from app.slack.posting import TRANSIENT
from app.slack.views.policy_status import PolicyStatus
from app.tokens import Tokens
from app.whereabouts import Whereabouts
from app.workflow import Workflow

log = structlog.get_logger(__name__)


class TooLate(Refused):
    """Slack no longer lets a form open for what was clicked."""

    code = "too_late"


@dataclass(frozen=True)
class Services:
    """The parts of the bot that Slack's payloads reach."""

    client: AsyncWebClient
    policy: Callable[[], Policy]
    workflow: Workflow
    tokens: Tokens
    confirming: Confirming
    credential_pages: CredentialPages
    own_factors: OwnFactors
    identity: Identity
    whereabouts: Whereabouts
    audiences: Audiences
    story: Callable[[str], Awaitable[Sequence[StoryLine]]]
    post_digest: Callable[[], Awaitable[str]]
    homes: Homes
    left: Callable[[str], Awaitable[None]]
    """Look whether a Slack user is gone, and take back what they hold if so."""
    policy_status: Callable[[], Awaitable[PolicyStatus]]

    async def who(self, body: dict[str, Any]) -> Principal:
        """Give the person behind an interaction."""
        return await self.identity.of(body["user"]["id"])

    async def open_view(self, trigger_id: str, view: dict[str, Any]) -> None:
        """Open a modal; a trigger lives 3 s (reference/methods/views.open)."""
        await _or_too_late(self.client.views_open(trigger_id=trigger_id, view=view))

    async def update_view(self, view: dict[str, Any], changed: dict[str, Any]) -> None:
        """Change an open modal, unless it changed since `view`."""
        await _or_too_late(self.client.views_update(view_id=view["id"], hash=view["hash"], view=changed))


async def _or_too_late(call: Awaitable[object]) -> None:
    try:
        await call
    except SlackApiError as error:
        code = str(error.response.get("error"))
        if code in {"hash_conflict", "not_found", "view_not_found"}:
            return  # the person went on or closed it
        if code in {"expired_trigger_id", "exchanged_trigger_id", "trigger_expired", "trigger_exchanged"}:
            raise TooLate(
                "Slack took too long and no longer lets me open the form. Please try again."
            ) from None
        if code == "ratelimited" or error.response.status_code >= 500 or code in TRANSIENT:
            raise TooLate("Slack is busy and did not let me open the form. Please try again.") from None
        log.exception("form_refused", code=code, answer=error.response.data)
        raise TooLate(
            f"Slack did not let me open the form ({code}), and it is in my log. Please try again, or type it: "
            "`/jit help` shows how."
        ) from None
    except (TimeoutError, OSError):
        raise TooLate("Slack did not answer when I wanted to open the form. Please try again.") from None
