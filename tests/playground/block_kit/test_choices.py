"""Contract of what a person gives for an element: its value as Slack sends it, or a refusal that says why.

docs: reference/interaction-payloads/block_actions-payload, reference/views (state.values)
"""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.playground.block_kit.choices import Directory, NoSuchChoiceError, chosen, initial_state
from app.playground.block_kit.elements import ELEMENTS

OPTIONS = [{"text": {"type": "plain_text", "text": word}, "value": word[0]} for word in ("red", "blue")]
WHO = Directory(
    user={"@ana": "U0ANA", "U0ANA": "U0ANA"}.get,
    channel={"#general": "C0GENERAL", "general": "C0GENERAL"}.get,
)
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner)),
)


def element(kind: str) -> dict:
    return {"type": kind, "action_id": "a", "options": OPTIONS}


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        ("plain_text_input", "hello", {"value": "hello"}),
        ("plain_text_input", "", {"value": None}),
        ("number_input", 5, {"value": "5"}),
        ("static_select", "r", {"selected_option": OPTIONS[0]}),
        ("static_select", "blue", {"selected_option": OPTIONS[1]}),
        ("static_select", None, {"selected_option": None}),
        ("radio_buttons", "b", {"selected_option": OPTIONS[1]}),
        ("overflow", "b", {"selected_option": OPTIONS[1]}),
        ("checkboxes", ["r", "b"], {"selected_options": OPTIONS}),
        ("checkboxes", None, {"selected_options": []}),
        ("multi_static_select", "r", {"selected_options": OPTIONS[:1]}),
        ("datepicker", "2026-01-31", {"selected_date": "2026-01-31"}),
        ("timepicker", "09:30", {"selected_time": "09:30"}),
        ("datetimepicker", 1_767_000_000, {"selected_date_time": 1_767_000_000}),
        ("users_select", "@ana", {"selected_user": "U0ANA"}),
        ("channels_select", "#general", {"selected_channel": "C0GENERAL"}),
        ("conversations_select", "@ana", {"selected_conversation": "U0ANA"}),
        ("multi_users_select", ["@ana"], {"selected_users": ["U0ANA"]}),
        ("button", None, {}),
    ],
)
def test_a_choice_is_sent_as_slack_sends_it(kind, value, sent):
    """Options by value or by visible text, people and channels by name."""
    assert sent == chosen(element(kind), value, WHO)


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        ("static_select", "green", "There is no option 'green'; there are 'r', 'b'."),
        ("users_select", "@zoe", "There is nobody and nothing called '@zoe' to choose."),
        ("datepicker", "tomorrow", "'tomorrow' is not a date; it looks like 2026-01-31."),
        ("datepicker", "2026-02-30", "'2026-02-30' is not a date; it looks like 2026-01-31."),
        ("timepicker", "25:00", "'25:00' is not a time; it looks like 09:30."),
        ("datetimepicker", "soon", "'soon' is not a time in seconds since the epoch."),
        ("plain_text_input", {"a": 1}, "A text is wanted, not {'a': 1}."),
    ],
)
def test_what_is_not_on_offer_is_refused_in_words(kind, value, why):
    """The refusal names what was given, and what would do."""
    with pytest.raises(NoSuchChoiceError) as refused:
        chosen(element(kind), value, WHO)
    assert why == str(refused.value)


@given(kind=st.sampled_from(sorted(ELEMENTS)), value=ANYTHING)
def test_anything_can_be_tried(kind, value):
    """Whatever is given for whichever element: fields of a payload, or the refusal."""
    with contextlib.suppress(NoSuchChoiceError):
        assert isinstance(chosen(element(kind), value, WHO), dict)


def test_what_was_chosen_stays_where_the_ids_stay():
    """An update keeps what was typed under the same block and action id. docs: surfaces/modals."""
    block = {"type": "input", "block_id": "b", "element": {"type": "plain_text_input", "action_id": "a"}}
    kept = {"b": {"a": {"type": "plain_text_input", "value": "typed"}}}
    assert kept == initial_state([block], kept)
    renamed = block | {"block_id": "other"}
    assert {"other": {"a": {"type": "plain_text_input", "value": None}}} == initial_state([renamed], kept)
