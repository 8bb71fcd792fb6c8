"""response_url: five answers within 30 minutes to one command or click.

docs: interactivity/handling-user-interaction (message responses)
"""

import secrets
from dataclasses import dataclass

from app.playground.model import Message

USES = 5
LIFETIME = 30 * 60


@dataclass
class ResponseUrl:
    """Where an answer would go, and the message it may replace."""

    app_id: str
    channel: str
    user: str
    issued: float
    source: Message | None = None
    uses_left: int = USES


class ResponseUrls:
    """Every response_url issued, by its secret part."""

    def __init__(self) -> None:
        self._issued: dict[str, ResponseUrl] = {}

    def issue(
        self, base_url: str, app_id: str, channel: str, user: str, now: float, source: Message | None = None
    ) -> str:
        token = f"{len(self._issued) + 1:09d}-{secrets.token_hex(8)}"
        self._issued[token] = ResponseUrl(app_id, channel, user, now, source)
        return f"{base_url}/response/{app_id}/{token}"

    def look_up(self, token: str, now: float) -> ResponseUrl | str:
        """Find a response_url and use it once, or give Slack's reason why not."""
        url = self._issued.get(token)
        if url is None:
            return "invalid_url"
        if now - url.issued > LIFETIME:
            return "expired_url"
        if url.uses_left <= 0:
            return "used_url"
        url.uses_left -= 1
        return url
