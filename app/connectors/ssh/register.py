"""What was issued and what is revoked, a small file each, and the list of revoked ones that hosts read.

A serial is the grant's own: whatever is signed for a grant, in however many tries, is revoked together, and what is
signed too late is revoked already.
"""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.connectors.files import alone, place, remove, sentences
from app.connectors.mark import Mark
from app.connectors.protocol import ConnectorFailed
from app.connectors.ssh.krl import make_krl, serials_in

KEPT_FOR = timedelta(hours=1)
"""A revoked certificate stays in the list for so long after its end: clocks of hosts go wrong."""
LATEST = datetime(9999, 1, 1, tzinfo=UTC)


def serial_of(key: str) -> int:
    """Give the serial of a grant's certificates: 1 to 2**64 - 1, the same at every try."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") or 1


class Register:
    """Shared by all processes of an installation. Every call may raise ConnectorFailed, and blocks."""

    def __init__(self, folder: Path, krl: Path, mark: Mark) -> None:
        self._issued, self._revoked = folder / "issued", folder / "revoked"
        self._folder, self._krl, self._mark = folder, krl, mark
        self._until: dict[str, datetime] = {}

    def issue(self, key: str, ends: datetime, authority: str) -> None:
        """Note a certificate before it is signed. Raises ConnectorFailed for one that is revoked already."""
        with self._changing():
            if (self._revoked / key).exists():
                raise ConnectorFailed("its certificates are revoked")
            place(self._issued / key, ends.isoformat().encode(), 0o600)
            if not self._krl.exists():
                self._write(authority)  # hosts let nobody in without a list

    def revoke(self, key: str, ends: datetime | None, authority: str) -> None:
        """Put a grant's certificates on the list, until after their end, or what was noted of it, is past.

        It is noted before it waits for its turn, so whoever writes the list next writes it for all who wait.
        """
        self._note_revoked(key, ends)
        with self._changing():
            if serial_of(key) not in serials_in(self.listed() or b""):
                self._write(authority)
            remove(self._issued / key)

    def standing(self, now: datetime) -> list[tuple[str, datetime]]:
        """List grants whose certificates are good now, with their ends."""
        with self._changing():
            revoked = {key for key, _ in self._in(self._revoked)}
            found = [(key, ends or LATEST) for key, ends in self._in(self._issued)]
            for key, ends in found:
                if ends + KEPT_FOR < now:
                    remove(self._issued / key)
            return [(key, ends) for key, ends in found if ends > now and key not in revoked]

    def listed(self) -> bytes | None:
        """Read the list as hosts do; None where there is none."""
        try:
            return self._krl.read_bytes()
        except OSError:
            return None

    def check(self) -> None:
        """See that the folder and the place of the list can be written. Leaves nothing."""
        with self._changing():
            for folder in (self._issued, self._krl.parent):
                place(probe := folder / ".probe", b"", 0o600)
                remove(probe)

    def _note_revoked(self, key: str, ends: datetime | None) -> None:
        with sentences(self._folder):
            self._make_folders()
            noted = _time_in(self._issued / key)
            until = max([each for each in (noted, ends) if each], default=LATEST)
            place(self._revoked / key, until.isoformat().encode(), 0o600)

    def _write(self, authority: str) -> None:
        now, serials = datetime.now(UTC), []
        for file in list(self._revoked.iterdir()):
            if not self._mark.request_in(file.name):
                continue
            if self._is_over(file, now):
                remove(file)
                self._until.pop(file.name, None)
            else:
                serials.append(serial_of(file.name))
        place(self._krl, make_krl(authority, serials, now), 0o644)

    def _is_over(self, file: Path, now: datetime) -> bool:
        """Tell whether an entry may go. It is read once, and once more before it goes: it may have been put off."""
        until = self._until.get(file.name)
        if until is None or until + KEPT_FOR < now:
            until = self._until[file.name] = _time_in(file) or LATEST
        return until + KEPT_FOR < now

    def _in(self, folder: Path) -> Iterator[tuple[str, datetime | None]]:
        for file in list(folder.iterdir()):
            if self._mark.request_in(file.name):
                yield file.name, _time_in(file)

    def _changing(self) -> AbstractContextManager[None]:
        with suppress(OSError):  # what is wrong with it is told by the lock
            self._make_folders()
        return alone(self._folder)

    def _make_folders(self) -> None:
        for each in (self._folder, self._issued, self._revoked):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)


def _time_in(file: Path) -> datetime | None:
    """Read a noted time; None where there is none, or it is damaged."""
    try:
        return datetime.fromisoformat(file.read_text())
    except (FileNotFoundError, ValueError):
        return None
