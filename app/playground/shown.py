"""Messages and channels as Slack's JSON shows them.

docs: reference/events/message, reference/objects/conversation-object
"""

from app.playground.model import Channel, Json, Message
from app.playground.switchboard import Switchboard


def message_json(board: Switchboard, message: Message, *, with_metadata: bool = True) -> Json:
    """Show a message, with its thread's counts if it has replies."""
    shown: Json = {
        "type": "message",
        "user": message.user,
        "ts": message.ts,
        "text": message.text,
        "team": board.workspace.team_id,
        "blocks": message.blocks,
    }
    if message.subtype:
        shown["subtype"] = message.subtype
    if message.bot_id:
        shown |= {"bot_id": message.bot_id, "app_id": message.app_id, "bot_profile": _bot(board, message)}
    for key in ("attachments", "thread_ts", "edited"):
        if value := getattr(message, key):
            shown[key] = value
    if message.metadata and with_metadata:
        shown["metadata"] = message.metadata
    if message.files:
        shown["files"] = [file.to_slack(board.base_url) for file in message.files]
    if message.reactions:
        shown["reactions"] = [
            {"name": name, "users": users, "count": len(users)} for name, users in message.reactions.items()
        ]
    return shown | _thread(board, message)


def _thread(board: Switchboard, message: Message) -> Json:
    channel = board.workspace.channels.get(message.channel)
    if channel is None or message.ephemeral_for:
        return {}
    if message.thread_ts and message.thread_ts != message.ts:
        parent = channel.message(message.thread_ts)
        return {"parent_user_id": parent.user} if parent else {}
    replies = channel.replies(message.ts)
    if not replies:
        return {}
    users = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": users,
        "reply_users_count": len(users),
        "latest_reply": replies[-1].ts,
    }


def _bot(board: Switchboard, message: Message) -> Json:
    app = board.app(message.app_id)
    return {
        "id": message.bot_id,
        "app_id": message.app_id,
        "name": app.name if app else "",
        "deleted": False,
        "updated": 1_700_000_000,
        "team_id": board.workspace.team_id,
    }


def channel_json(board: Switchboard, channel: Channel, seen_by: str) -> Json:
    """Show a channel to one member or bot."""
    shared: Json = {
        "id": channel.id,
        "created": channel.created,
        "is_archived": channel.is_archived,
        "is_im": channel.kind == "im",
        "is_org_shared": False,
        "context_team_id": board.workspace.team_id,
        "updated": channel.created * 1000,
    }
    if channel.kind == "im":
        other = next((member for member in channel.members if member != seen_by), seen_by)
        return shared | {"user": other, "is_user_deleted": False, "priority": 0, "is_open": True}
    return shared | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "group",
        "is_mpim": False,
        "is_private": channel.kind == "group",
        "is_general": channel.name == "general",
        "is_shared": False,
        "is_ext_shared": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "pending_connected_team_ids": [],
        "shared_team_ids": [board.workspace.team_id],
        "previous_names": [],
        "unlinked": 0,
        "creator": channel.creator,
        "is_member": seen_by in channel.members,
        "num_members": len(channel.members),
        "topic": {"value": channel.topic, "creator": channel.creator, "last_set": channel.created},
        "purpose": {"value": channel.purpose, "creator": channel.creator, "last_set": channel.created},
    }
