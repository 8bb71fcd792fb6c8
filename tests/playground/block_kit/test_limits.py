"""Contract: what Slack's reference allows is taken, one more is refused, with the place as a JSON pointer.

docs: reference/block-kit/blocks, block-elements, composition-objects; reference/views
"""

from typing import Any

import pytest

from app.playground.block_kit import check_message_blocks, check_view
from tests.playground.stage import actions, button, home, modal, section, text_input

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(number: int, **more: Any) -> Json:
    return {"text": plain(f"Option {number}"), "value": str(number), **more}


def select(**more: Any) -> Json:
    return {"type": "static_select", "action_id": "s", "options": [option(1)], **more}


def with_text(text: str) -> list[Json]:
    return [section(text)]


def with_button(**more: Any) -> list[Json]:
    return [actions(button(**more))]


def with_confirm(**more: Any) -> list[Json]:
    whole = {"title": plain("t"), "text": plain("t"), "confirm": plain("y"), "deny": plain("n")} | more
    return with_button(confirm=whole)


INITIAL = "/blocks/0/elements/0/initial_option"


def at(pointer: str) -> str:
    return f"[json-pointer:{pointer}]"


MESSAGE_LIMITS: dict[str, tuple[Any, int, str]] = {
    "blocks": (lambda n: [{"type": "divider"}] * n, 50, "/blocks"),
    "section text": (lambda n: with_text("x" * n), 3000, "/blocks/0/text/text"),
    "section fields": (lambda n: [{"type": "section", "fields": [plain("x")] * n}], 10, "/blocks/0/fields"),
    "a field": (
        lambda n: [{"type": "section", "fields": [plain("x" * n)]}],
        2000,
        "/blocks/0/fields/0/text",
    ),
    "header": (lambda n: [{"type": "header", "text": plain("x" * n)}], 150, "/blocks/0/text/text"),
    "context": (
        lambda n: [{"type": "context", "elements": [plain("x")] * n}],
        10,
        "/blocks/0/elements",
    ),
    "actions": (lambda n: [actions(*(button(f"a{i}") for i in range(n)))], 25, "/blocks/0/elements"),
    "block_id": (lambda n: [section(block_id="x" * n)], 255, "/blocks/0/block_id"),
    "action_id": (lambda n: with_button(action_id="x" * n), 255, "/blocks/0/elements/0/action_id"),
    "button text": (lambda n: with_button(text="x" * n), 75, "/blocks/0/elements/0/text/text"),
    "button value": (lambda n: with_button(value="x" * n), 2000, "/blocks/0/elements/0/value"),
    "button url": (lambda n: with_button(url="x" * n), 3000, "/blocks/0/elements/0/url"),
    "confirm title": (
        lambda n: with_confirm(title=plain("x" * n)),
        100,
        "/blocks/0/elements/0/confirm/title/text",
    ),
    "confirm text": (
        lambda n: with_confirm(text=plain("x" * n)),
        300,
        "/blocks/0/elements/0/confirm/text/text",
    ),
    "confirm button": (
        lambda n: with_confirm(confirm=plain("x" * n)),
        30,
        "/blocks/0/elements/0/confirm/confirm/text",
    ),
    "options": (
        lambda n: [actions(select(options=[option(i) for i in range(n)]))],
        100,
        "/blocks/0/elements/0/options",
    ),
    "option text": (
        lambda n: [actions(select(options=[option(1) | {"text": plain("x" * n)}]))],
        75,
        "/blocks/0/elements/0/options/0/text/text",
    ),
    "option value": (
        lambda n: [actions(select(options=[option(1) | {"value": "x" * n}]))],
        150,
        "/blocks/0/elements/0/options/0/value",
    ),
    "placeholder": (
        lambda n: [actions(select(placeholder=plain("x" * n)))],
        150,
        "/blocks/0/elements/0/placeholder/text",
    ),
    "overflow": (
        lambda n: [actions({"type": "overflow", "options": [option(i) for i in range(n)]})],
        5,
        "/blocks/0/elements/0/options",
    ),
    "checkboxes": (
        lambda n: [actions({"type": "checkboxes", "options": [option(i) for i in range(n)]})],
        10,
        "/blocks/0/elements/0/options",
    ),
    "radio buttons": (
        lambda n: [actions({"type": "radio_buttons", "options": [option(i) for i in range(n)]})],
        10,
        "/blocks/0/elements/0/options",
    ),
    "alt text": (
        lambda n: [{"type": "image", "image_url": "https://example.com/a.png", "alt_text": "x" * n}],
        2000,
        "/blocks/0/alt_text",
    ),
    "markdown": (lambda n: [{"type": "markdown", "text": "x" * n}], 12_000, "/blocks/0/text"),
    "table rows": (
        lambda n: [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * n}],
        100,
        "/blocks/0/rows",
    ),
    "table columns": (
        lambda n: [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * n]}],
        20,
        "/blocks/0/rows/0",
    ),
}
VIEW_LIMITS: dict[str, tuple[Any, int, str]] = {
    "blocks": (lambda n: modal(*([{"type": "divider"}] * n)), 100, "/view/blocks"),
    "title": (lambda n: modal(title=plain("x" * n)), 24, "/view/title/text"),
    "submit": (lambda n: modal(submit=plain("x" * n)), 24, "/view/submit/text"),
    "close": (lambda n: modal(close=plain("x" * n)), 24, "/view/close/text"),
    "private_metadata": (lambda n: modal(private_metadata="x" * n), 3000, "/view/private_metadata"),
    "callback_id": (lambda n: modal(callback_id="x" * n), 255, "/view/callback_id"),
    "external_id": (lambda n: modal(external_id="x" * n), 255, "/view/external_id"),
    "label": (
        lambda n: modal(text_input() | {"label": plain("x" * n)}),
        2000,
        "/view/blocks/0/label/text",
    ),
    "max_length": (lambda n: modal(text_input(max_length=n)), 3000, "/view/blocks/0/element/max_length"),
}


