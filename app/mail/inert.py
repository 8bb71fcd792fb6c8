"""What people wrote, as it stands in a mail: to be read, and not acted on by any mail program.

Mail programs make links out of whatever looks like one, in text and in HTML. A zero-width space after each
sign that holds an address together leaves it to be read and makes it none. Escaping is the template's part.
"""

import re

from app.audit.plain import one_line

BREAK = "\u200b"
ELLIPSIS = "…"
_JOINS = re.compile(r"([.@/\\]|:(?!\d)|(?<!\d):)(?=\S)")
"""A colon between digits is a time of day."""


def inert(text: str) -> str:
    """One line of which nothing is a link; what cannot be printed is spelled out."""
    return _JOINS.sub(rf"\1{BREAK}", one_line(text))


def inert_lines(text: str, limit: int) -> tuple[str, ...]:
    """The same of a text with lines of its own, which it keeps; cut by character."""
    return tuple(inert(line) for line in cut(text, limit).splitlines() if line.strip())


def cut(text: str, limit: int) -> str:
    """At most `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + ELLIPSIS
