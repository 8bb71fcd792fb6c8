"""What changes about people: their accounts, the channels they are in, the homes they open."""

from dataclasses import fields
from typing import Any

from app.playground import happenings, posting
from app.playground.model import Json, User
from app.playground.user_side.names import Asked, RefusedError

CHANGEABLE: dict[str, type] = {each.name: each.type for each in fields(User) if isinstance(each.type, type)}
FIXED = {"id", "bot_id", "app_id", "updated"}


def open_home(asked: Asked) -> Json:
    """Open an app's home (`app` by id or name, else the first one's)."""
    user, app = asked.person(), asked.app()
    happenings.home_opened(asked.board, app, user, asked.text("tab", "home"))
    return {"ok": True}


def change(asked: Asked) -> Json:
    """Change somebody's account, or make one for somebody new who has a `real_name`."""
    name = asked.text("user")
    changes = {key: value for key, value in asked.body.items() if key != "user"}
    for key, value in changes.items():
        _may_be(key, value)
    user = asked.board.workspace.user_named(name)
    if user is None and "real_name" in changes:
        return _join_team(asked, name, changes)
    user = asked.anybody(name)
    for key, value in changes.items():
        setattr(user, key, value)
    user.updated = int(asked.board.clock())
    asked.board.workspace.touch()
    happenings.user_changed(asked.board, user)
    return {"ok": True, "user": user.to_slack()}


def _may_be(key: str, value: Any) -> None:
    if key not in CHANGEABLE or key in FIXED:
        known = ", ".join(sorted(set(CHANGEABLE) - FIXED))
        raise RefusedError(400, f"Nobody has a {key!r} that could be changed; there are {known}.")
    if not isinstance(value, CHANGEABLE[key]):
        raise RefusedError(400, f"`{key}` must be a {CHANGEABLE[key].__name__}, not {value!r}.")


def _join_team(asked: Asked, name: str, changes: Json) -> Json:
    bare = name.removeprefix("@")
    user_id = bare if bare.startswith(("U", "W")) and bare.isupper() else f"U0{bare.upper()}"
    user = asked.board.workspace.add_user(User(**{"id": user_id, "name": bare.lower(), **changes}))
    asked.board.workspace.touch()
    happenings.user_changed(asked.board, user, "team_join")
    return {"ok": True, "user": user.to_slack()}


def invite(asked: Asked) -> Json:
    """Bring somebody into a channel."""
    channel = asked.board.workspace.channel_named(asked.text("channel"))
    if channel is None:
        raise RefusedError(404, f"There is no channel {asked.text('channel')!r}.")
    return {"ok": True, "new": posting.join(asked.board, channel, asked.anybody(asked.text("user")).id)}


def react(asked: Asked) -> Json:
    """Add a reaction, or take it back."""
    user = asked.person()
    channel, message = asked.message(user)
    name = asked.text("name").strip(":")
    users = message.reactions.setdefault(name, [])
    kind = "reaction_removed" if user.id in users else "reaction_added"
    if user.id in users:
        users.remove(user.id)
    else:
        users.append(user.id)
    if not users:
        del message.reactions[name]
    asked.board.workspace.touch()
    happenings.reaction(asked.board, channel, message, user.id, name, kind)
    return {"ok": True}
