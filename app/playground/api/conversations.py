"""conversations.*: channels, their members and their history. docs: methods/conversations.*."""

import math
import re

from app.playground import happenings, posting
from app.playground.api.call import Call, Method, Methods, any_kind
from app.playground.api.pages import next_cursor, page
from app.playground.errors import SlackError
from app.playground.model import Channel, Json, Message
from app.playground.shown import channel_json, message_json

TYPES = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
FAMILY = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}
NAME = re.compile(r"[\w\-]{1,80}")


def _kinds(call: Call) -> set[str]:
    types = call.names("types") or ["public_channel"]
    if not set(types) <= set(TYPES):
        raise SlackError("invalid_types")
    for each in types:
        call.needs(f"{FAMILY[each]}:read")
    return {TYPES[each] for each in types}


def _listed(call: Call, member: str, *, only_joined: bool) -> Json:
    kinds, bot = _kinds(call), call.app.bot_user_id
    found = [
        channel
        for channel in call.workspace.channels.values()
        if channel.kind in kinds
        and (channel.kind == "channel" or bot in channel.members)
        and (member in channel.members or not (only_joined or channel.kind == "im"))
        and not (call.flag("exclude_archived") and channel.is_archived)
    ]
    some, cursor = page(call, found, lambda channel: channel.id)
    return {"channels": [channel_json(call.board, each, bot) for each in some], **next_cursor(cursor)}


def list_all(call: Call) -> Json:
    return _listed(call, call.app.bot_user_id, only_joined=False)


def of_user(call: Call) -> Json:
    """users.conversations: those that somebody (the bot, unless told) is a member of."""
    if call.args.get("user"):
        call.user()
    return _listed(call, call.text("user", call.app.bot_user_id), only_joined=True)


def info(call: Call) -> Json:
    channel = call.channel()
    call.needs_for(channel, "read")
    shown = channel_json(call.board, channel, call.app.bot_user_id)
    if not call.flag("include_num_members"):
        shown.pop("num_members", None)
    return {"channel": shown}


def _readable(call: Call) -> Channel:
    channel = call.channel()
    call.needs_for(channel, "history")
    if call.app.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _between(call: Call, messages: list[Message]) -> list[Message]:
    inclusive = call.flag("inclusive")
    low, high = _moment(call, "oldest", 0.0), _moment(call, "latest", math.inf)

    def wanted(message: Message) -> bool:
        at = float(message.ts)
        return low <= at <= high if inclusive else low < at < high

    return [message for message in messages if wanted(message)]


def _moment(call: Call, name: str, default: float) -> float:
    try:
        return float(call.text(name) or default)
    except ValueError:
        raise SlackError(f"invalid_ts_{name}") from None


def _shown(call: Call, messages: list[Message]) -> list[Json]:
    with_metadata = call.flag("include_all_metadata")
    return [message_json(call.board, each, with_metadata=with_metadata) for each in messages]


def history(call: Call) -> Json:
    """Give top-level messages, newest first."""
    channel = _readable(call)
    top = [
        m
        for m in channel.messages
        if not m.thread_ts or m.ts == m.thread_ts or m.subtype == "thread_broadcast"
    ]
    some, cursor = page(call, list(reversed(_between(call, top))), lambda message: message.ts)
    answer = {"messages": _shown(call, some), "has_more": bool(cursor), "pin_count": len(channel.pins)}
    return answer | (next_cursor(cursor) if cursor else {})


def replies(call: Call) -> Json:
    """Give a thread, its parent first."""
    channel = _readable(call)
    (ts,) = call.required("ts")
    found = channel.message(ts)
    if found is None:
        raise SlackError("thread_not_found")
    parent = channel.message(found.thread_ts or ts) or found
    rest = _between(call, channel.replies(parent.ts))
    some, cursor = page(call, [parent, *rest], lambda message: message.ts, default=1000)
    return {"messages": _shown(call, some), "has_more": bool(cursor), **next_cursor(cursor)}


