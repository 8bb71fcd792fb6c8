"""Blocks, and which surface may hold which. docs: reference/block-kit/blocks."""

from collections.abc import Iterable, Mapping

from app.playground.block_kit.elements import (
    IN_ACTIONS,
    IN_CONTEXT_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    elements,
    image,
)
from app.playground.block_kit.objects import block_id, plain_text, rich, slack_file, url
from app.playground.block_kit.rich_text import rich_text
from app.playground.block_kit.shapes import (
    Check,
    anything,
    at_most_one_of,
    by_type,
    flag,
    listing,
    one_of,
    record,
    some_of,
    string,
)

ID: Mapping[str, Check] = {"block_id": block_id}

table_cell = by_type(
    {
        "raw_text": record({"text": string(least=1)}),
        "raw_number": record({"value": anything}, {"text": string()}),
        "rich_text": rich_text,
    }
)
task = record(
    {"task_id": string(255, 1), "title": string(least=1)},
    {
        **ID,
        "status": one_of("pending", "in_progress", "complete", "error"),
        "details": rich_text,
        "output": rich_text,
        "sources": listing(anything),
    },
)
card = record(
    {},
    {
        **ID,
        "title": rich(150),
        "subtitle": rich(150),
        "body": rich(200),
        "icon": image,
        "hero_image": image,
        "actions": listing(by_type(elements(("button",))), 3),
    },
    [some_of("title", "body", "actions", "hero_image")],
)


def input_block(names: tuple[str, ...]) -> Check:
    """An input that may hold these elements."""
    return record(
        {"label": plain_text(2000), "element": by_type(elements(names))},
        {**ID, "hint": plain_text(2000), "optional": flag, "dispatch_action": flag},
    )


BLOCKS: Mapping[str, Check] = {
    "section": record(
        {},
        {
            **ID,
            "text": rich(),
            "fields": listing(rich(2000), 10, 1),
            "accessory": by_type(elements(IN_SECTION)),
            "expand": flag,
        },
        [some_of("text", "fields")],
    ),
    "divider": record({}, ID),
    "header": record({"text": plain_text(150)}, ID),
    "context": record(
        {"elements": listing(by_type({"image": image, "plain_text": rich(), "mrkdwn": rich()}), 10, 1)},
        ID,
    ),
    "actions": record({"elements": listing(by_type(elements(IN_ACTIONS)), 25, 1)}, ID),
    "context_actions": record({"elements": listing(by_type(elements(IN_CONTEXT_ACTIONS)), 5, 1)}, ID),
    "input": input_block(IN_INPUT),
    "image": record(
        {"alt_text": string(2000, 1)},
        {**ID, "image_url": url, "slack_file": slack_file, "title": plain_text(2000)},
        [some_of("image_url", "slack_file"), at_most_one_of("image_url", "slack_file")],
    ),
    "rich_text": rich_text,
    "markdown": record({"text": string(12_000, 1)}, ID),
    "file": record({"external_id": string(255, 1), "source": one_of("remote")}, ID),
    "video": record(
        {
            "alt_text": string(2000, 1),
            "title": plain_text(200),
            "thumbnail_url": url,
            "video_url": url,
        },
        {
            **ID,
            "title_url": url,
            "description": plain_text(200),
            "provider_name": string(255),
            "provider_icon_url": url,
            "author_name": string(50),
        },
    ),
    "table": record(
        {"rows": listing(listing(table_cell, 20, 1), 100, 1)},
        {**ID, "column_settings": listing(anything, 20)},
    ),
    "alert": record(
        {"text": rich(200)}, {**ID, "level": one_of("default", "info", "warning", "error", "success")}
    ),
    "card": card,
    "carousel": record({"elements": listing(by_type({"card": card}), 10, 1)}, ID),
    "task_card": task,
    "plan": record({"title": string(least=1)}, {**ID, "tasks": listing(by_type({"task_card": task}), 50)}),
}

IN_VIEWS = (
    "section",
    "divider",
    "header",
    "context",
    "actions",
    "input",
    "image",
    "rich_text",
    "video",
)
ONLY_IN_MODALS = ("alert",)
# Files are asked for in modals only: reference/block-kit/block-elements/file-input-element.
INPUT_OUTSIDE_MODALS = {"input": input_block(tuple(name for name in IN_INPUT if name != "file_input"))}
MESSAGE_BLOCKS_MAX = 50
VIEW_BLOCKS_MAX = 100


def _some(names: Iterable[str]) -> dict[str, Check]:
    return {name: BLOCKS[name] for name in names}


message_blocks = listing(
    by_type(_some(set(BLOCKS) - set(ONLY_IN_MODALS)) | INPUT_OUTSIDE_MODALS), MESSAGE_BLOCKS_MAX
)
modal_blocks = listing(by_type(_some((*IN_VIEWS, *ONLY_IN_MODALS))), VIEW_BLOCKS_MAX)
home_blocks = listing(by_type(_some(IN_VIEWS) | INPUT_OUTSIDE_MODALS), VIEW_BLOCKS_MAX)
