"""Messages' blocks, modals and homes: the rules that need the whole surface.

docs: reference/views/modal-views, reference/views/home-tab-views, surfaces/messages
"""

from collections.abc import Iterator
from typing import Any

from app.playground.block_kit.blocks import home_blocks, message_blocks, modal_blocks
from app.playground.block_kit.objects import plain_text
from app.playground.block_kit.shapes import Check, Report, by_type, flag, record, string
from app.playground.model import Json

VIEW_BYTES_MAX = 250_000

COMMON: dict[str, Check] = {
    "private_metadata": string(3000),
    "callback_id": string(255),
    "external_id": string(255),
}
view_shape = by_type(
    {
        "modal": record(
            {"title": plain_text(24), "blocks": modal_blocks},
            {
                **COMMON,
                "submit": plain_text(24),
                "close": plain_text(24),
                "clear_on_close": flag,
                "notify_on_close": flag,
                "submit_disabled": flag,
            },
        ),
        "home": record({"blocks": home_blocks}, COMMON),
    }
)


def check_message_blocks(blocks: Any) -> Report:
    """Judge a message's blocks."""
    report = Report()
    message_blocks(blocks, "/blocks", report)
    if isinstance(blocks, list):
        _whole_surface(blocks, "/blocks", report)
        tables = [index for index, block in enumerate(blocks) if _type(block) == "table"]
        if len(tables) > 1:
            report.add("only one table block allowed", f"/blocks/{tables[1]}")
    return report


def check_view(view: Any) -> Report:
    """Judge a modal or a home."""
    report = Report()
    view_shape(view, "/view", report)
    blocks = view.get("blocks") if isinstance(view, dict) else None
    if isinstance(blocks, list):
        _whole_surface(blocks, "/view/blocks", report)
        has_input = any(_type(block) == "input" for block in blocks)
        if view.get("type") == "modal" and has_input and not view.get("submit"):
            report.add("missing required field: submit", "/view")
    return report


def held_elements(block: Json) -> Iterator[tuple[str, Json]]:
    """List a block's elements, each with its place in the block (`/accessory`, `/elements/0`)."""
    for key in ("element", "accessory"):
        if isinstance(block.get(key), dict):
            yield f"/{key}", block[key]
    inner = block.get("actions") if block.get("type") == "card" else block.get("elements")
    for index, each in enumerate(inner if isinstance(inner, list) else []):
        if not isinstance(each, dict):
            continue
        if each.get("type") == "card":
            for place, button in held_elements(each):
                yield f"/elements/{index}{place}", button
        else:
            yield f"/elements/{index}", each


def _type(block: Any) -> Any:
    return block.get("type") if isinstance(block, dict) else None


def _whole_surface(blocks: list[Any], pointer: str, report: Report) -> None:
    seen: set[str] = set()
    focused = 0
    for index, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        block_id = block.get("block_id")
        if isinstance(block_id, str) and block_id:
            if block_id in seen:
                report.add(f'`block_id` "{block_id}" already exists', f"{pointer}/{index}/block_id")
            seen.add(block_id)
        actions: set[str] = set()
        for place, element in held_elements(block):
            action_id = element.get("action_id")
            focused += element.get("focus_on_load") is True
            if isinstance(action_id, str) and action_id:
                if action_id in actions:
                    complaint = f'`action_id` "{action_id}" already exists for another element'
                    report.add(complaint, f"{pointer}/{index}{place}/action_id")
                actions.add(action_id)
    if focused > 1:
        report.add("only one element may have focus_on_load", pointer)