@pytest.mark.parametrize("what", MESSAGE_LIMITS)
def test_a_messages_limit(what):
    """At the limit a message is fine, above it the complaint points to the place."""
    make, most, pointer = MESSAGE_LIMITS[what]
    assert [] == check_message_blocks(make(most)).errors
    (complaint,) = check_message_blocks(make(most + 1)).errors
    assert complaint.endswith(f"[json-pointer:{pointer}]")


@pytest.mark.parametrize("what", VIEW_LIMITS)
def test_a_views_limit(what):
    """At the limit a view is fine, above it the complaint points to the place."""
    make, most, pointer = VIEW_LIMITS[what]
    assert [] == check_view(make(most)).errors
    (complaint,) = check_view(make(most + 1)).errors
    assert complaint.endswith(f"[json-pointer:{pointer}]")


@pytest.mark.parametrize(
    ("blocks", "complaint"),
    [
        ([{"type": "sect"}], "unsupported type: sect [json-pointer:/blocks/0/type]"),
        ([{}], "missing required field: type [json-pointer:/blocks/0]"),
        ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        ([section() | {"txt": 1}], "invalid additional property: txt [json-pointer:/blocks/0]"),
        ([{"type": "section"}], "missing required field: text or fields [json-pointer:/blocks/0]"),
        (
            [actions(button(style="green"))],
            "must be a valid enum value: primary, danger [json-pointer:/blocks/0/elements/0/style]",
        ),
        (
            [actions({"type": "plain_text_input", "action_id": "a"} | {"type": "file_input"})],
            "unsupported type: file_input [json-pointer:/blocks/0/elements/0/type]",
        ),
        (
            [section(block_id="same"), section(block_id="same")],
            '`block_id` "same" already exists [json-pointer:/blocks/1/block_id]',
        ),
        (
            [actions(button("same"), button("same"))],
            f'`action_id` "same" already exists for another element {at("/blocks/0/elements/1/action_id")}',
        ),
        (
            [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
            "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
        ),
        (
            [actions(select(initial_option=option(2)))],
            f"initial option must exactly match one of the options {at(INITIAL)}",
        ),
    ],
)
def test_what_is_wrong_is_said_in_slacks_words(blocks, complaint):
    """One complaint, worded and placed as Slack does."""
    report = check_message_blocks(blocks)
    assert [complaint] == report.errors
    assert [f"[ERROR] {complaint}"] == report.messages


def test_the_same_action_id_may_be_in_two_blocks():
    """Action ids are unique within a block only. docs: block-elements (action_id)."""
    assert [] == check_message_blocks([actions(button("same")), actions(button("same"))]).errors


def test_a_modal_with_inputs_needs_a_submit_button():
    """docs: reference/views/modal-views (submit)."""
    without = {key: value for key, value in modal(text_input()).items() if key != "submit"}
    assert ["missing required field: submit [json-pointer:/view]"] == check_view(without).errors


def test_a_home_has_no_title():
    """Each kind of view has its own fields. docs: reference/views/home-tab-views."""
    assert ["invalid additional property: title [json-pointer:/view]"] == check_view(
        home(title=plain("x"))
    ).errors


def test_some_things_are_for_modals_only():
    """Alerts and files. docs: block-kit/blocks/alert-block, block-elements/file-input-element."""
    alert = {"type": "alert", "text": plain("Mind the gap"), "level": "warning"}
    file = text_input() | {"element": {"type": "file_input", "action_id": "f"}}
    for block, kind, where in ((alert, "alert", "0/type"), (file, "file_input", "0/element/type")):
        assert [] == check_view(modal(block)).errors
        complaint = f"unsupported type: {kind} "
        assert [complaint + at(f"/blocks/{where}")] == check_message_blocks([block]).errors
        assert [complaint + at(f"/view/blocks/{where}")] == check_view(home(block)).errors


def test_an_actions_block_holds_menus_of_many_choices_too():
    """docs: block-kit/blocks/actions-block, block-elements/multi-select-menu-element."""
    assert [] == check_message_blocks([actions({"type": "multi_users_select", "action_id": "m"})]).errors
