"""Block elements, and which block may hold which.

docs: reference/block-kit/block-elements
"""

from collections.abc import Mapping

from app.playground.block_kit.objects import (
    OPTIONS_MAX,
    action_id,
    confirm,
    conversation_filter,
    dispatch_config,
    initials_among_options,
    option,
    option_group,
    plain_text,
    slack_file,
    url,
)
from app.playground.block_kit.shapes import (
    Check,
    anything,
    at_most_one_of,
    flag,
    listing,
    one_of,
    record,
    some_of,
    string,
    whole,
)

ACTION: Mapping[str, Check] = {"action_id": action_id}
CONFIRMED: Mapping[str, Check] = {**ACTION, "confirm": confirm}
FOCUSED: Mapping[str, Check] = {**CONFIRMED, "focus_on_load": flag}
PROMPTED: Mapping[str, Check] = {**FOCUSED, "placeholder": plain_text(150)}
TYPED: Mapping[str, Check] = {
    **ACTION,
    "placeholder": plain_text(150),
    "initial_value": string(3000),
    "dispatch_action_config": dispatch_config,
    "focus_on_load": flag,
}
MANY: Mapping[str, Check] = {**PROMPTED, "max_selected_items": whole(1, 1000)}
OPTIONS: Mapping[str, Check] = {
    "options": listing(option(), OPTIONS_MAX, 1),
    "option_groups": listing(option_group, OPTIONS_MAX, 1),
}
ONE_SOURCE = [some_of("options", "option_groups"), at_most_one_of("options", "option_groups")]
CHOICE = listing(option(markup=True), 10, 1)
DATE = string(10, pattern=r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", what="a date as YYYY-MM-DD")
TIME = string(5, pattern=r"([01]\d|2[0-3]):[0-5]\d", what="a time as HH:mm")
NUMBER = string(pattern=r"-?\d+(\.\d+)?", what="a number")
IDS = listing(string(255, 1))

image = record(
    {"alt_text": string(2000, 1)},
    {"image_url": url, "slack_file": slack_file},
    [some_of("image_url", "slack_file"), at_most_one_of("image_url", "slack_file")],
)

ELEMENTS: Mapping[str, Check] = {
    "button": record(
        {"text": plain_text(75)},
        {
            **CONFIRMED,
            "url": url,
            "value": string(2000),
            "style": one_of("primary", "danger"),
            "accessibility_label": string(75),
        },
    ),
    "checkboxes": record(
        {"options": CHOICE},
        {**FOCUSED, "initial_options": listing(option(markup=True), 10, 1)},
        [initials_among_options],
    ),
    "radio_buttons": record(
        {"options": CHOICE}, {**FOCUSED, "initial_option": option(markup=True)}, [initials_among_options]
    ),
    "datepicker": record({}, {**PROMPTED, "initial_date": DATE}),
    "timepicker": record({}, {**PROMPTED, "initial_time": TIME, "timezone": string(100, 1)}),
    "datetimepicker": record({}, {**FOCUSED, "initial_date_time": whole(1_000_000_000, 9_999_999_999)}),
    "overflow": record({"options": listing(option(with_url=True), 5, 1)}, CONFIRMED),
    "static_select": record(
        {}, {**PROMPTED, **OPTIONS, "initial_option": option()}, [*ONE_SOURCE, initials_among_options]
    ),
    "external_select": record(
        {}, {**PROMPTED, "initial_option": option(), "min_query_length": whole(0, 1000)}
    ),
    "users_select": record({}, {**PROMPTED, "initial_user": string(255, 1)}),
    "conversations_select": record(
        {},
        {
            **PROMPTED,
            "initial_conversation": string(255, 1),
            "default_to_current_conversation": flag,
            "response_url_enabled": flag,
            "filter": conversation_filter,
        },
    ),
    "channels_select": record(
        {}, {**PROMPTED, "initial_channel": string(255, 1), "response_url_enabled": flag}
    ),
    "multi_static_select": record(
        {},
        {**MANY, **OPTIONS, "initial_options": listing(option(), OPTIONS_MAX, 1)},
        [*ONE_SOURCE, initials_among_options],
    ),
    "multi_external_select": record(
        {},
        {**MANY, "initial_options": listing(option(), OPTIONS_MAX, 1), "min_query_length": whole(0, 1000)},
    ),
    "multi_users_select": record({}, {**MANY, "initial_users": IDS}),
    "multi_conversations_select": record(
        {},
        {
            **MANY,
            "initial_conversations": IDS,
            "default_to_current_conversation": flag,
            "filter": conversation_filter,
        },
    ),
    "multi_channels_select": record({}, {**MANY, "initial_channels": IDS}),
    "plain_text_input": record(
        {}, {**TYPED, "multiline": flag, "min_length": whole(0, 3000), "max_length": whole(1, 3000)}
    ),
    "email_text_input": record({}, TYPED),
    "url_text_input": record({}, TYPED),
    "number_input": record(
        {"is_decimal_allowed": flag},
        {**TYPED, "initial_value": NUMBER, "min_value": NUMBER, "max_value": NUMBER},
    ),
    "rich_text_input": record({}, {**TYPED, "initial_value": anything}),
    "file_input": record(
        {}, {**ACTION, "filetypes": listing(string(255, 1), least=1), "max_files": whole(1, 10)}
    ),
    "workflow_button": record(
        {"text": plain_text(75), "workflow": anything, "action_id": action_id},
        {"style": one_of("primary", "danger"), "accessibility_label": string(75)},
    ),
    "image": image,
    "feedback_buttons": record({"positive_button": anything, "negative_button": anything}, ACTION),
    "icon_button": record(
        {"icon": string(255, 1), "text": plain_text(75)},
        {**CONFIRMED, "value": string(2000), "accessibility_label": string(75), "visible_to_user_ids": IDS},
    ),
}

SELECTS = ("static", "external", "users", "conversations", "channels")
ONE_OF_MANY = tuple(f"{source}_select" for source in SELECTS)
SOME_OF_MANY = tuple(f"multi_{source}_select" for source in SELECTS)
EVERYWHERE = ("checkboxes", "radio_buttons", "datepicker", "timepicker", *ONE_OF_MANY)

IN_SECTION = ("button", "image", "overflow", "workflow_button", *EVERYWHERE, *SOME_OF_MANY)
IN_ACTIONS = (
    "button",
    "overflow",
    "datetimepicker",
    "workflow_button",
    "rich_text_input",
    *EVERYWHERE,
    *SOME_OF_MANY,
)
IN_INPUT = (
    "datetimepicker",
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "rich_text_input",
    "file_input",
    *EVERYWHERE,
    *SOME_OF_MANY,
)
IN_CONTEXT_ACTIONS = ("feedback_buttons", "icon_button")


def elements(names: tuple[str, ...]) -> Mapping[str, Check]:
    """Pick the shapes of these elements."""
    return {name: ELEMENTS[name] for name in names}
