"""What is permitted at this instant, asked by what it is about: one look at one key, and no scan."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

ONCE = "!"
"""Marks the member of a grant that is good for one use."""


class Held(NamedTuple):
    """A grant that permits something now."""

    grant: str
    single_use: bool
    ends_at: datetime


def held_member(request_id: str, *, single_use: bool) -> str:
    """Give the member that stands for a grant among those that permit the same."""
    return f"{request_id}{ONCE if single_use else ''}"


def read_held(answer: Sequence[str]) -> Held | None:
    """Choose of several grants: one that may be used often before one that may not, and the last to end."""
    found = [
        Held(
            member.removesuffix(ONCE), member.endswith(ONCE), datetime.fromtimestamp(float(ends) / 1000, UTC)
        )
        for member, ends in zip(answer[::2], answer[1::2], strict=True)
    ]
    return next((each for each in found if not each.single_use), found[0] if found else None)
