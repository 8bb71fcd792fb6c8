"""One Web API call: who calls, with which arguments, and typed ways to read them. docs: apis/web-api."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from app.playground.errors import SlackError, invalid_arguments
from app.playground.model import Channel, Json, User
from app.playground.registration import App
from app.playground.switchboard import Switchboard
from app.playground.workspace import Workspace

TRUE = (True, "1", "true", "True", "t")
PAGE_MAX = 1000


@dataclass
class Call:
    """A call under way. `args` come from a form, a query or a JSON body, so values may be strings or not."""

    board: Switchboard
    app: App
    method: str
    args: Mapping[str, Any]
    notes: Json = field(default_factory=dict)

    @property
    def workspace(self) -> Workspace:
        return self.board.workspace

    def text(self, name: str, default: str = "") -> str:
        value = self.args.get(name)
        return default if value is None else value if isinstance(value, str) else json.dumps(value)

    def required(self, *names: str) -> list[str]:
        """Read arguments that must be there. Raises `SlackError` invalid_arguments naming the missing."""
        missing = [name for name in names if self.args.get(name) in (None, "")]
        if missing:
            raise invalid_arguments(*(f"missing required field: {name}" for name in missing))
        return [self.text(name) for name in names]

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.args.get(name)
        return default if value is None else value in TRUE

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.args.get(name, default))
        except (TypeError, ValueError):
            raise invalid_arguments(f"must provide a number [json-pointer:/{name}]") from None

    def structure(self, name: str, error: str = "invalid_arguments") -> Any:
        """Read an argument that is JSON, whether sent as a value or as a string of it; None when absent."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise SlackError(error) from None

    def names(self, name: str) -> list[str]:
        """Read a list sent as an array or as comma-separated words."""
        value = self.args.get(name)
        if isinstance(value, list):
            return [str(each) for each in value]
        return [each.strip() for each in str(value or "").split(",") if each.strip()]

    def user(self, name: str = "user") -> User:
        """Find the user whom an argument names by id. Raises `SlackError` user_not_found."""
        user = self.workspace.users.get(self.text(name))
        if user is None:
            raise SlackError("user_not_found")
        return user

    def channel(self, name: str = "channel", *, must_see: bool = True) -> Channel:
        """Find the conversation that an argument names by id.

        Raises `SlackError` channel_not_found, also for what the app cannot see.
        """
        self.required(name)
        channel = self.workspace.channels.get(self.text(name))
        hidden = (
            channel is not None and channel.kind != "channel" and self.app.bot_user_id not in channel.members
        )
        if channel is None or (hidden and must_see):
            raise SlackError("channel_not_found")
        return channel

    def needs(self, *scopes: str) -> None:
        """Refuse unless the app has one of these scopes. Raises `SlackError` missing_scope."""
        if scopes and not any(self.app.granted(scope) for scope in scopes):
            raise SlackError("missing_scope", needed=",".join(scopes), provided=self.app.scopes)

    def needs_for(self, channel: Channel, verb: str) -> None:
        """Refuse unless the app has the scope for this kind of conversation, `im:history` for instance."""
        family = {"channel": "channels", "group": "groups", "im": "im"}[channel.kind]
        self.needs(f"{family}:{verb}")


@dataclass(frozen=True)
class Method:
    """A Web API method: what answers it, and the scopes of which the app must have one."""

    answer: Callable[[Call], Json]
    scopes: tuple[str, ...] = ()
    app_level: bool = False
    any_token: bool = False


Methods: TypeAlias = Mapping[str, Method]
KINDS = ("channels", "groups", "im", "mpim")


def any_kind(verb: str) -> tuple[str, ...]:
    """List a verb's scopes over every kind of conversation."""
    return tuple(f"{kind}:{verb}" for kind in KINDS)
