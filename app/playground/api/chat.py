"""chat.*: posting, changing and deleting messages. docs: methods/chat.postMessage and its siblings."""

from app.playground import posting
from app.playground.api.call import Call, Method, Methods
from app.playground.errors import SlackError, rate_limited
from app.playground.model import Channel, Json, Message
from app.playground.shown import message_json

PERMALINK = "{base}/archives/{channel}/p{ts}"


def content(call: Call) -> Json:
    """Read and judge what a message is to say: text, blocks, attachments, and what metadata if any is given.

    Raises `SlackError`: no_text, invalid_blocks, invalid_blocks_format, invalid_attachments,
    too_many_attachments, markdown_text_conflict, msg_too_long, invalid_metadata_format.
    """
    text = call.text("text")
    blocks = call.structure("blocks", "invalid_blocks_format")
    attachments = call.structure("attachments", "invalid_attachments")
    markdown = call.text("markdown_text")
    if markdown:
        if text or blocks:
            raise SlackError("markdown_text_conflict")
        if len(markdown) > posting.MARKDOWN_MAX:
            raise SlackError("msg_too_long")
        text, blocks = markdown, [{"type": "markdown", "text": markdown}]
    if not (text.strip() or blocks or attachments):
        raise SlackError("no_text")
    said: Json = {
        "text": text,
        "blocks": posting.checked_blocks(call.board, blocks) if blocks is not None else [],
        "attachments": posting.checked_attachments(call.board, attachments) if attachments else [],
    }
    metadata = _metadata(call)
    return said if metadata is None else said | {"metadata": metadata or None}


def _metadata(call: Call) -> Json | None:
    metadata = call.structure("metadata", "invalid_metadata_format")
    if metadata in (None, {}):
        return metadata  # type: ignore[no-any-return]  # None or an empty object, as just compared
    fits = (
        isinstance(metadata, dict)
        and set(metadata) <= {"event_type", "event_payload", "entities"}
        and (isinstance(metadata.get("event_type"), str) and metadata["event_type"])
        and isinstance(metadata.get("event_payload"), dict)
    )
    if not fits:
        raise SlackError("invalid_metadata_format")
    return dict(metadata)


def destination(call: Call) -> Channel:
    """Find where to post: a conversation id, a `#name`, or a user id for a direct message.

    Raises `SlackError`: channel_not_found, not_in_channel, is_archived.
    """
    (name,) = call.required("channel")
    workspace, bot = call.workspace, call.app.bot_user_id
    if name in workspace.users:
        return workspace.direct_message(bot, name)
    channel = workspace.channels.get(name) or workspace.channel_named(name)
    if channel is None or (channel.kind != "channel" and bot not in channel.members):
        raise SlackError("channel_not_found")
    if bot not in channel.members and not call.app.granted("chat:write.public"):
        raise SlackError("not_in_channel")
    if channel.is_archived:
        raise SlackError("is_archived")
    return channel


def thread_of(call: Call, channel: Channel) -> str | None:
    """Read `thread_ts`; a reply's own ts stands for its thread. Raises `SlackError` thread_not_found."""
    thread_ts = call.text("thread_ts")
    if not thread_ts:
        return None
    parent = channel.message(thread_ts)
    if parent is None:
        raise SlackError("thread_not_found")
    return parent.thread_ts or parent.ts


def post_message(call: Call) -> Json:
    channel = destination(call)
    thread_ts = thread_of(call, channel)
    said = content(call)
    said["text"] = said["text"][: posting.TEXT_MAX]
    wait = call.board.pace(channel.id)
    if wait > 0:
        raise rate_limited(wait)
    subtype = "thread_broadcast" if thread_ts and call.flag("reply_broadcast") else ""
    message = posting.post_as_app(call.board, call.app, channel, said, thread_ts=thread_ts, subtype=subtype)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(call.board, message)}


def own_message(call: Call, refusal: str) -> tuple[Channel, Message]:
    """Find a message that the calling app posted. Raises `SlackError` message_not_found or `refusal`."""
    channel = call.channel()
    (ts,) = call.required("ts")
    message = channel.message(ts)
    if message is None or message.subtype == "tombstone":
        raise SlackError("message_not_found")
    if message.app_id != call.app.app_id:
        raise SlackError(refusal)
    return channel, message


def update(call: Call) -> Json:
    """Replace what a message says.

    What is not given stays: metadata and attachments always, blocks when there is no text either (a text
    alone takes them away). An update that has blocks is not marked as edited. docs: methods/chat.update
    """
    channel, message = own_message(call, "cant_update_message")
    if channel.is_archived:
        raise SlackError("is_inactive")
    said = content(call)
    if len(said["text"]) > posting.TEXT_MAX:
        raise SlackError("msg_too_long")
    given = set(call.args)
    if not given & {"text", "blocks", "markdown_text"}:
        said = {key: value for key, value in said.items() if key not in {"text", "blocks"}}
    if "attachments" not in given:
        del said["attachments"]
    posting.edit(call.board, channel, message, said, call.app.bot_user_id)
    shown = message_json(call.board, message)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


def delete(call: Call) -> Json:
    channel, message = own_message(call, "cant_delete_message")
    posting.delete(call.board, channel, message)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(call: Call) -> Json:
    """Show a message to one member only. It is in no history and cannot be updated by its ts."""
    channel = destination(call)
    call.required("user")
    user = call.workspace.users.get(call.text("user"))
    if user is None or user.id not in channel.members:
        raise SlackError("user_not_in_channel")
    said = content(call)
    said["text"] = said["text"][: posting.TEXT_MAX]
    message = posting.post_as_app(
        call.board,
        call.app,
        channel,
        {key: value for key, value in said.items() if key != "metadata"},
        thread_ts=thread_of(call, channel),
        ephemeral_for=user.id,
    )
    return {"message_ts": message.ts}


def get_permalink(call: Call) -> Json:
    channel = call.channel()
    (ts,) = call.required("message_ts")
    if channel.message(ts) is None:
        raise SlackError("message_not_found")
    link = PERMALINK.format(base=call.board.base_url, channel=channel.id, ts=ts.replace(".", ""))
    return {"channel": channel.id, "permalink": link}


METHODS: Methods = {
    "chat.postMessage": Method(post_message, ("chat:write",)),
    "chat.update": Method(update, ("chat:write",)),
    "chat.delete": Method(delete, ("chat:write",)),
    "chat.postEphemeral": Method(post_ephemeral, ("chat:write",)),
    "chat.getPermalink": Method(get_permalink),
}
