"""Contract: the word that was meant is found as `difflib` would find it, however many words there are.

How long it takes among 20,000 is measured by `tests/bench/bench_policy.py`.
"""

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy.nearest import nearest

WORDS = st.text("abcd-1", min_size=1, max_size=8)
ACTIONS = [f"act-{number}" for number in range(20_000)]


def ratio(typed: str, word: str) -> float:
    return difflib.SequenceMatcher(None, word, typed).ratio()


@given(typed=WORDS, known=st.sets(WORDS, max_size=20))
def test_as_difflib(typed, known):
    """What is found is as like the word typed as what comparing it to each word finds."""
    likes = difflib.get_close_matches(typed, known, n=1, cutoff=0.6)
    begins = sorted(word for word in known if len(typed) >= 3 and word.startswith(typed))
    found = nearest(typed, known)
    if likes:
        assert ratio(typed, likes[0]) == ratio(typed, found)
    else:
        assert (begins or [None])[0] == found


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("atc-1234", "act-1234"),
        ("act-19999x", "act-19999"),
        ("ACT-77 ", "act-77"),
        ("deploy", None),
        ("", None),
    ],
)
def test_among_many(typed, meant):
    """A mistyped one of 20,000 names, most of which are in the same letters, is found; another word is none of them."""
    assert meant == nearest(typed, ACTIONS)


def test_beyond_latin():
    """Letters of any script are compared, whatever case they are in."""
    assert "Сервер" == nearest("СЕРВЕ", ["Сервер", "Рсереве", "база"])
