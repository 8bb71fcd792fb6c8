"""Parts of an event that an address is made of: each has the one form that cannot be taken for another."""

import re
from collections.abc import Mapping
from typing import Any

from app.domain.refusals import BadInput

LONGEST_NUMBER = 2**63


def part(event: Mapping[str, Any], *path: str) -> Any:
    """Give what stands at a path; None where nothing does."""
    found: Any = event
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def number(event: Mapping[str, Any], *path: str) -> str:
    """Give a whole number as text. Raises BadInput."""
    found = part(event, *path)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 < found < LONGEST_NUMBER:
        raise BadInput(f"The event has no number at {'.'.join(path)}.")
    return str(found)


def text(event: Mapping[str, Any], form: "re.Pattern[str]", *path: str) -> str:
    """Give text that is wholly of a form. Raises BadInput."""
    found = part(event, *path)
    if not isinstance(found, str) or not form.fullmatch(found):
        raise BadInput(f"The event has nothing that can be used at {'.'.join(path)}.")
    return found


def pinned(event: Mapping[str, Any], right: str, form: str, *path: str) -> str:
    """Give the part of an address that `form`, with one group, stands for; all else must be `right` to the letter.

    An address is compared and never parsed, so that no reader of addresses can be fooled by one: another host or
    port, a user before the host, dots, escapes, letters of other alphabets. Raises BadInput.
    """
    found = part(event, *path)
    matched = re.fullmatch(re.escape(right) + form, found, re.ASCII) if isinstance(found, str) else None
    if matched is None:
        raise BadInput(
            f"The event's {'.'.join(path)} is not where the settings of the gate say; it should begin with {right}."
        )
    return matched[1]


ENVIRONMENT = re.compile(r"[^\x00-\x1f\x7f]{1,255}")
"""A deployment environment's name goes into a body, never into an address."""
