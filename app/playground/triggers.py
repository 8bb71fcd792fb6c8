"""Trigger ids: a person's click, to be exchanged once and within 3 seconds for a modal.

docs: interactivity/handling-user-interaction (trigger_id), methods/views.open
"""

import secrets
from dataclasses import dataclass

from app.playground.errors import SlackError

LIFETIME = 3.0


@dataclass
class Trigger:
    """Whose click it was, on which app, in which modal if in one."""

    app_id: str
    user: str
    issued: float
    view_id: str | None = None
    used: bool = False


class Triggers:
    """Every trigger issued."""

    def __init__(self, lifetime: float = LIFETIME) -> None:
        self.lifetime = lifetime
        self._issued: dict[str, Trigger] = {}

    def issue(self, app_id: str, user: str, now: float, view_id: str | None = None) -> str:
        """Make a trigger id in Slack's form."""
        number = len(self._issued) + 1
        trigger_id = f"{int(now * 1000)}.{number:09d}.{secrets.token_hex(5)}"
        self._issued[trigger_id] = Trigger(app_id, user, now, view_id)
        return trigger_id

    def look_up(self, trigger_id: str, app_id: str, now: float) -> Trigger:
        """Find a trigger that may still be exchanged.

        Raises `SlackError`: invalid_trigger_id, exchanged_trigger_id or expired_trigger_id.
        """
        trigger = self._issued.get(trigger_id)
        if trigger is None or trigger.app_id != app_id:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if now - trigger.issued > self.lifetime:
            raise SlackError("expired_trigger_id")
        return trigger
