"""What the app's side and the user's side share: one workspace, its apps, and the lines between them."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from app.playground.delivery.deliveries import Deliveries
from app.playground.faults import Faults
from app.playground.model import Json
from app.playground.pacing import Pacing
from app.playground.registration import App
from app.playground.response_urls import ResponseUrls
from app.playground.triggers import Triggers
from app.playground.workspace import Workspace

log = logging.getLogger("app.playground")
CALLS_KEPT = 10_000


@dataclass
class Switchboard:
    """Everything a request may need."""

    workspace: Workspace
    apps: list[App]
    faults: Faults
    deliveries: Deliveries
    triggers: Triggers = field(default_factory=Triggers)
    responses: ResponseUrls = field(default_factory=ResponseUrls)
    calls: list[Json] = field(default_factory=list)
    clock: Callable[[], float] = time.time
    base_url: str = ""
    pacing: Pacing | None = None

    def app_of_bot(self, user_id: str) -> App | None:
        return next((app for app in self.apps if app.bot_user_id == user_id), None)

    def app(self, app_id: str) -> App | None:
        return next((app for app in self.apps if app.app_id == app_id), None)

    def pace(self, channel_id: str) -> float:
        """Take a place in the channel's pace of messages: 0, or the seconds to wait for one."""
        return self.pacing.take(channel_id, self.clock()) if self.pacing else 0.0

    def note_call(self, call: Json) -> None:
        """Keep a call in the log that tests read."""
        self.calls.append(call)
        del self.calls[:-CALLS_KEPT]
