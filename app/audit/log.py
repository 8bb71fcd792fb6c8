"""The audit log, first form: every event of the store, in one order, each chained to the one before.

What the chain shows: an entry that was edited, removed from between others, inserted or moved. What it cannot
show by itself: entries cut off at the end, or all entries from some point on computed anew by someone who
may write the file. A checkpoint taken before, such as the one in each digest, shows these where they touch
what it covers (`AuditLog.verify` with an expected head). Who may read is the file's mode, 0600 when made.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.audit import file
from app.audit.chain import (
    COLUMNS,
    Head,
    Recorded,
    Row,
    chained,
    from_microseconds,
    read,
    root_of,
    to_microseconds,
)
from app.audit.file import AuditLogError
from app.audit.verify import Verified, verify
from app.domain.events import Event, GlassBroken, Requested

__all__ = ["AuditLog", "AuditLogError", "Head", "Recorded", "Verified"]

KNOWN = "SELECT sequence, request_id, kind, at FROM entries WHERE partition = ? AND stream_id = ?"
INSERT = f"INSERT INTO entries ({COLUMNS}) VALUES ({', '.join('?' * len(Row._fields))})"  # noqa: S608  likewise
Originated = tuple[int, str, Event]
"""A partition of the store, the id of an entry in its stream, and the event."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class AuditLog:
    """A log in one file. Safe to use from several threads and processes; blocks while SQLite does.

    Every method raises AuditLogError where the file cannot be used.
    """

    def __init__(
        self, path: Path, *, clock: Callable[[], datetime] = _utc_now, read_only: bool = False
    ) -> None:
        """Open a log, made with mode 0600 if there is none; with `read_only` nothing is made or written."""
        self.path = path
        self._clock = clock
        self._writing, self._reading = threading.Lock(), threading.Lock()
        self._writer = None if read_only else file.open_to_write(path, clock())
        self._seen = _signature(path)
        self._reader, self._was_at_rest = file.open_to_read(path, ours=not read_only)
        self._log_id, self._began = self._one("SELECT id, began FROM log")

    @property
    def log_id(self) -> str:
        """The id that the log was given when it was made."""
        return str(self._log_id)

    @property
    def is_outdated(self) -> bool:
        """Tell whether a log that was at rest when opened to read has been written since: read it again."""
        return self._was_at_rest and self._seen != _signature(self.path)

    def append(self, entries: Iterable[Originated]) -> None:
        """Record events in their order, all or none. One whose origin is in the log already adds nothing.

        Raises AuditLogError, and records nothing, when another event is in the log with the same origin.
        """
        if self._writer is None:
            raise AuditLogError(self.path, "it was opened to be read only")
        with self._writing, file.telling(self.path), file.transaction(self._writer) as cursor:
            head = self._head(cursor)
            for partition, stream_id, event in entries:
                known = cursor.execute(KNOWN, (partition, stream_id)).fetchone()
                if known is not None:
                    self._check_same(known, partition, stream_id, event)
                    continue
                row = chained(head, partition, stream_id, event, self._clock())
                cursor.execute(INSERT, row)
                head = Head(row.sequence, row.hash)

    def story(self, request_id: str) -> list[Recorded]:
        """Every entry of a request, oldest first."""
        return self._entries("WHERE request_id = ? ORDER BY sequence", request_id)

    def latest(self, count: int) -> list[Recorded]:
        """The last entries, oldest first."""
        return self._entries("ORDER BY sequence DESC LIMIT ?", count)[::-1]

    def between(self, since: datetime, until: datetime) -> list[Recorded]:
        """Entries of what happened from `since` until before `until`, in the log's order.

        With them come those that happened before `since` and reached the log in that time: a consumer that
        was down must not hide them from the digest. `event.at` tells them apart.
        """
        first, end = to_microseconds(since), to_microseconds(until)
        return self._entries(
            "WHERE sequence IN (SELECT sequence FROM entries WHERE at >= ? AND at < ? UNION SELECT sequence"
            " FROM entries WHERE recorded_at >= ? AND recorded_at < ? AND at < ?) ORDER BY sequence",
            *(first, end, first, end, first),
        )

    def asked(self, request_id: str) -> Requested | None:
        """How a request was asked; None where the log does not know."""
        found = self._entries(
            "WHERE request_id = ? AND kind = 'requested' ORDER BY sequence LIMIT 1", request_id
        )
        event = found[0].event if found else None
        return event if isinstance(event, Requested) else None

    def unreviewed(self) -> list[GlassBroken]:
        """Every broken glass whose review nobody has closed, oldest first."""
        found = self._entries(
            "WHERE kind = 'glass_broken' AND request_id NOT IN"
            " (SELECT request_id FROM entries WHERE kind = 'glass_reviewed') ORDER BY sequence"
        )
        return [entry.event for entry in found if isinstance(entry.event, GlassBroken)]

    def unended(self) -> list[str]:
        """Ids of requests whose access was begun, and neither failed nor is confirmed to be gone."""
        found = self._all(
            "SELECT request_id FROM entries GROUP BY request_id HAVING sum(kind = 'grant_begun') > 0"
            " AND sum(kind IN ('grant_failed', 'ended')) = 0"
        )
        return [str(request_id) for (request_id,) in found]

    def began_before(self, at: datetime) -> bool:
        """Tell whether there was something to tell of before a time: the log itself, or an event in it."""
        if from_microseconds(self._began) < at:
            return True
        (earliest,) = self._one("SELECT min(at) FROM entries")
        return earliest is not None and from_microseconds(earliest) < at

    def head(self) -> Head:
        """How many entries there are, and the hash of the last one: the checkpoint."""
        with self._reading, file.telling(self.path), closing(self._reader.cursor()) as cursor:
            return self._head(cursor)

    def verify(self, expected: Head | None = None) -> Verified:
        """Check every entry, and find the first one that was edited, removed, inserted or moved.

        The log alone cannot show that its end was cut off, nor that all of it was computed anew: a
        checkpoint taken before, such as the one in a digest, given as `expected`, does.
        """
        with file.telling(self.path):
            reader, _ = file.open_to_read(self.path, ours=self._writer is not None)
            with closing(reader):
                return verify(reader, expected)

    def close(self) -> None:
        """Close the file; appending or reading after it raises AuditLogError."""
        with self._reading, self._writing:
            self._reader.close()
            if self._writer is not None:
                self._writer.close()

    def _head(self, cursor: Any) -> Head:
        last = cursor.execute("SELECT sequence, hash FROM entries ORDER BY sequence DESC LIMIT 1").fetchone()
        return Head(*last) if last else Head(0, root_of(self._log_id, self._began))

    def _check_same(self, known: Sequence[Any], partition: int, stream_id: str, event: Event) -> None:
        sequence, *was = known
        if was != [event.request_id, event.kind, to_microseconds(event.at)]:
            raise AuditLogError(
                self.path,
                f"entry {sequence} came from {stream_id} of partition {partition}, and now another event "
                f"does ({event.kind} of {event.request_id}). The store was reset: give it a log of its own",
            )

    def _entries(self, where: str, *values: object) -> list[Recorded]:
        rows = self._all(f"SELECT {COLUMNS} FROM entries {where}", *values)  # noqa: S608  clauses of our own
        return [self._read(Row(*row)) for row in rows]

    def _read(self, row: Row) -> Recorded:
        try:
            return read(row)
        except ValueError:
            raise AuditLogError(
                self.path,
                f"entry {row.sequence} cannot be read: it was edited, or a newer version wrote it. "
                "`jit audit verify` tells",
            ) from None

    def _one(self, query: str) -> tuple[Any, ...]:
        rows = self._all(query)
        if not rows:
            raise AuditLogError(self.path, "it has lost its own id. Keep it, and restore a copy")
        return rows[0]

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._reading, file.telling(self.path):
            return self._reader.execute(query, values).fetchall()


def _signature(path: Path) -> tuple[object, ...]:
    try:
        now = path.stat()
    except FileNotFoundError:
        return ()
    return now.st_ino, now.st_size, now.st_mtime_ns, Path(f"{path}-wal").exists()
