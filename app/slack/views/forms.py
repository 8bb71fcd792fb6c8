"""What forms are made of."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from app.domain.duration import format_duration
from app.domain.request import Request
from app.slack.views.blocks import Block, option, plain, section
from app.slack.views.text import escape

LONGEST_TEXT = 2000


def form(callback_id: str, title: str, submit: str, metadata: str, blocks: Sequence[Block]) -> Block:
    """A modal; `metadata` comes back with it, and is believed no more than a button's value."""
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(title, 24),
        "submit": plain(submit, 24),
        "close": plain("Back", 24),
        "private_metadata": metadata,
        "blocks": list(blocks),
    }


def about(request: Request) -> Block:
    """Whose request it is, and for what."""
    return section(
        f"*{escape(request.requester.name)}*: {escape(request.action_title or request.action)} on "
        f"`{escape(request.resource)}` (`{request.id}`)"
    )


def input_block(block_id: str, label: str, element: Block, *, optional: bool = False) -> Block:
    asked = {"type": "input", "block_id": block_id, "label": plain(label, 2000), "element": element}
    return asked | {"optional": True} if optional else asked


def text_field(action_id: str, written: str, shortest: int, longest: int = LONGEST_TEXT) -> Block:
    """A field for a few lines."""
    element: Block = {
        "type": "plain_text_input",
        "action_id": action_id,
        "multiline": True,
        "max_length": longest,
    }
    if shortest:
        element["min_length"] = shortest
    if written:
        element["initial_value"] = written[:longest]
    return element


def duration_choice(action_id: str, offered: Iterable[timedelta], initial: timedelta) -> Block:
    """A choice of durations, the shortest first."""
    return {
        "type": "static_select",
        "action_id": action_id,
        "options": [duration_option(each) for each in sorted(offered)],
        "initial_option": duration_option(initial),
    }


def duration_option(duration: timedelta) -> Block:
    return option(format_duration(duration), f"{int(duration.total_seconds())}s")
