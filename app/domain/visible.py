r"""A bound command or parameters as people read them: everything that is there is seen, and as what it is.

A word of plain signs stands as it is; any other stands in double quotes, as JSON writes it. Signs that are not seen,
that change the order in which others are read, or that join the one before are written by their number, as `\u202e`,
and so are letters of scripts that are read from right to left, which would move what stands beside them
(https://www.unicode.org/reports/tr36/).
"""

import json
import re
import unicodedata

from app.domain.binding import Binding

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that show nothing."""
_MARKS = frozenset({"Mn", "Mc", "Me"})
_FROM_THE_RIGHT = frozenset({"R", "AL", "AN"})


def shown(binding: Binding) -> str:
    """Write out what a request is bound to: a command on one line, parameters one on a line."""
    what = json.loads(binding.canonical)
    if binding.is_command:
        return " ".join(map(_word, what))
    return "".join(
        sign if sign == "\n" else _sign(sign) for sign in json.dumps(what, indent=2, ensure_ascii=False)
    )


def is_plain(word: str) -> bool:
    """Tell whether a word stands as it is, without quotes."""
    return _PLAIN.fullmatch(word) is not None


def in_quotes(text: str) -> str:
    """Write a text as it stands between the quotes."""
    return "".join(map(_sign, json.dumps(text, ensure_ascii=False)[1:-1]))


def _word(word: str) -> str:
    return word if is_plain(word) else f'"{in_quotes(word)}"'


def _sign(sign: str) -> str:
    """Write a sign so that it is seen: outside of the first plane by a pair of numbers, as JSON has it."""
    is_seen = (
        sign.isprintable()
        and sign not in _BLANK
        and unicodedata.category(sign) not in _MARKS
        and unicodedata.bidirectional(sign) not in _FROM_THE_RIGHT
    )
    return sign if is_seen else json.dumps(sign)[1:-1]
