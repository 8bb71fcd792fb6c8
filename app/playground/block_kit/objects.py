"""Composition objects: text, options, confirmation dialogs, filters.

docs: reference/block-kit/composition-objects
"""

from typing import Any

from app.playground.block_kit.shapes import (
    Check,
    Report,
    by_type,
    flag,
    listing,
    one_of,
    record,
    some_of,
    string,
)

TEXT_MAX = 3000
OPTION_TEXT_MAX = 75
OPTION_VALUE_MAX = 150
OPTIONS_MAX = 100

action_id = string(255)
block_id = string(255)
url = string(3000, 1)


def plain_text(most: int = TEXT_MAX) -> Check:
    """Plain text. docs: composition-objects/text-object."""
    return by_type({"plain_text": record({"text": string(most, 1)}, {"emoji": flag})})


def rich(most: int = TEXT_MAX) -> Check:
    """Plain text or mrkdwn. docs: composition-objects/text-object."""
    return by_type(
        {
            "plain_text": record({"text": string(most, 1)}, {"emoji": flag}),
            "mrkdwn": record({"text": string(most, 1)}, {"verbatim": flag}),
        }
    )


def option(*, markup: bool = False, with_url: bool = False) -> Check:
    """One choice. docs: composition-objects/option-object."""
    text = rich(OPTION_TEXT_MAX) if markup else plain_text(OPTION_TEXT_MAX)
    about = rich(OPTION_TEXT_MAX) if markup else plain_text(OPTION_TEXT_MAX)
    optional: dict[str, Check] = {"description": about}
    if with_url:
        optional["url"] = url
    return record({"text": text, "value": string(OPTION_VALUE_MAX)}, optional)


option_group = record(
    {"label": plain_text(OPTION_TEXT_MAX), "options": listing(option(), OPTIONS_MAX, 1)},
)

confirm = record(
    {"title": plain_text(100), "text": rich(300), "confirm": plain_text(30), "deny": plain_text(30)},
    {"style": one_of("primary", "danger")},
)

dispatch_config = record(
    {}, {"trigger_actions_on": listing(one_of("on_enter_pressed", "on_character_entered"), 2, 1)}
)

conversation_filter = record(
    {},
    {
        "include": listing(one_of("im", "mpim", "private", "public"), 4, 1),
        "exclude_external_shared_channels": flag,
        "exclude_bot_users": flag,
    },
    [some_of("include", "exclude_external_shared_channels", "exclude_bot_users")],
)

slack_file = record({}, {"id": string(), "url": url}, [some_of("id", "url")])


def initials_among_options(value: Any, pointer: str, report: Report) -> None:
    """Complain unless what is chosen from the start stands among the options, letter for letter."""
    offered = [each.get("value") for each in every_option(value) if isinstance(each, dict)]
    for key in ("initial_option", "initial_options"):
        given = value.get(key)
        for each in given if isinstance(given, list) else [given]:
            if isinstance(each, dict) and each.get("value") not in offered:
                report.add("initial option must exactly match one of the options", f"{pointer}/{key}")


def every_option(element: Any) -> list[Any]:
    """List an element's options, whether grouped or not."""
    groups = element.get("option_groups")
    sources = [element, *(groups if isinstance(groups, list) else [])]
    listed = [each.get("options") for each in sources if isinstance(each, dict)]
    return [option for options in listed if isinstance(options, list) for option in options]
