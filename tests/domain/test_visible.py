"""Contract of a command as approvers read it: two that differ never read alike, and nothing in them hides or moves."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.binding import bind_command, bind_parameters
from app.domain.visible import shown

signs = st.characters(exclude_categories=("Cs",))
words = st.lists(st.text(signs, min_size=1), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("command", "reads"),
    [
        (["psql", "orders", "-c", "REINDEX TABLE carts"], 'psql orders -c "REINDEX TABLE carts"'),
        (["rm", "-rf", ""], 'rm -rf ""'),
        (["echo", "a\nb\t"], r'echo "a\nb\t"'),
        (["echo", r"a\nb"], r'echo "a\\nb"'),
        (["echo", "safe\u202egnp.exe"], r'echo "safe\u202egnp.exe"'),
        (["echo", "a\u200bb\u00a0c\ufe0f\u3164"], r'echo "a\u200bb\u00a0c\ufe0f\u3164"'),
        (["echo", "שלום"], r'echo "\u05e9\u05dc\u05d5\u05dd"'),
        (["echo", "\U000e0041"], r'echo "\udb40\udc41"'),
        (["echo", "café 変更"], 'echo "café 変更"'),
        (["echo", "\x1b[2J<!channel>*b*"], r'echo "\u001b[2J<!channel>*b*"'),
    ],
    ids=lambda value: (
        value[-1].encode("ascii", "backslashreplace").decode() if isinstance(value, list) else ""
    ),
)
def test_how_it_reads(command, reads):
    """Plain words as they are, others as JSON; what is not seen by its number."""
    assert reads == shown(bind_command(command))


def test_parameters():
    """One on a line; a line break that somebody wrote is not one."""
    assert '{\n  "amount": 120,\n  "note": "a\\nb\\u202e"\n}' == shown(
        bind_parameters({"note": "a\nb\u202e", "amount": 120})
    )


@given(words, words)
def test_two_commands_never_read_alike(one, other):
    """What is read tells exactly what is run."""
    assert (one == other) == (shown(bind_command(one)) == shown(bind_command(other)))


@given(words)
def test_nothing_hides(command):
    """Every sign of what is read is printed, in the order in which it stands, on one line."""
    for sign in shown(bind_command(command)):
        assert sign.isprintable()
        assert unicodedata.category(sign) not in {"Mn", "Me", "Mc", "Cf"}
        assert unicodedata.bidirectional(sign) not in {"R", "AL", "AN"}
