"""Which grants an assignment stands for, kept where it stands: an assignment bears no mark, its permission set can.

A claim is a tag of the permission set, named by the grant's key: `111122223333/USER/20261125T041500Z/live`. It is there
before the assignment is made and until it is gone, and one claim is written without touching another.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

STAMP = "%Y%m%dT%H%M%SZ"
OURS_AND_OTHERS = "jit-"
"""What keys of every installation begin with."""
LIVE, ENDING = "live", "ending"


class Assignment(NamedTuple):
    """Who has which permission set where."""

    permission_set: str
    account: str
    user: str


class Claim(NamedTuple):
    """What one grant stands on: its assignment, until when, and whether it is being taken back."""

    key: str
    assignment: Assignment
    ends_at: datetime
    is_ending: bool

    @property
    def value(self) -> str:
        """What the tag says."""
        stamp = self.ends_at.astimezone(UTC).strftime(STAMP)
        state = ENDING if self.is_ending else LIVE
        return f"{self.assignment.account}/{self.assignment.user}/{stamp}/{state}"

    def holds(self, now: datetime) -> bool:
        """Tell whether the assignment is to stand for it."""
        return not self.is_ending and self.ends_at > now


def read_claims(permission_set: str, tags: Iterable[tuple[str, str]]) -> dict[str, Claim]:
    """Read the claims among the tags of a permission set, of every installation, by their keys."""
    found = {}
    for key, value in tags:
        account, *rest = value.split("/")
        if not key.startswith(OURS_AND_OTHERS) or len(rest) != 3 or rest[2] not in {LIVE, ENDING}:
            continue
        try:
            ends_at = datetime.strptime(rest[1], STAMP).replace(tzinfo=UTC)
        except ValueError:
            continue
        assignment = Assignment(permission_set, account, rest[0])
        found[key] = Claim(key, assignment, ends_at, rest[2] == ENDING)
    return found
