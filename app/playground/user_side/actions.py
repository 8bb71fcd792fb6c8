"""Clicking and choosing, in messages, modals and homes.

docs: reference/interaction-payloads/block_actions-payload
"""

from dataclasses import dataclass
from typing import Any

from app.playground.block_kit import held_elements
from app.playground.block_kit.choices import Directory, NoSuchChoiceError, chosen, is_blank
from app.playground.delivery import payloads
from app.playground.delivery.envelope import Envelope
from app.playground.model import Channel, Json, Message, User, View
from app.playground.registration import App
from app.playground.switchboard import Switchboard
from app.playground.user_side.names import Asked, RefusedError

ACTIONS_WITHOUT_STATE = ("button", "overflow", "workflow_button", "icon_button", "feedback_buttons")
CARRIED = ("text", "value", "style", "placeholder", "confirm", "timezone")


@dataclass(frozen=True)
class Found:
    """An element, the block that holds it, and the blocks of the whole surface."""

    block: Json
    element: Json

    @property
    def silent(self) -> bool:
        """Tell whether using it tells the app nothing until the modal is submitted."""
        return self.block["type"] == "input" and not self.block.get("dispatch_action")


def directory(board: Switchboard) -> Directory:
    """Look up by name who and what is chosen in a select."""

    def user(name: str) -> str | None:
        found = board.workspace.user_named(name)
        return found.id if found else None

    def channel(name: str) -> str | None:
        found = board.workspace.channel_named(name)
        return found.id if found else None

    return Directory(user, channel)


def find(blocks: list[Json], asked: Asked) -> Found:
    """Find the element by `action_id`, by `block_id` if given, and among several buttons by `value`."""
    action_id, block_id = asked.text("action_id"), asked.text("block_id", "")
    everything = [
        Found(block, each) for block in blocks for _, each in held_elements(block) if "action_id" in each
    ]
    fits = [
        found
        for found in everything
        if found.element["action_id"] == action_id and block_id in {"", found.block["block_id"]}
    ]
    value = asked.body.get("value")
    is_button = bool(fits) and fits[0].element["type"] == "button"
    if is_button and value is not None:
        fits = [found for found in fits if found.element.get("value") == value]
    if not fits:
        raise RefusedError(
            404, f"There is nothing to click with {_sought(asked)}; there is {_offer(everything)}."
        )
    return fits[0]


def _sought(asked: Asked) -> str:
    given = {
        key: asked.body[key] for key in ("action_id", "block_id", "value") if asked.body.get(key) is not None
    }
    return ", ".join(f"{key} {value!r}" for key, value in given.items())


def _offer(everything: list[Found]) -> str:
    offers = []
    for found in everything:
        value = f" with value {found.element['value']!r}" if "value" in found.element else ""
        offers.append(f"{found.element['type']} {found.element['action_id']!r}{value}")
    return "; ".join(offers) or "nothing that can be clicked"


async def act(asked: Asked) -> Json:
    """Click or choose, and wait until the app acknowledged it or 3 s are over."""
    user = asked.person()
    if "view_id" in asked.body:
        return await _act_in_view(asked, user, open_view(asked, user))
    channel, message = asked.message(user)
    return await _act_in_message(asked, user, channel, message)


def open_view(asked: Asked, user: User) -> View:
    """Find a view that the person can use now: the topmost modal, or a home."""
    view_id, workspace = asked.text("view_id"), asked.board.workspace
    stack = workspace.modals.get(user.id, [])
    homes = list(workspace.homes.get(user.id, {}).values())
    usable = [*stack[-1:], *homes]
    view = next((view for view in usable if view.id == view_id), None)
    if view is None:
        covered = any(view.id == view_id for view in stack)
        there = ", ".join(view.id for view in usable) or "no view"
        why = "is covered by another modal" if covered else "is not open"
        raise RefusedError(
            409 if covered else 404, f"View {view_id} {why} for @{user.name}; there is {there}."
        )
    return view


