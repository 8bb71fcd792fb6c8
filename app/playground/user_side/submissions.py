"""Submitting and closing modals. docs: surfaces/modals, interaction-payloads/view-interactions-payload."""

import math
import re
from typing import Any

from app.playground import modals
from app.playground.block_kit import held_elements
from app.playground.delivery import payloads
from app.playground.delivery.envelope import Ack, Envelope
from app.playground.errors import SlackError
from app.playground.model import Json, User, View
from app.playground.registration import App
from app.playground.switchboard import Switchboard
from app.playground.user_side.actions import Found, blank, open_view, use
from app.playground.user_side.names import Asked, RefusedError

TROUBLE = "We had some trouble connecting. Try again?"
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
URL = re.compile(r"https?://\S+")


async def submit(asked: Asked) -> Json:
    """Fill in and submit a modal: gives Slack's `response_action` after it was applied."""
    board, user = asked.board, asked.person()
    view = open_view(asked, user)
    if view.definition["type"] != "modal" or not view.definition.get("submit"):
        raise RefusedError(409, f"View {view.id} has no submit button.")
    _fill_in(asked, view)
    view.trouble = ""
    view.errors = {
        found.block["block_id"]: why for found in _inputs(view) if (why := _wrong(found, view.state))
    }
    board.workspace.touch()
    if view.errors:
        block_id, why = next(iter(view.errors.items()))
        raise RefusedError(400, f"{block_id}: {why}", errors=view.errors)
    app = board.app(view.app_id)
    if app is None:
        raise RefusedError(409, "No app is behind that view.")
    payload = payloads.view_submission(board, app, user, view, _response_urls(board, app, user, view))
    ack = await board.deliveries.deliver(app, Envelope("interactive", payload, accepts_response=True))
    return {"acked": ack.acked, "ack_ms": ack.ms} | _apply(board, app, user, view, ack)


def close(asked: Asked) -> Json:
    """Close the topmost modal as a person does."""
    user = asked.person()
    view = open_view(asked, user)
    if view.definition["type"] != "modal":
        raise RefusedError(409, "An App Home cannot be closed.")
    modals.close(asked.board, view, by_person=True, everything=bool(asked.body.get("all")))
    return {"ok": True}


def _inputs(view: View) -> list[Found]:
    blocks = view.definition["blocks"]
    return [
        Found(block, each) for block in blocks if block["type"] == "input" for _, each in held_elements(block)
    ]


def _fill_in(asked: Asked, view: View) -> None:
    values = asked.body.get("values", {})
    if not isinstance(values, dict) or not all(isinstance(each, dict) for each in values.values()):
        raise RefusedError(400, "`values` must be {block_id: {action_id: value}}.")
    there = {
        (block["block_id"], each["action_id"]): Found(block, each)
        for block in view.definition["blocks"]
        for _, each in held_elements(block)
        if "action_id" in each
    }
    for block_id, by_action in values.items():
        for action_id, value in by_action.items():
            found = there.get((block_id, action_id))
            if found is None:
                known = ", ".join(f"{block}.{action}" for block, action in there) or "none"
                raise RefusedError(404, f"There is no input {block_id}.{action_id}; there are {known}.")
            use(asked.board, found, value, view.state)


def _wrong(found: Found, state: Json) -> str:
    """Say what Slack's own client would find wrong with an input before it sends anything."""
    element = found.element
    if blank(found, state):
        return "" if found.block.get("optional") else "Please complete this required field."
    value = state[found.block["block_id"]][element["action_id"]].get("value")
    if not isinstance(value, str):
        return _too_many(element, state[found.block["block_id"]][element["action_id"]])
    match element["type"]:
        case "plain_text_input":
            return _length(element, len(value))
        case "email_text_input":
            return "" if EMAIL.fullmatch(value) else "Please enter a valid email address."
        case "url_text_input":
            return "" if URL.fullmatch(value) else "Please enter a valid URL."
        case "number_input":
            return _number(element, value)
    return ""


def _too_many(element: Json, held: Json) -> str:
    most = element.get("max_selected_items")
    several = next((each for each in held.values() if isinstance(each, list)), [])
    return f"Please choose at most {most}." if most and len(several) > most else ""


def _length(element: Json, length: int) -> str:
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if length < least:
        return f"Please lengthen this text to at least {least} characters (it has {length})."
    if length > most:
        return f"Please shorten this text to {most} characters or fewer (it has {length})."
    return ""


def _number(element: Json, value: str) -> str:
    try:
        number = float(value)
    except ValueError:
        return "Please enter a number."
    if not math.isfinite(number):
        return "Please enter a number."
    if not element.get("is_decimal_allowed") and not number.is_integer():
        return "Please enter a whole number."
    if "min_value" in element and number < float(element["min_value"]):
        return f"Please enter a number of at least {element['min_value']}."
    if "max_value" in element and number > float(element["max_value"]):
        return f"Please enter a number of at most {element['max_value']}."
    return ""


def _response_urls(board: Switchboard, app: App, user: User, view: View) -> list[Json]:
    urls = []
    for found in _inputs(view):
        element, block_id = found.element, found.block["block_id"]
        held = view.state.get(block_id, {}).get(element["action_id"], {})
        channel = held.get("selected_conversation") or held.get("selected_channel")
        if element.get("response_url_enabled") and channel:
            url = board.responses.issue(board.base_url, app.app_id, channel, user.id, board.clock())
            ids = {"block_id": block_id, "action_id": element["action_id"], "channel_id": channel}
            urls.append(ids | {"response_url": url})
    return urls


def _apply(board: Switchboard, app: App, user: User, view: View, ack: Ack) -> Json:
    """Do what the app answered. What Slack would not understand leaves the modal open with a sorry."""
    if not ack.acked:
        return _in_trouble(board, view, "the app did not acknowledge the submission within 3 s")
    response = ack.response if isinstance(ack.response, dict) else {}
    stack = board.workspace.modals.get(user.id, [])
    still_open = view in stack
    match response.get("response_action"):
        case None:
            if still_open:
                modals.close(board, view, by_person=False)
            return {"response_action": None}
        case "clear":
            if stack:
                modals.close(board, stack[0], by_person=False, everything=True)
            return {"response_action": "clear"}
        case "errors":
            return _show_errors(board, view, response.get("errors"))
        case "update" | "push" as action:
            try:
                if action == "update":
                    shown = modals.change(board, view, response.get("view"))
                else:
                    shown = modals.push_modal(board, app, user.id, response.get("view"))
            except SlackError as error:
                reasons = "; ".join(error.body.get("response_metadata", {}).get("messages", []))
                return _in_trouble(board, view, f"the view was refused: {error.code} {reasons}".strip())
            return {"response_action": action, "view": shown.to_slack()}
        case other:
            return _in_trouble(board, view, f"there is no response_action {other!r}")


def _show_errors(board: Switchboard, view: View, errors: Any) -> Json:
    inputs = {found.block["block_id"] for found in _inputs(view)}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        return _in_trouble(board, view, f"`errors` must name input blocks of the view ({', '.join(inputs)})")
    view.errors = {block_id: str(why) for block_id, why in errors.items()}
    board.workspace.touch()
    return {"response_action": "errors", "errors": view.errors}


def _in_trouble(board: Switchboard, view: View, why: str) -> Json:
    view.trouble = TROUBLE
    board.workspace.touch()
    return {"response_action": None, "error": f"{TROUBLE} ({why})"}
