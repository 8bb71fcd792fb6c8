"""Typing: slash commands and messages."""

import re

from app.playground import posting
from app.playground.api.side_doors import answer
from app.playground.delivery import payloads
from app.playground.delivery.envelope import Ack, Envelope
from app.playground.errors import SlackError
from app.playground.model import Channel, Json, User
from app.playground.registration import App, SlashCommand
from app.playground.switchboard import Switchboard
from app.playground.user_side.names import Asked, RefusedError

NOT_VALID = (
    '{command} is not a valid command. In Slack, all messages that start with the "/" character are '
    "interpreted as commands. If you are trying to send a message and not run a command, try preceding "
    'the "/" with an empty space.'
)
NAME = re.compile(r"(?<![\w<@|])@([a-z0-9._-]+)", re.IGNORECASE)
CHANNEL = re.compile(r"(?<![\w<#|])#([a-z0-9_-]+)", re.IGNORECASE)


async def run_command(asked: Asked) -> Json:
    """Type a slash command, and wait until the app acknowledged it or 3 s are over."""
    user = asked.person()
    channel = asked.channel(user)
    name, _, rest = asked.text("command").strip().partition(" ")
    name = name if name.startswith("/") else f"/{name}"
    text = " ".join(part for part in (rest.strip(), asked.text("text", "").strip()) if part)
    app, command = _declared(asked.board, name, user, channel)
    typed = _with_ids(asked.board, text) if command.should_escape else text
    payload = payloads.command(asked.board, app, user, channel, name, posting.escaped(typed))
    envelope = Envelope("slash_commands", payload, accepts_response=True)
    ack = await asked.board.deliveries.deliver(app, envelope)
    trouble = _conclude(asked.board, app, user, channel, name, ack)
    answered: Json = {"acked": ack.acked, "ack_ms": ack.ms, "response": ack.response}
    return answered | ({"error": trouble} if trouble else {})


def _declared(board: Switchboard, name: str, user: User, channel: Channel) -> tuple[App, SlashCommand]:
    for app in board.apps:
        command = app.declared(name)
        if command is not None:
            return app, command
    sentence = NOT_VALID.format(command=name)
    posting.tell_person(board, user.id, channel, sentence)
    raise RefusedError(404, sentence)


def _conclude(board: Switchboard, app: App, user: User, channel: Channel, name: str, ack: Ack) -> str:
    """Show what came back, or that nothing did; gives the trouble in words, if any."""
    if not ack.acked:
        code = "operation_timeout" if "timeout" in ack.reason else "dispatch_failed"
        trouble = f'{name} failed with the error "{code}"'
        posting.tell_person(board, user.id, channel, trouble)
        return trouble
    if not isinstance(ack.response, dict) or not ack.response:
        return ""
    try:
        answer(board, app, channel, user.id, ack.response)
    except SlackError as error:
        trouble = f'{name} failed with the error "{error.code}"'
        posting.tell_person(board, user.id, channel, trouble)
        return trouble
    return ""


def post(asked: Asked) -> Json:
    """Post as a person."""
    user = asked.person()
    channel = asked.channel(user)
    text = asked.text("text")
    if not text.strip():
        raise RefusedError(400, "An empty message cannot be sent.")
    thread_ts = asked.text("thread_ts", "") or None
    parent = channel.message(thread_ts) if thread_ts else None
    if thread_ts and parent is None:
        raise RefusedError(404, f"There is no message {thread_ts} to reply to.")
    thread = (parent.thread_ts or parent.ts) if parent else None
    linked = _with_ids(asked.board, text, labels=False)
    message = posting.post_as_person(asked.board, channel, user.id, linked, thread)
    return {"ok": True, "channel": channel.id, "ts": message.ts}


def _with_ids(board: Switchboard, text: str, *, labels: bool = True) -> str:
    """Turn `@ben` and `#general` into Slack's form, as its client does."""

    def person(match: re.Match[str]) -> str:
        user = board.workspace.user_named(match[1])
        label = f"|{user.name}" if user and labels else ""
        return f"<@{user.id}{label}>" if user else match[0]

    def channel(match: re.Match[str]) -> str:
        found = board.workspace.channel_named(match[1])
        label = f"|{found.name}" if found and labels else ""
        return f"<#{found.id}{label}>" if found else match[0]

    return CHANNEL.sub(channel, NAME.sub(person, text))
