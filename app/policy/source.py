"""The policy in force, from a folder that people edit while the bot runs."""

import time
from pathlib import Path
from typing import TypeAlias

from app.policy.building import build
from app.policy.draft import Draft
from app.policy.loading import policy_files, read_policies
from app.policy.nearest import listed
from app.policy.policy import Policy
from app.policy.problems import PolicyError, Problem

QUIET = 0.2
"""Seconds for which files must have stayed as they are: a file in the middle of being written is not read."""
LOOKS = 10
Stamp: TypeAlias = tuple[tuple[str, int, int, int, int], ...]
UNKNOWN: Stamp = ()


class PolicySource:
    """Holds the policy in force. A changed set that is broken is told in `problem` and never replaces it.

    A file that is gone is a problem for as long as something that it defined is defined nowhere: a rule that
    denies must not vanish with a file. Write {} into a file that is to hold nothing, or start anew.
    """

    def __init__(self, folder: Path) -> None:
        """Load at once. Raises PolicyError."""
        self._folder = folder
        stamp = _stamp(folder)
        draft = read_policies(folder)
        self._stamp = stamp if _is_quiet(stamp) else UNKNOWN
        self._held = draft.definitions()
        self.current: Policy = build(draft)
        self.problem = ""
        """What is wrong with the changed files, one a line; empty when the files are what is in force."""

    def refresh(self) -> bool:
        """Look whether files changed; True when a changed and valid set came into force.

        Cheap when nothing changed. Else it waits, for 2 s at most, until the files are quiet: call it in
        a thread. A set that says the same as the one in force has not changed.
        """
        seen = UNKNOWN
        try:
            if _stamp(self._folder) == self._stamp:
                return False
            seen = self._once_quiet()
            draft = read_policies(self._folder)
            self._refuse_losses(draft, seen)
            if _stamp(self._folder) != seen:
                return False  # changed while it was read: what was read may be half of each; look again later
            policy = build(draft)
        except PolicyError as error:
            self._stamp, self.problem = seen, str(error)
            return False
        changed = policy.digest != self.current.digest
        self.current = policy if changed else self.current
        self._held, self._stamp, self.problem = draft.definitions(), seen, ""
        return changed

    def _once_quiet(self) -> Stamp:
        for _ in range(LOOKS):
            stamp = _stamp(self._folder)
            if _is_quiet(stamp):
                return stamp
            time.sleep(QUIET)
            if _stamp(self._folder) == stamp:
                return stamp
        raise PolicyError([Problem(self._folder.name, 0, "", "the files keep changing; let them rest")])

    def _refuse_losses(self, draft: Draft, stamp: Stamp) -> None:
        present = {name for name, *_ in stamp}
        defined = frozenset[str]().union(*draft.definitions().values())
        lost = [
            Problem(file, 0, "", _told_loss(held - defined))
            for file, held in self._held.items()
            if file not in present and held - defined
        ]
        if lost:
            raise PolicyError(lost)


def _told_loss(lost: frozenset[str]) -> str:
    return (
        f"is gone, and with it {listed(sorted(lost), 8)}; put it back, or, if it is meant to go, write {{}} "
        "into it or start the bot anew"
    )


def _stamp(folder: Path) -> Stamp:
    """Give what changes when files do: names, times of both kinds (ns), sizes, inodes. Raises PolicyError."""
    stamp = []
    for name, path in policy_files(folder):
        try:
            status = path.stat()
        except OSError as error:
            text = f"cannot be read ({error.strerror}); it must be there and readable"
            raise PolicyError([Problem(name, 0, "", text)]) from None
        stamp.append((name, status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino))
    return tuple(stamp)


def _is_quiet(stamp: Stamp) -> bool:
    """Tell whether the last change of a file, its time of change being set by nobody, is some time ago."""
    return time.time_ns() - max(changed for _, _, changed, _, _ in stamp) >= QUIET * 1e9
