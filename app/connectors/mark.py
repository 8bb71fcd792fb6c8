"""The mark by which an installation knows its own at a target, and leaves everything else alone."""

import re
from typing import NamedTuple

from app.domain.ids import ID, PARTITIONS

INSTALLATION = re.compile(r"[a-z][a-z0-9]{1,15}")


class Mark(NamedTuple):
    """The name of an installation; two that reach one target must not share it."""

    installation: str

    @property
    def prefix(self) -> str:
        """What every key of this installation begins with, and no other's: `jit-harbour-`."""
        return f"jit-{self.installation}-"

    def key(self, request_id: str) -> str:
        """Name a request's grant at targets: `jit-harbour-r07-4kx9tqz`."""
        return self.prefix + request_id.lower()

    def request_in(self, key: str) -> str | None:
        """Give the request's id that a key of this installation carries; None for any other text."""
        found = key.removeprefix(self.prefix).upper()
        is_ours = key.startswith(self.prefix) and key == key.lower() and ID.fullmatch(found)
        return found if is_ours and int(found[1:3]) < PARTITIONS else None
