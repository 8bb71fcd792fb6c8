"""Posting, editing and joining, with the events that each brings about."""

import re
from typing import Any

from app.playground import happenings
from app.playground.block_kit import check_message_blocks, stored_blocks
from app.playground.block_kit.choices import initial_state
from app.playground.errors import SlackError
from app.playground.model import Channel, File, Json, Message
from app.playground.registration import App
from app.playground.shown import message_json
from app.playground.switchboard import Switchboard

TEXT_MAX = 40_000
MARKDOWN_MAX = 12_000
ATTACHMENTS_MAX = 100
ENTITY = re.compile(r"<(?:[@#!][^<>\s]+[^<>]*|https?://[^<>]+|mailto:[^<>]+)>")


def checked_blocks(board: Switchboard, blocks: Any) -> list[Json]:
    """Judge a message's blocks and write them out as Slack keeps them. Raises `SlackError` invalid_blocks."""
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    report = check_message_blocks(blocks)
    if report.errors:
        raise SlackError("invalid_blocks", errors=report.errors, messages=report.messages)
    return stored_blocks(blocks, lambda: board.workspace.new_id("b")[-5:])


def checked_attachments(board: Switchboard, attachments: Any) -> list[Json]:
    """Judge attachments, of which only the blocks are looked into. Raises `SlackError`."""
    if not isinstance(attachments, list) or not all(isinstance(each, dict) for each in attachments):
        raise SlackError("invalid_attachments")
    if len(attachments) > ATTACHMENTS_MAX:
        raise SlackError("too_many_attachments")
    kept = []
    for number, each in enumerate(attachments, start=1):
        copy = {"id": number, **each}
        if "blocks" in each:
            try:
                copy["blocks"] = checked_blocks(board, each["blocks"])
            except SlackError as error:
                raise SlackError("invalid_attachments", **_reasons(error)) from error
        kept.append(copy)
    return kept


def _reasons(error: SlackError) -> Json:
    return {key: value for key, value in error.body.items() if key not in {"ok", "error"}}


def post_as_app(board: Switchboard, app: App, channel: Channel, content: Json, **more: Any) -> Message:
    """Post a message of an app: `content` is the checked text, blocks, attachments and metadata."""
    message = Message(
        ts=board.workspace.new_ts(),
        user=app.bot_user_id,
        channel=channel.id,
        bot_id=app.bot_id,
        app_id=app.app_id,
        state=initial_state(content.get("blocks", [])),
        **content,
        **more,
    )
    board.workspace.post(message)
    if not message.ephemeral_for:
        happenings.message_posted(board, channel, message)
    return message


def post_as_person(
    board: Switchboard,
    channel: Channel,
    user_id: str,
    text: str,
    thread_ts: str | None = None,
    files: list[File] | None = None,
) -> Message:
    """Post what a person typed."""
    message = Message(
        ts=board.workspace.new_ts(),
        user=user_id,
        text=escaped(text),
        channel=channel.id,
        thread_ts=thread_ts,
        files=files or [],
    )
    board.workspace.post(message)
    happenings.message_posted(board, channel, message)
    return message


def tell_person(board: Switchboard, user_id: str, channel: Channel, text: str) -> Message:
    """Show something of the workspace's own to one person only, as Slackbot does."""
    message = Message(
        ts=board.workspace.new_ts(),
        user="USLACKBOT",
        text=text,
        channel=channel.id,
        ephemeral_for=user_id,
    )
    return board.workspace.post(message)


def edit(board: Switchboard, channel: Channel, message: Message, content: Json, by: str) -> None:
    """Change a message in place; what was chosen in it stays where block and action ids stay."""
    before = message_json(board, message)
    for key, value in content.items():
        setattr(message, key, value)
    message.state = initial_state(message.blocks, kept=message.state)
    if not message.ephemeral_for and not content.get("blocks"):
        message.edited = {"user": by, "ts": board.workspace.new_ts()}
    board.workspace.touch()
    if not message.ephemeral_for:
        happenings.message_changed(board, channel, message, before)


def delete(board: Switchboard, channel: Channel, message: Message) -> None:
    """Take a message away; a parent that has replies stays as a tombstone."""
    if not message.ephemeral_for and channel.replies(message.ts):
        message.subtype, message.text = "tombstone", "This message was deleted."
        message.blocks, message.attachments, message.files = [], [], []
        board.workspace.touch()
    else:
        board.workspace.remove(message)
    if not message.ephemeral_for:
        happenings.message_deleted(board, channel, message)


def join(board: Switchboard, channel: Channel, user_id: str, inviter: str = "") -> bool:
    """Make somebody a member; false if they were one."""
    if user_id in channel.members:
        return False
    channel.members.append(user_id)
    board.workspace.touch()
    happenings.member_joined(board, channel, user_id, inviter)
    return True


def escaped(text: str) -> str:
    """Escape what a person typed as Slack's client does, leaving mentions and links in Slack's form alone.

    docs: messaging/formatting-message-text (escaping text)
    """
    parts: list[str] = []
    end = 0
    for entity in ENTITY.finditer(text):
        parts += [_plain(text[end : entity.start()]), entity.group()]
        end = entity.end()
    return "".join([*parts, _plain(text[end:])])


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
