"""What is permitted at this instant, asked by what it is about: one look at one key, and no scan."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

ONCE = "!"
"""Marks the member of a grant that is good for one use."""
BOUND = "#"
"""Parts a grant's member from the digest of what it is bound to."""


class Held(NamedTuple):
    """A grant that permits something now. `digest`: of the one command or the parameters that it is for, or empty."""

    grant: str
    single_use: bool
    ends_at: datetime
    digest: str = ""


def held_member(request_id: str, *, single_use: bool, digest: str = "") -> str:
    """Give the member that stands for a grant among those that permit the same."""
    return f"{request_id}{ONCE if single_use else ''}{f'{BOUND}{digest}' if digest else ''}"


def read_held(answer: Sequence[str], digest: str = "") -> Held | None:
    """Choose of several grants: one that may be used often before one that may not, and the last to end.

    One that is bound permits what has its digest alone, and nothing where no digest is said.
    """
    found = [each for each in _all(answer) if each.digest in {"", digest}]
    return next((each for each in found if not each.single_use), found[0] if found else None)


def bound_to_another(answer: Sequence[str], digest: str = "") -> str:
    """Give a grant that would permit it, were it not bound to something else; empty where there is none."""
    return next((each.grant for each in _all(answer) if each.digest not in {"", digest}), "")


def _all(answer: Sequence[str]) -> list[Held]:
    return [_one(member, ends) for member, ends in zip(answer[::2], answer[1::2], strict=True)]


def _one(member: str, ends: str) -> Held:
    grant, _, digest = member.partition(BOUND)
    ends_at = datetime.fromtimestamp(float(ends) / 1000, UTC)
    return Held(grant.removesuffix(ONCE), grant.endswith(ONCE), ends_at, digest)
