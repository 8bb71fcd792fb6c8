"""Contract: what people type is read or refused in a sentence, and reads the same when written again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.duration import format_duration, parse_duration
from app.domain.ids import (
    ALPHABET,
    is_id,
    new_credential_id,
    new_delegation_id,
    new_request_id,
    partition_in,
    partition_of,
    read_recorded_id,
    read_request_id,
)


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [("30m", 30), ("1h", 60), ("1h30m", 90), ("2d", 2880), ("45 min", 45), ("90 minutes", 90), ("60s", 1)],
)
def test_durations_as_people_type_them(typed, minutes):
    """Usual spellings are understood."""
    assert timedelta(minutes=minutes) == parse_duration(typed)


@pytest.mark.parametrize(
    "typed",
    ["", "0", "0m", "-5m", "banana", "30", "m", "1h banana", "1.5h", "١m", "9999999999d", "99999d", "5x"],
)
def test_what_is_no_duration_is_refused_with_an_example(typed):
    """The refusal quotes what was typed and shows what would be right."""
    with pytest.raises(ValueError, match="30m"):
        parse_duration(typed)


@given(st.integers(1, 366 * 1440))
def test_written_durations_are_understood(minutes):
    """What the product writes about a duration is a text, never empty and never negative."""
    assert format_duration(timedelta(minutes=minutes))[0] in "123456789"


@given(st.text(min_size=1, max_size=30))
def test_an_id_carries_its_requesters_partition(person):
    """One id is enough to find everything, however it is typed."""
    made = new_request_id(person)
    assert partition_of(person) == partition_in(made)
    assert made == read_request_id(f" `{made.lower()}` ")


@pytest.mark.parametrize("new", [new_request_id, new_delegation_id, new_credential_id])
def test_whatever_has_a_story_has_an_id(new):
    """An id of each kind is read where a story is asked for; only a request's is a request's."""
    made = new("ana")
    assert (made, True) == (read_recorded_id(f"`{made.lower()}`"), is_id(made))
    if made[0] != "R":
        with pytest.raises(ValueError, match="is not a request id"):
            read_request_id(made)


@pytest.mark.parametrize("text", ["", "X07-4KX9TQZ", "F99-4KX9TQZ", "F07-4KX9TQ", "F07-4KX9TQZ1", "…1a2b"])
def test_what_is_no_id(text):
    """Another letter, a partition that is not there, too short, too long."""
    assert not is_id(text)
    with pytest.raises(ValueError, match="F07-4KX9TQZ"):
        read_recorded_id(text)


@given(st.text(max_size=20))
def test_any_text_is_an_id_or_refused(text):
    """No text passes for an id that does not have its form."""
    try:
        read = read_request_id(text)
    except ValueError:
        return
    assert set(read[4:]) <= set(ALPHABET)


def test_letters_that_look_like_digits_are_forgiven():
    """O is 0, I and L are 1, as in Crockford's base 32."""
    assert "R07-4K01100" == read_request_id("r07-4kolioo")