def open_direct(call: Call) -> Json:
    """Open a direct message with one person, or find again one by its channel."""
    if call.args.get("channel"):
        channel = call.channel()
    else:
        users = call.names("users")
        if len(users) != 1:
            raise SlackError("not_enough_users" if not users else "too_many_users")
        user = call.workspace.users.get(users[0])
        if user is None:
            raise SlackError("user_not_found")
        if user.deleted:
            raise SlackError("user_disabled")
        channel = call.workspace.direct_message(call.app.bot_user_id, user.id)
    shown = channel_json(call.board, channel, call.app.bot_user_id) if call.flag("return_im") else {}
    return {"channel": {"id": channel.id, **shown}}


def members(call: Call) -> Json:
    channel = call.channel()
    call.needs_for(channel, "read")
    some, cursor = page(call, channel.members, str)
    return {"members": some, **next_cursor(cursor)}


def join(call: Call) -> Json:
    channel = call.channel()
    if channel.kind != "channel":
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    new = posting.join(call.board, channel, call.app.bot_user_id)
    shown = {"channel": channel_json(call.board, channel, call.app.bot_user_id)}
    if new:
        return shown
    warnings = {"response_metadata": {"warnings": ["already_in_channel"]}}
    return shown | {"warning": "already_in_channel"} | warnings


def invite(call: Call) -> Json:
    channel = call.channel()
    if call.app.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    users = call.names("users")
    if not users:
        raise SlackError("no_user")
    for user_id in users:
        if user_id not in call.workspace.users:
            raise SlackError("user_not_found")
        if user_id == call.app.bot_user_id:
            raise SlackError("cant_invite_self")
        if user_id in channel.members:
            raise SlackError("already_in_channel")
    for user_id in users:
        posting.join(call.board, channel, user_id, inviter=call.app.bot_user_id)
    return {"channel": channel_json(call.board, channel, call.app.bot_user_id)}


def create(call: Call) -> Json:
    (name,) = call.required("name")
    if not NAME.fullmatch(name) or name != name.lower():
        raise SlackError("invalid_name_specials")
    if call.workspace.channel_named(name):
        raise SlackError("name_taken")
    kind = "group" if call.flag("is_private") else "channel"
    channel = call.workspace.add_channel(
        name, [call.app.bot_user_id], kind="group" if kind == "group" else "channel"
    )
    happenings.channel_created(call.board, channel)
    return {"channel": channel_json(call.board, channel, call.app.bot_user_id)}


def leave(call: Call) -> Json:
    channel = call.channel()
    if call.app.bot_user_id not in channel.members:
        return {"not_in_channel": True}
    channel.members.remove(call.app.bot_user_id)
    call.workspace.touch()
    return {}


def archive(call: Call) -> Json:
    channel = call.channel()
    if channel.is_archived:
        raise SlackError("already_archived")
    channel.is_archived = True
    call.workspace.touch()
    return {}


MANAGE = ("channels:manage", "groups:write", "im:write", "mpim:write")
METHODS: Methods = {
    "conversations.list": Method(list_all, any_kind("read")),
    "conversations.info": Method(info, any_kind("read")),
    "conversations.history": Method(history, any_kind("history")),
    "conversations.replies": Method(replies, any_kind("history")),
    "conversations.open": Method(open_direct, ("im:write", "mpim:write", "channels:manage", "groups:write")),
    "conversations.members": Method(members, any_kind("read")),
    "conversations.join": Method(join, ("channels:join",)),
    "conversations.invite": Method(invite, ("channels:manage", "groups:write", "channels:write.invites")),
    "conversations.create": Method(create, ("channels:manage", "groups:write")),
    "conversations.leave": Method(leave, MANAGE),
    "conversations.archive": Method(archive, MANAGE),
    "users.conversations": Method(of_user, any_kind("read")),
}
