"""Contract of what a request is bound to: the same thing has the same digest, anything else has another.

What cannot be told apart exactly is refused, and so is what is too large to be read.
"""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.binding import LONGEST, bind_command, bind_parameters, must_be_bound_to
from app.domain.refusals import BadInput, DigestMismatch, DigestNeeded

words = st.lists(st.text(st.characters(exclude_categories=("Cs",)), min_size=1), min_size=1, max_size=6)


def test_the_digest_is_documented():
    """SHA-256 over canonical JSON: anybody can compute it."""
    canonical = '["psql","orders","-c","select 1"]'
    bound = bind_command(["psql", "orders", "-c", "select 1"])
    assert (canonical, hashlib.sha256(canonical.encode()).hexdigest()) == (bound.canonical, bound.digest)
    assert '{"amount":120,"b":[true,null],"order":"A-17"}' == (
        bind_parameters({"order": "A-17", "amount": 120.0, "b": [True, None]}).canonical
    )


@given(words, words)
def test_equal_words_equal_digests(one, other):
    """And only those: no way to split or join words makes two commands one."""
    assert (one == other) == (bind_command(one).digest == bind_command(other).digest)
    assert one == json.loads(bind_command(one).canonical)


def test_order_of_keys_means_nothing_and_kinds_do():
    """Keys in any order are the same parameters; a number is not its text, and a list no object."""
    assert bind_parameters({"a": 1, "b": 2}) == bind_parameters({"b": 2, "a": 1})
    digests = {
        bind_parameters(each).digest for each in ({"a": 1}, {"a": "1"}, {"a": [1]}, {"a": True}, {"a": None})
    }
    assert 5 == len(digests)
    assert bind_command(["a"]).is_command
    assert not bind_parameters({"a": "a"}).is_command


@pytest.mark.parametrize(
    ("bind", "what"),
    [
        (bind_command, []),
        (bind_command, [""]),
        (bind_command, ["x"] * 257),
        (bind_command, ["x", "y" * LONGEST]),
        (bind_command, ["x", "\ud800"]),
        (bind_parameters, {}),
        (bind_parameters, {"a": 2**53 + 1}),
        (bind_parameters, {"a": float("nan")}),
        (bind_parameters, {"\ud800": 1}),
        (bind_parameters, {"a": json.loads("[" * 40 + "]" * 40)}),
        (bind_parameters, {"a": "x" * LONGEST}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_bound_to(bind, what):
    """Nothing, too much, too deep, or what no canonical form has: refused, by the field."""
    with pytest.raises(BadInput) as refused:
        bind(what)
    assert refused.value.field in {"command", "parameters"}


def test_what_a_grant_permits():
    """Bound: its digest alone, which has to be said. Not bound: anything."""
    bound, other = bind_command(["a"]), bind_command(["b"])
    must_be_bound_to("R01-1", bound, bound.digest)
    must_be_bound_to("R01-1", None, "")
    must_be_bound_to("R01-1", None, other.digest)
    with pytest.raises(DigestMismatch):
        must_be_bound_to("R01-1", bound, other.digest)
    with pytest.raises(DigestNeeded):
        must_be_bound_to("R01-1", bound, "")
