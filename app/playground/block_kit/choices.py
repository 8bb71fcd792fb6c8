"""What a person types or picks: the state of an element, and the element's part of a payload.

docs: reference/interaction-payloads/block_actions-payload, reference/views (state.values)
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.playground.block_kit.objects import every_option
from app.playground.block_kit.surfaces import held_elements
from app.playground.model import Json

TYPED = ("plain_text_input", "number_input", "email_text_input", "url_text_input")
OPTION = ("static_select", "external_select", "radio_buttons")
OPTIONS = ("multi_static_select", "multi_external_select", "checkboxes")
PLAIN = {
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "file_input": ("files", "initial_files"),
}

WHEN = {
    "datepicker": "a date; it looks like 2026-01-31",
    "timepicker": "a time; it looks like 09:30",
    "datetimepicker": "a time in seconds since the epoch",
}


class NoSuchChoiceError(ValueError):
    """What was chosen is not on offer; the message says what is."""


@dataclass(frozen=True)
class Directory:
    """How people and channels that are chosen by name become ids; each returns None for nobody."""

    user: Callable[[str], str | None]
    channel: Callable[[str], str | None]


def initial_state(blocks: list[Json], kept: Json | None = None) -> Json:
    """Give the `state.values` that a fresh surface has; what was typed before under the same ids is kept."""
    values: Json = {}
    for block in blocks:
        for _, element in held_elements(block):
            start = _initial(element)
            if start is not None:
                block_id, action_id = block["block_id"], element["action_id"]
                before = (kept or {}).get(block_id, {}).get(action_id)
                same_kind = before is not None and before["type"] == start["type"]
                values.setdefault(block_id, {})[action_id] = before if same_kind else start
    return values


def _initial(element: Json) -> Json | None:
    kind = element.get("type", "")
    if kind in TYPED:
        return {"type": kind, "value": element.get("initial_value")}
    if kind in OPTION:
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind in OPTIONS:
        return {"type": kind, "selected_options": element.get("initial_options", [])}
    if kind in PLAIN:
        key, initial = PLAIN[kind]
        empty: list[str] | None = [] if kind.startswith("multi_") or kind == "file_input" else None
        return {"type": kind, key: element.get(initial, empty)}
    return None


def chosen(element: Json, value: Any, directory: Directory) -> Json:
    """Turn what a person gives for an element into its fields (`value`, `selected_option`, …).

    Options are named by their value or their visible text. Raises `NoSuchChoiceError`.
    """
    kind = element["type"]
    if kind in TYPED:
        return {"value": _typed(value)}
    if kind == "overflow" or kind in OPTION:
        return {"selected_option": None if _nothing(value) else pick(element, value)}
    if kind in OPTIONS:
        return {"selected_options": [pick(element, each) for each in _several(value)]}
    if kind not in PLAIN:
        return {}
    key = PLAIN[kind][0]
    if kind == "rich_text_input":
        return {key: as_rich_text(value) if isinstance(value, str) else value}
    if kind.startswith("multi_"):
        return {key: [_named(kind, each, directory) for each in _several(value)]}
    if kind == "file_input":
        return {key: _several(value)}
    if _nothing(value):
        return {key: None}
    return {key: _when(kind, value) if kind in WHEN else _named(kind, value, directory)}


def pick(element: Json, value: Any) -> Json:
    """Find the option with this value or text; an external select's options come from elsewhere."""
    if isinstance(value, dict) and "value" in value:
        if element["type"].endswith("external_select"):
            return value
        value = value["value"]
    options = every_option(element)
    for option in options:
        if value in (option["value"], option["text"]["text"]):
            return {key: option[key] for key in ("text", "value", "description") if key in option}
    if element["type"].endswith("external_select"):
        return {"text": {"type": "plain_text", "text": str(value), "emoji": True}, "value": str(value)}
    offered = ", ".join(repr(option["value"]) for option in options)
    raise NoSuchChoiceError(f"There is no option {value!r}; there are {offered}.")


def as_rich_text(text: str) -> Json:
    """Wrap plain words as a rich text value."""
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}] if text else []}
    return {"type": "rich_text", "elements": [section]}


def is_blank(state: Json) -> bool:
    """Tell whether an element's state holds nothing that Slack would take for an answer."""
    return not any(value for key, value in state.items() if key not in {"type", "timezone"})


def _nothing(value: Any) -> bool:
    return value is None or value == ""


def _typed(value: Any) -> str | None:
    if isinstance(value, dict | list):
        raise NoSuchChoiceError(f"A text is wanted, not {value!r}.")
    return None if _nothing(value) else str(value)


def _when(kind: str, value: Any) -> str | int:
    """Read a date, a time or a moment as its picker would give it."""
    try:
        match kind:
            case "datepicker":
                return date.fromisoformat(value).isoformat()
            case "timepicker":
                return datetime.strptime(value, "%H:%M").strftime("%H:%M")  # noqa: DTZ007  a time of no day
            case _:
                return int(value)
    except (ValueError, TypeError, OverflowError):
        raise NoSuchChoiceError(f"{value!r} is not {WHEN[kind]}.") from None


def _several(value: Any) -> list[Any]:
    if _nothing(value):
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _named(kind: str, value: Any, directory: Directory) -> str:
    name = str(value)
    is_person = "users" in kind or ("conversations" in kind and name.startswith(("@", "U")))
    found = directory.user(name) if is_person else directory.channel(name)
    if found is None:
        raise NoSuchChoiceError(f"There is nobody and nothing called {name!r} to choose.")
    return found
