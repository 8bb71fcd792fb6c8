"""Contract: a pattern that a policy may hold is judged in a time that its text cannot make long.

What could take long is refused when it is loaded, with what to write instead.
"""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy.patterns import LONGEST_TEXT, MOST_WAYS, found_in, pattern


@pytest.mark.parametrize(
    "text",
    ["PAY-[0-9]{1,6}", r"\b[A-Z]{2,10}-\d{1,6}\b", "(?i)inc-?[0-9]{4}", "(PAY|INC)-[0-9]{1,6}", "#[0-9]{1,5}",
     "(?:ab){3}", "[^ ]{3}://x", "a{1000}"],
)  # fmt: skip
def test_patterns_of_tickets(text):
    """What tickets look like is let through, and is the same expression as in Python."""
    assert text == pattern(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PAY-[0-9]+", "has a repeat without a limit (* or +); write one with a limit, such as {1,6}"),
        ("(a*)*b", "has a repeat without a limit"),
        ("a{2,}", "has a repeat without a limit"),
        ("(a{1,9}){1,9}b", "can be read in "),
        ("(a|aa){1,30}b", "can be read in "),
        ("(a|aa){99}b", "can be read in "),
        (
            "a{0,99}a{0,99}b",
            "can be read in more than 1,000 ways at one place of a text; lower the limits of",
        ),
        (r"(a)\1", "uses groupref, which policies do without; write a pattern that a ticket matches"),
        ("(?=a)b", "uses assert, which policies do without; write"),
        ("(?<!a)b", "uses assert not, which policies do without; write"),
        ("(a", "is no regular expression (missing ), unterminated subpattern at position 0); write"),
        ("[z-a]", "is no regular expression (bad character range z-a at position 1); write"),
        ("a{99999999999}", "is no regular expression"),
        ("a?", "is found in an empty text, and so in any; write"),
        ("", "has 0 characters; write 1 to 200"),
        ("a" * 201, "has 201 characters; write 1 to 200"),
        (None, "is missing; write a pattern that a ticket matches, such as  PAY-[0-9]{1,6}"),
        (["a"], "is a list; write a pattern"),
    ],
)
def test_patterns_that_are_refused(text, said):
    """What has no limit, looks around, or is found everywhere is refused with what would be right."""
    with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
        pattern(text)


parts = st.sampled_from(["a", "[ab]", "(a|b)", "(a|ab)", ".", r"\w", "b"])
repeats = st.sampled_from(["", "?", "{1,3}", "{0,9}", "{2}", "{1,30}", "{5,40}"])
patterns = st.lists(st.tuples(parts, repeats), min_size=1, max_size=6).map(
    lambda pairs: "".join(part + repeat for part, repeat in pairs) + "!"
)


@given(patterns, st.sampled_from(["a", "b", "ab", "aab"]))
def test_cost_has_a_limit(text, repeated):
    """Whatever is let through is soon done with the longest and worst of texts."""
    try:
        pattern(text)
    except ValueError:
        return
    worst = (repeated * LONGEST_TEXT)[:LONGEST_TEXT]
    began = time.process_time()

    assert found_in(worst, text) is None
    assert time.process_time() - began < 1


def test_the_worst_that_is_let_through():
    """The very limit is a matter of milliseconds, over a text that almost matches everywhere."""
    text = pattern("a{0,30}a{0,30}!")
    began = time.process_time()

    assert found_in("a" * LONGEST_TEXT, text) is None
    assert time.process_time() - began < 1
    assert MOST_WAYS > 31 * 31


def test_found():
    """What is found is given, wherever it stands; what stands past the longest reason does not count."""
    assert "PAY-17" == found_in("see PAY-17, please", "PAY-[0-9]{1,6}")
    assert found_in("x" * LONGEST_TEXT + "PAY-17", "PAY-[0-9]{1,6}") is None
    assert found_in("", "PAY-[0-9]{1,6}") is None
