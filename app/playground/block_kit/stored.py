"""What Slack adds to blocks when it stores them: ids for what has none, and defaults written out.

docs: reference/block-kit/blocks (block_id), reference/block-kit/composition-objects/text-object
"""

from collections.abc import Callable
from typing import Any

from app.playground.block_kit.surfaces import held_elements
from app.playground.model import Json


def stored_blocks(blocks: list[Json], new_id: Callable[[], str]) -> list[Json]:
    """Copy blocks as Slack keeps them: each has a `block_id`, each element that acts an `action_id`."""
    kept: list[Json] = []
    for block in blocks:
        copy: Json = stored(block)
        if not copy.get("block_id"):
            copy["block_id"] = new_id()
        for _, element in held_elements(copy):
            if element.get("type") not in {"image", "plain_text", "mrkdwn"} and not _is_rich_text(element):
                element.setdefault("action_id", new_id())
        kept.append(copy)
    return kept


def _is_rich_text(element: Json) -> bool:
    return str(element.get("type", "")).startswith("rich_text_") and element.get("type") != "rich_text_input"


def stored(value: Any) -> Any:
    """Copy a value, with text objects' defaults written out and nulls left out."""
    if isinstance(value, list):
        return [stored(each) for each in value]
    if not isinstance(value, dict):
        return value
    copy = {key: stored(each) for key, each in value.items() if each is not None}
    if copy.get("type") == "plain_text" and "text" in copy:
        copy.setdefault("emoji", True)
    if copy.get("type") == "mrkdwn" and "text" in copy:
        copy.setdefault("verbatim", False)
    return copy
