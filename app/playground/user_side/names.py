"""Reads a call's JSON body: who, where, and the refusals in words when there is no such thing."""

from dataclasses import dataclass
from typing import Any

from app.playground.model import Channel, Json, Message, User
from app.playground.registration import App
from app.playground.switchboard import Switchboard


class RefusedError(Exception):
    """The user side's no: an HTTP status and a sentence that says what is there instead."""

    def __init__(self, status: int, sentence: str, **more: Any) -> None:
        super().__init__(sentence)
        self.status = status
        self.body: Json = {"error": sentence, **more}


@dataclass
class Asked:
    """One call's body, and the workspace to look its names up in."""

    board: Switchboard
    body: Json

    def text(self, key: str, default: str | None = None) -> str:
        """Read a string; without a default it must be there."""
        value = self.body.get(key, default)
        if value is None:
            raise RefusedError(400, f"`{key}` is missing; given were: {', '.join(self.body) or 'nothing'}.")
        if not isinstance(value, str):
            raise RefusedError(400, f"`{key}` must be a string, not {value!r}.")
        return value

    def number(self, key: str) -> float | None:
        value = self.body.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise RefusedError(400, f"`{key}` must be a number of 0 or more, not {value!r}.")
        return value

    def anybody(self, name: str) -> User:
        """Find somebody by `@name`, name or id."""
        user = self.board.workspace.user_named(name)
        if user is None:
            known = ", ".join(f"@{user.name}" for user in self.board.workspace.users.values())
            raise RefusedError(404, f"There is nobody called {name!r}; there are {known}.")
        return user

    def person(self) -> User:
        """Find who is acting: somebody who can be signed in."""
        user = self.anybody(self.text("user"))
        if user.deleted:
            raise RefusedError(403, f"@{user.name} is deactivated and cannot do anything.")
        return user

    def app(self) -> App:
        """Find the app that `app` names by id or name; without it, the first."""
        wanted, apps = self.text("app", ""), self.board.apps
        for app in apps:
            if wanted in {"", app.app_id, app.name, app.bot_user_id}:
                return app
        raise RefusedError(404, f"There is no app {wanted!r}; there are {', '.join(a.name for a in apps)}.")

    def channel(self, user: User) -> Channel:
        """Find where: a channel that the person is in, or the other's name or id for a direct message."""
        name, workspace = self.text("channel"), self.board.workspace
        if name.startswith("@") or name in workspace.users:
            return workspace.direct_message(user.id, self.anybody(name).id)
        channel = workspace.channel_named(name)
        if channel is None or (channel.kind == "im" and user.id not in channel.members):
            known = ", ".join(f"#{each.name}" for each in workspace.channels.values() if each.kind != "im")
            raise RefusedError(404, f"There is no channel {name!r}; there are {known}.")
        if user.id not in channel.members:
            raise RefusedError(403, f"@{user.name} is not in #{channel.name}.")
        return channel

    def message(self, user: User) -> tuple[Channel, Message]:
        """Find a message that the person sees: in the channel, or shown to them alone."""
        ts = self.text("ts")
        shown = self.board.workspace.ephemeral(user.id, ts)
        if shown is not None:
            return self.board.workspace.channels[shown.channel], shown
        channel = self.channel(user)
        message = channel.message(ts)
        if message is None:
            latest = ", ".join(each.ts for each in channel.messages[-5:]) or "none"
            where = f"#{channel.name}" if channel.name else "that direct message"
            raise RefusedError(404, f"There is no message {ts} in {where}; the latest are {latest}.")
        return channel, message
