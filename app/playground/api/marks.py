"""reactions.* and pins.*. docs: methods/reactions.add, methods/pins.add."""

from app.playground import happenings
from app.playground.api.call import Call, Method, Methods
from app.playground.errors import SlackError
from app.playground.model import Channel, Json, Message
from app.playground.shown import message_json


def _target(call: Call) -> tuple[Channel, Message]:
    call.required("channel", "timestamp")
    channel = call.channel()
    message = channel.message(call.text("timestamp"))
    if message is None:
        raise SlackError("message_not_found")
    return channel, message


def add_reaction(call: Call) -> Json:
    (name,) = call.required("name")
    channel, message = _target(call)
    users = message.reactions.setdefault(name.strip(":"), [])
    if call.app.bot_user_id in users:
        raise SlackError("already_reacted")
    users.append(call.app.bot_user_id)
    call.workspace.touch()
    happenings.reaction(call.board, channel, message, call.app.bot_user_id, name.strip(":"), "reaction_added")
    return {}


def remove_reaction(call: Call) -> Json:
    (name,) = call.required("name")
    channel, message = _target(call)
    name = name.strip(":")
    users = message.reactions.get(name, [])
    if call.app.bot_user_id not in users:
        raise SlackError("no_reaction")
    users.remove(call.app.bot_user_id)
    if not users:
        del message.reactions[name]
    call.workspace.touch()
    happenings.reaction(call.board, channel, message, call.app.bot_user_id, name, "reaction_removed")
    return {}


def get_reactions(call: Call) -> Json:
    channel, message = _target(call)
    return {"type": "message", "channel": channel.id, "message": message_json(call.board, message)}


def add_pin(call: Call) -> Json:
    channel, message = _target(call)
    if message.ts in channel.pins:
        raise SlackError("already_pinned")
    channel.pins.append(message.ts)
    call.workspace.touch()
    return {}


def remove_pin(call: Call) -> Json:
    channel, message = _target(call)
    if message.ts not in channel.pins:
        raise SlackError("no_pin")
    channel.pins.remove(message.ts)
    call.workspace.touch()
    return {}


METHODS: Methods = {
    "reactions.add": Method(add_reaction, ("reactions:write",)),
    "reactions.remove": Method(remove_reaction, ("reactions:write",)),
    "reactions.get": Method(get_reactions, ("reactions:read",)),
    "pins.add": Method(add_pin, ("pins:write",)),
    "pins.remove": Method(remove_pin, ("pins:write",)),
}
