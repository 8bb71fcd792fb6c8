"""Events: what happened in the workspace, told to the apps that asked for it and may see it.

docs: reference/events
"""

from app.playground.delivery import payloads
from app.playground.model import Channel, Json, Message, User
from app.playground.registration import HISTORY_EVENTS, App
from app.playground.shown import channel_json, message_json
from app.playground.switchboard import Switchboard


def tell(board: Switchboard, subscription: str, event: Json, only: App | None = None) -> None:
    """Send an event to every subscribed app, or to one."""
    for app in [only] if only else board.apps:
        if app.subscribed(subscription):
            board.deliveries.emit(app, payloads.event_callback(board, app, event))


def message_posted(board: Switchboard, channel: Channel, message: Message) -> None:
    """docs: reference/events/message.channels, reference/events/app_mention."""
    shown = message_json(board, message)
    place = {"channel": channel.id, "event_ts": message.ts}
    kind = {"channel_type": channel.kind}
    for app in _members(board, channel):
        tell(board, HISTORY_EVENTS[channel.kind], shown | place | kind, app)
        mentioned = f"<@{app.bot_user_id}>" in message.text and message.user != app.bot_user_id
        if mentioned and channel.kind != "im":
            tell(board, "app_mention", shown | place | {"type": "app_mention"}, app)


def message_changed(board: Switchboard, channel: Channel, message: Message, before: Json) -> None:
    """docs: reference/events/message/message_changed."""
    _hidden(
        board,
        channel,
        "message_changed",
        {"message": message_json(board, message), "previous_message": before},
    )


def message_deleted(board: Switchboard, channel: Channel, message: Message) -> None:
    """docs: reference/events/message/message_deleted."""
    gone = {"deleted_ts": message.ts, "previous_message": message_json(board, message)}
    _hidden(board, channel, "message_deleted", gone)


def member_joined(board: Switchboard, channel: Channel, user_id: str, inviter: str = "") -> None:
    """docs: reference/events/member_joined_channel."""
    event: Json = {
        "type": "member_joined_channel",
        "user": user_id,
        "channel": channel.id,
        "channel_type": "G" if channel.kind == "group" else "C",
        "team": board.workspace.team_id,
        "event_ts": board.workspace.new_ts(),
    }
    if inviter:
        event["inviter"] = inviter
    for app in _members(board, channel):
        tell(board, "member_joined_channel", event, app)


def channel_created(board: Switchboard, channel: Channel) -> None:
    """docs: reference/events/channel_created."""
    if channel.kind == "channel":
        shown = channel_json(board, channel, channel.creator)
        event = {"type": "channel_created", "channel": shown, "event_ts": board.workspace.new_ts()}
        tell(board, "channel_created", event)


def reaction(
    board: Switchboard, channel: Channel, message: Message, user_id: str, name: str, kind: str
) -> None:
    """docs: reference/events/reaction_added, reference/events/reaction_removed."""
    event = {
        "type": kind,
        "user": user_id,
        "reaction": name,
        "item_user": message.user,
        "item": {"type": "message", "channel": channel.id, "ts": message.ts},
        "event_ts": board.workspace.new_ts(),
    }
    for app in _members(board, channel):
        tell(board, kind, event, app)


def user_changed(board: Switchboard, user: User, kind: str = "user_change") -> None:
    """docs: reference/events/user_change, reference/events/team_join."""
    stamps: Json = {"cache_ts": int(board.clock()), "event_ts": board.workspace.new_ts()}
    tell(board, kind, {"type": kind, "user": user.to_slack(), **stamps})


def home_opened(board: Switchboard, app: App, user: User, tab: str = "home") -> None:
    """docs: reference/events/app_home_opened."""
    channel = board.workspace.direct_message(user.id, app.bot_user_id)
    event: Json = {
        "type": "app_home_opened",
        "user": user.id,
        "channel": channel.id,
        "tab": tab,
        "event_ts": board.workspace.new_ts(),
    }
    view = board.workspace.homes.get(user.id, {}).get(app.app_id)
    if view is not None:
        event["view"] = view.to_slack()
    tell(board, "app_home_opened", event, app)


def _members(board: Switchboard, channel: Channel) -> list[App]:
    return [app for app in board.apps if app.bot_user_id in channel.members]


def _hidden(board: Switchboard, channel: Channel, subtype: str, more: Json) -> None:
    ts = board.workspace.new_ts()
    event = {
        "type": "message",
        "subtype": subtype,
        "hidden": True,
        "channel": channel.id,
        "channel_type": channel.kind,
        "ts": ts,
        "event_ts": ts,
        **more,
    }
    for app in _members(board, channel):
        tell(board, HISTORY_EVENTS[channel.kind], event, app)
