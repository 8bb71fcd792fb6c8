r"""The audit log's format, version 1: what an entry holds, and what its hash covers.

An entry's hash is SHA-256, in lower-case hex, over these ten lines in UTF-8, joined by one line feed each,
without one at the end. No line can hold a line feed of its own:

    jit-audit-1
    sequence, from 1
    hash of the entry before; for the first one the log's root (below)
    partition of the store
    id of the entry in the partition's stream
    when it was recorded, in microseconds since 1970-01-01T00:00Z
    when it happened, likewise
    id of the request
    kind of the event
    the event as canonical JSON

The root is SHA-256 over three lines: `jit-audit-1`, the log's id, and when the log began, in microseconds.
Canonical JSON is that of RFC 8785 for what events hold (objects with ASCII keys, arrays, strings, whole
numbers, booleans, null): keys sorted, no space, only `"`, `\` and control characters escaped.
"""

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from app.domain.events import Event, event_json

FORMAT = 1
NAME = f"jit-audit-{FORMAT}"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HEAD = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


class Row(NamedTuple):
    """An entry as the file holds it; the columns of its table in their order. Times are microseconds."""

    sequence: int
    previous: str
    partition: int
    stream_id: str
    recorded_at: int
    at: int
    request_id: str
    kind: str
    event: str
    hash: str


COLUMNS = ", ".join(Row._fields)


class Recorded(NamedTuple):
    """An entry of the log, read."""

    sequence: int
    recorded_at: datetime
    partition: int
    stream_id: str
    event: Event
    previous: str
    hash: str


class Head(NamedTuple):
    """Where a log stands: how many entries it has, and the hash of the last one. The digest carries it."""

    size: int
    root: str

    def __str__(self) -> str:
        return f"{self.size}:{self.root}"


def read_head(text: str) -> Head:
    """Read `SIZE:HASH`, as a digest shows it. Raises ValueError with a sentence on what is wrong."""
    match = _HEAD.fullmatch(text.strip().strip("`").lower())
    if match is None:
        raise ValueError(f"“{text[:80]}” is no checkpoint: it is SIZE:HASH, a number and 64 hex digits.")
    return Head(int(match.group(1)), match.group(2))


def canonical(event: Event) -> str:
    """An event as canonical JSON."""
    content = event_json.dump_python(event, mode="json")
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def root_of(log_id: str, began: int) -> str:
    """The hash that the first entry follows."""
    return _sha256(f"{NAME}\n{log_id}\n{began}")


def hash_of(row: Row, sequence: int | None = None) -> str:
    """The hash that a row should have, at its own place or at another one."""
    place = row.sequence if sequence is None else sequence
    return _sha256("\n".join(map(str, (NAME, place, *row[1:-1]))))


def chained(previous: Head, partition: int, stream_id: str, event: Event, recorded_at: datetime) -> Row:
    """The row that follows `previous`. Raises ValueError for an id that spans lines."""
    if "\n" in stream_id or "\n" in event.request_id:
        raise ValueError(f"an id spans lines: {stream_id!r}, {event.request_id!r}")
    row = Row(
        previous.size + 1,
        previous.root,
        partition,
        stream_id,
        to_microseconds(recorded_at),
        to_microseconds(event.at),
        event.request_id,
        event.kind,
        canonical(event),
        "",
    )
    return row._replace(hash=hash_of(row))


def read(row: Row) -> Recorded:
    """Read a row. Raises ValueError where its event is not one that this version knows."""
    return Recorded(
        row.sequence,
        from_microseconds(row.recorded_at),
        row.partition,
        row.stream_id,
        event_json.validate_json(row.event),
        row.previous,
        row.hash,
    )


def to_microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def from_microseconds(count: int) -> datetime:
    return _EPOCH + timedelta(microseconds=count)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
