"""Contract: judging never fails itself, and what passes can be stored, shown and filled in."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.playground.block_kit import check_message_blocks, check_view, held_elements, stored, stored_blocks
from app.playground.block_kit.choices import initial_state
from tests.playground.stage import actions, button, home, modal, section, text_input


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


OPTIONS = [{"text": plain(str(number)), "value": str(number)} for number in range(3)]
WORDS = {"type": "rich_text_section", "elements": [{"type": "text", "text": "x", "style": {"bold": True}}]}
SURE = {
    "title": plain("t"),
    "text": {"type": "mrkdwn", "text": "m"},
    "confirm": plain("y"),
    "deny": plain("n"),
}
CORPUS: list[list[dict[str, Any]]] = [
    [section(fields=[{"type": "mrkdwn", "text": "f"}], accessory=button())],
    [
        actions(
            button(confirm=SURE),
            {"type": "static_select", "action_id": "s", "options": OPTIONS, "initial_option": OPTIONS[0]},
            {
                "type": "static_select",
                "action_id": "g",
                "option_groups": [{"label": plain("l"), "options": OPTIONS}],
            },
            {"type": "checkboxes", "action_id": "c", "options": OPTIONS, "initial_options": OPTIONS[:1]},
            {"type": "overflow", "action_id": "o", "options": OPTIONS},
            {"type": "datepicker", "action_id": "d", "initial_date": "2026-01-31"},
            {"type": "timepicker", "action_id": "t", "initial_time": "23:59"},
            {"type": "users_select", "action_id": "u", "initial_user": "U0ANA"},
        )
    ],
    [text_input(initial_value="x", max_length=10), {"type": "divider"}],
    [{"type": "context", "elements": [plain("c")]}, {"type": "header", "text": plain("h")}],
    [
        {
            "type": "rich_text",
            "elements": [WORDS, {"type": "rich_text_list", "style": "bullet", "elements": [WORDS]}],
        }
    ],
    [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}],
    [{"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}],
]
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["type", "text", "value"]), inner)
    ),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """List every place within a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from places(each, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Copy a JSON value with something else at one place."""
    if not path:
        return new
    changed = copy.deepcopy(value)
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new
    return changed


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """Good blocks with something arbitrary at one or two places."""
    blocks: Any = draw(st.sampled_from(CORPUS))
    for _ in range(draw(st.integers(1, 2))):
        blocks = replaced(blocks, draw(st.sampled_from(list(places(blocks)))), draw(JSON))
    return blocks


def test_the_corpus_is_good():
    """What is damaged below was right before."""
    assert [[]] * len(CORPUS) == [check_message_blocks(blocks).errors for blocks in CORPUS]


@pytest.mark.parametrize("odd", [None, True, 5, "x", [], {}, [5], {"type": "x"}, {"type": 5}], ids=repr)
def test_anything_at_any_place_is_judged(odd):
    """Each place of each good message in turn holds something odd, and there is a verdict every time."""
    for blocks in CORPUS:
        for path in places(blocks):
            broken = replaced(blocks, path, odd)
            check_message_blocks(broken)
            check_view(modal() | {"blocks": broken})


@given(blocks=damaged())
def test_damaged_blocks_are_judged_and_what_passes_can_be_stored(blocks):
    """There is a verdict for anything, and a good verdict means that the message can be shown."""
    report = check_message_blocks(blocks)
    if not report.errors:
        kept = stored_blocks(blocks, iter(str(number) for number in range(1000)).__next__)
        assert set(initial_state(kept)) <= {block["block_id"] for block in kept}


@given(blocks=damaged(), kind=st.sampled_from([modal, home]))
def test_damaged_views_are_judged_and_what_passes_can_be_stored(blocks, kind):
    """The same for modals and homes."""
    view = kind() | {"blocks": blocks}
    if not check_view(view).errors:
        stored_blocks(stored(view)["blocks"], iter(str(number) for number in range(1000)).__next__)


@given(view=JSON)
def test_what_is_no_view_is_judged(view):
    """A view may be anything at all."""
    assert check_view(view).errors


def test_what_has_no_id_gets_one_of_its_own():
    """Slack gives every block and every element that acts an id. docs: block-kit/blocks (block_id)."""
    blocks = [section(), actions({"type": "button", "text": {"type": "plain_text", "text": "x"}})]
    ids = iter(["b1", "b2", "a1"])
    kept = stored_blocks(blocks, ids.__next__)
    assert ["b1", "b2"] == [block["block_id"] for block in kept]
    assert ["a1"] == [element["action_id"] for _, element in held_elements(kept[1])]


def test_defaults_of_text_are_written_out():
    """docs: composition-objects/text-object (emoji, verbatim)."""
    assert {"type": "mrkdwn", "text": "x", "verbatim": False} == stored({"type": "mrkdwn", "text": "x"})
    assert {"type": "plain_text", "text": "x", "emoji": True} == stored({"type": "plain_text", "text": "x"})