async def _act_in_message(asked: Asked, user: User, channel: Channel, message: Message) -> Json:
    board = asked.board
    found = find(_all_blocks(message), asked)
    app = _app(board, message.app_id)
    action = use(board, found, asked.body.get("value"), message.state)
    board.workspace.touch()
    if found.silent:
        return {"acked": True, "ack_ms": 0, "response": None}
    payload = payloads.message_action(board, app, user, channel, message, action)
    return await _deliver(board, app, payload)


def _all_blocks(message: Message) -> list[Json]:
    return [*message.blocks, *(block for each in message.attachments for block in each.get("blocks", []))]


async def _act_in_view(asked: Asked, user: User, view: View) -> Json:
    board = asked.board
    found = find(view.definition["blocks"], asked)
    app = _app(board, view.app_id)
    action = use(board, found, asked.body.get("value"), view.state)
    view.errors.pop(found.block["block_id"], None)
    board.workspace.touch()
    if found.silent:
        return {"acked": True, "ack_ms": 0, "response": None}
    return await _deliver(board, app, payloads.view_action(board, app, user, view, action))


async def _deliver(board: Switchboard, app: App, payload: Json) -> Json:
    if app.manifest is not None and not app.manifest.interactivity:
        raise RefusedError(409, f"{app.name} is not configured to handle interactive responses.")
    ack = await board.deliveries.deliver(app, Envelope("interactive", payload))
    return {"acked": ack.acked, "ack_ms": ack.ms, "response": ack.response}


def _app(board: Switchboard, app_id: str) -> App:
    app = board.app(app_id)
    if app is None:
        raise RefusedError(409, "No app is behind that message.")
    return app


def use(board: Switchboard, found: Found, value: Any, state: Json) -> Json:
    """Put the choice into `state`, and give the `actions` entry of the payload."""
    element = found.element
    kind, block_id, action_id = element["type"], found.block["block_id"], element["action_id"]
    try:
        choice = chosen(element, value, directory(board))
    except NoSuchChoiceError as error:
        raise RefusedError(404, str(error)) from error
    if kind not in ACTIONS_WITHOUT_STATE:
        state.setdefault(block_id, {})[action_id] = {"type": kind, **choice}
    carried = {key: element[key] for key in CARRIED if key in element}
    action: Json = {"type": kind, "block_id": block_id, "action_id": action_id, **carried}
    return action | choice | {"action_ts": board.workspace.new_ts()}


async def suggest(asked: Asked) -> Json:
    """Type into an external select: gives the app's `options` or `option_groups`."""
    board, user = asked.board, asked.person()
    place: Json
    if "view_id" in asked.body:
        view = open_view(asked, user)
        found, app = find(view.definition["blocks"], asked), _app(board, view.app_id)
        place = {"container": {"type": "view", "view_id": view.id}, "view": view.to_slack()}
    else:
        channel, message = asked.message(user)
        found, app = find(_all_blocks(message), asked), _app(board, message.app_id)
        container = {"type": "message", "message_ts": message.ts, "channel_id": channel.id}
        place = {"container": container, "channel": {"id": channel.id, "name": channel.name}}
    query = {
        "value": asked.text("value", ""),
        "block_id": found.block["block_id"],
        "action_id": found.element["action_id"],
    }
    payload = payloads.suggestion(board, app, user, query | place)
    ack = await board.deliveries.deliver(app, Envelope("interactive", payload, accepts_response=True))
    offered = ack.response if isinstance(ack.response, dict) else {}
    return {"acked": ack.acked, "ack_ms": ack.ms, "options": [], **offered}


def blank(found: Found, state: Json) -> bool:
    """Tell whether an input holds no answer."""
    held = state.get(found.block["block_id"], {}).get(found.element.get("action_id"))
    return held is None or is_blank(held)
