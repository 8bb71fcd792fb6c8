"""Contract: a part lies within what was asked, by its name alone, and no name reads its way out."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.narrower import is_narrower

STEPS = st.sampled_from(["a", "b", "ab", "a.b", "..a", "", ".", "..", "a*", "db-1"])
PATHS = st.lists(STEPS, min_size=1, max_size=5).map("/".join)


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("orders-db", "orders-db/invoices"),
        ("orders-db", "orders-db/public.invoices/2026"),
        ("arn:aws:s3:::logs", "arn:aws:s3:::logs/2026/"[:-1]),
        ("https://git", "https://git/repo"),
    ],
)
def test_parts(asked, part):
    """Any number of steps into what was asked."""
    assert is_narrower(asked, part)


@pytest.mark.parametrize(
    "given_",
    ["", "orders-db", "orders-db/", "orders-db//a", "orders-db/.", "orders-db/..", "orders-db/../users-db",
     "orders-db/a/../../users-db", "orders-db/a/", "orders-db2", "orders-db2/a", "orders", "users-db/a",
     "/orders-db/a", "ORDERS-DB/a", "orders-db\\a", " orders-db/a"],
)  # fmt: skip
def test_what_is_no_part(given_):
    """The same, another, a longer name, a wider one, and what would be read upwards."""
    assert not is_narrower("orders-db", given_)


def test_nothing_has_no_parts():
    """An empty name contains nothing, least of all everything."""
    assert not is_narrower("", "/a")


@given(PATHS, PATHS)
def test_never_wider(asked, part):
    """However it is written, a part read as a path lies below what was asked, and never the other way."""
    if is_narrower(asked, part):
        assert posixpath.normpath("/" + part).startswith(posixpath.normpath("/" + asked).rstrip("/") + "/")
        assert not is_narrower(part, asked)
    assert not is_narrower(asked, asked)


@given(PATHS, STEPS, STEPS)
def test_parts_of_parts(asked, one, two):
    """A part of a part is a part of the whole."""
    part, smaller = f"{asked}/{one}", f"{asked}/{one}/{two}"
    if is_narrower(asked, part) and is_narrower(part, smaller):
        assert is_narrower(asked, smaller)
