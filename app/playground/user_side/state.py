"""The whole workspace as one JSON document, for the page and for tests."""

from app.playground.model import Channel, Json, Message, User, View
from app.playground.registration import App
from app.playground.shown import message_json
from app.playground.switchboard import Switchboard


def state(board: Switchboard) -> Json:
    """Show everything. Messages are oldest first; a reply has its `thread_ts`, a parent has none."""
    workspace = board.workspace
    channels = [_channel(board, each) for each in workspace.channels.values() if each.kind != "im"]
    return {
        "version": workspace.version,
        "team": {"id": workspace.team_id, "name": workspace.team_name, "domain": workspace.team_domain},
        "apps": [_app(board, app) for app in board.apps],
        "users": [_user(user) for user in workspace.users.values()],
        "channels": channels,
        "direct": _direct(board),
        "direct_channels": [
            {"id": each.id, "members": list(each.members)}
            for each in workspace.channels.values()
            if each.kind == "im"
        ],
        "usergroups": [
            {"id": each.id, "handle": each.handle, "name": each.name, "users": list(each.users)}
            for each in workspace.usergroups.values()
        ],
        "ephemeral": {
            user_id: [_message(board, message) for message in messages]
            for user_id, messages in workspace.ephemerals.items()
            if messages
        },
        "views": {
            user_id: [_view(view) for view in stack] for user_id, stack in workspace.modals.items() if stack
        },
        "homes": {
            user_id: _view(next(iter(homes.values()))) for user_id, homes in workspace.homes.items() if homes
        },
    }


def _user(user: User) -> Json:
    return {
        "id": user.id,
        "name": user.name,
        "is_bot": user.is_bot,
        "real_name": user.real_name,
        "title": user.title,
        "email": user.email,
        "deleted": user.deleted,
        "is_guest": user.is_restricted or user.is_ultra_restricted,
        "is_stranger": user.is_stranger,
    }


def _channel(board: Switchboard, channel: Channel) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "is_private": channel.kind == "group",
        "is_archived": channel.is_archived,
        "purpose": channel.purpose,
        "members": list(channel.members),
        "messages": [_message(board, message) for message in channel.messages],
    }


def _direct(board: Switchboard) -> Json:
    """Group what was said between two by each of them who is a person; `channel` tells the threads apart."""
    direct: dict[str, list[Json]] = {}
    for channel in board.workspace.channels.values():
        if channel.kind != "im":
            continue
        shown = [_message(board, message) | {"with": list(channel.members)} for message in channel.messages]
        for member in channel.members:
            if member in board.workspace.users and not board.workspace.users[member].is_bot:
                direct.setdefault(member, []).extend(shown)
    return {user_id: sorted(messages, key=lambda each: each["ts"]) for user_id, messages in direct.items()}


def _message(board: Switchboard, message: Message) -> Json:
    shown = message_json(board, message) | {"channel": message.channel}
    if shown.get("thread_ts") == message.ts:
        del shown["thread_ts"]
    if message.state:
        shown["state"] = {"values": message.state}
    return shown


def _view(view: View) -> Json:
    return view.to_slack() | {"errors": view.errors, "trouble": view.trouble}


def _app(board: Switchboard, app: App) -> Json:
    commands = app.manifest.commands if app.manifest else ()
    return {
        "id": app.app_id,
        "name": app.name,
        "bot_id": app.bot_id,
        "bot_user_id": app.bot_user_id,
        "home_tab": app.manifest is None or app.manifest.home_tab,
        "connected": bool(app.request_url) or board.deliveries.sockets.connected(app) > 0,
        "commands": [
            {"command": each.command, "description": each.description, "usage_hint": each.usage_hint}
            for each in commands
        ],
    }
