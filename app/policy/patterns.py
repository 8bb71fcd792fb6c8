"""Regular expressions that policy files may hold: those whose cost has a limit, whatever text they meet.

Python's `re` goes back over what it tried, and `(a+)+b` on forty letters takes longer than anyone lives. So a
repeat has an upper limit (`[0-9]{1,6}`, never `[0-9]+`), and how many ways there are to read one place of a
text, which is the product of the repeats' ranges and of the branches, stays below MOST_WAYS.
"""

import re
from functools import cache
from typing import Any

from app.policy.shapes import text_in

LONGEST_PATTERN = 200
LONGEST_TEXT = 2000
MOST_WAYS = 1000
RIGHT = "a pattern that a ticket matches, such as  PAY-[0-9]{1,6}"
_sre: Any = re._parser  # type: ignore[attr-defined]  # noqa: SLF001  the one parser that reads as `re` does
_UNLIMITED = 2**16
TOO_MANY = 10**9


def pattern(value: object) -> str:
    """Validate a pattern. Raises ValueError, which says what would be right."""
    text = text_in(value, RIGHT)
    if not 1 <= len(text) <= LONGEST_PATTERN:
        raise ValueError(f"has {len(text)} characters; write 1 to {LONGEST_PATTERN}")
    try:
        parsed = _sre.parse(text)
        compiled(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is no regular expression ({error}); write {RIGHT}") from None
    if _ways(parsed) > MOST_WAYS:
        ways = f"can be read in more than {MOST_WAYS:,} ways at one place of a text"
        raise ValueError(f"{ways}; lower the limits of its repeats")
    if compiled(str(value)).search(""):
        raise ValueError(f"is found in an empty text, and so in any; write {RIGHT}")
    return str(value)


@cache
def compiled(text: str) -> re.Pattern[str]:
    """Compile a pattern. Raises re.error."""
    return re.compile(text)


def found_in(text: str, ticket: str) -> str | None:
    """Give what of a text the pattern of a ticket matches; None where nothing does. Looks at LONGEST_TEXT."""
    found = compiled(ticket).search(text[:LONGEST_TEXT])
    return found.group() if found else None


def _ways(parsed: Any) -> int:
    """Count in how many ways a pattern can match from one place on, at most. Raises ValueError."""
    ways = 1
    for kind, argument in parsed:
        ways *= _ways_of(str(kind), argument)
        if ways > TOO_MANY:
            break
    return ways


def _ways_of(kind: str, argument: Any) -> int:
    match kind:
        case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN" | "AT":
            return 1
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, repeated = argument
            if int(most) >= _UNLIMITED:
                raise ValueError(
                    "has a repeat without a limit (* or +); write one with a limit, such as {1,6}"
                )
            return _ways_of_repeat(int(least), int(most), _ways(repeated))
        case "SUBPATTERN":
            return _ways(argument[-1])
        case "ATOMIC_GROUP":
            return _ways(argument)
        case "BRANCH":
            return sum(_ways(branch) for branch in argument[1])
        case _:
            what = kind.lower().replace("_", " ")
            raise ValueError(f"uses {what}, which policies do without; write {RIGHT}")


def _ways_of_repeat(least: int, most: int, inner: int) -> int:
    if inner == 1:
        return most - least + 1
    return TOO_MANY if most > 30 else sum(inner**count for count in range(least, most + 1))
