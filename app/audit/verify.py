"""Finds the first entry of an audit log that is not as it was recorded."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

from app.audit.chain import COLUMNS, Head, Row, hash_of, root_of

NO_ENTRY = 0
RENUMBERED = 1000
"""How many removed entries are reckoned with when an entry is looked for at the place it was recorded at."""


class Problem(NamedTuple):
    """What is wrong with a log, and at which sequence number; 0 is the log itself, not one of its entries."""

    sequence: int
    what: str


class Verified(NamedTuple):
    """What was found: where the log stands, and the first problem, if there is one."""

    log_id: str
    head: Head
    problem: Problem | None

    @property
    def is_sound(self) -> bool:
        return self.problem is None


def verify(connection: sqlite3.Connection, expected: Head | None) -> Verified:
    """Check each entry against its own hash and the one before, then against a head taken earlier.

    Reads one state of the log, whatever is appended meanwhile. Raises sqlite3.Error for a damaged file.
    """
    connection.text_factory = _text
    connection.execute("BEGIN")
    try:
        rows = connection.execute("SELECT id, began FROM log").fetchall()
        log_id, began = rows[0] if len(rows) == 1 else ("", 0)
        root = root_of(log_id, began)
        at_expected, problem = root, None
        before = Head(0, root)
        for row in _rows(connection):
            problem = _wrong_with(connection, row, before)
            if problem:
                break
            before = Head(row.sequence, row.hash)
            if expected and expected.size == row.sequence:
                at_expected = row.hash
        problem = problem or _against(expected, before, at_expected) or _indexes(connection)
        return Verified(str(log_id), before if problem is None else _last(connection, root), problem)
    finally:
        connection.execute("ROLLBACK")


def _text(stored: bytes) -> str:
    """Text as it is stored, broken UTF-8 too: such an edit is to be found and not to be stumbled over."""
    return stored.decode("utf-8", "surrogateescape")


def _rows(connection: sqlite3.Connection) -> Iterator[Row]:
    query = f"SELECT {COLUMNS} FROM entries NOT INDEXED ORDER BY sequence"  # noqa: S608  names of our own
    with closing(connection.execute(query)) as cursor:
        for values in cursor:
            yield Row(*values)


def _last(connection: sqlite3.Connection, root: str) -> Head:
    last = connection.execute("SELECT sequence, hash FROM entries ORDER BY sequence DESC LIMIT 1").fetchone()
    return Head(*last) if last else Head(0, root)


def _wrong_with(connection: sqlite3.Connection, row: Row, before: Head) -> Problem | None:
    due = before.size + 1
    if row.sequence < due:
        return Problem(row.sequence, f"entry {row.sequence} was inserted: a log begins with entry 1")
    if row.sequence > due:
        gone = f"entry {due} is" if row.sequence == due + 1 else f"entries {due} to {row.sequence - 1} are"
        return Problem(due, f"{gone} missing: removed, or moved")
    if row.hash != hash_of(row):
        return Problem(due, _how_it_came(row, _last(connection, before.root).size))
    if row.previous != before.root:
        if due == 1:
            return Problem(NO_ENTRY, "the log's own id or date was edited, or its first entry was replaced")
        return Problem(
            due, f"entry {due} does not follow entry {due - 1} as that is now: entry {due - 1} was replaced"
        )
    return None


def _how_it_came(row: Row, size: int) -> str:
    """Tell an entry that was recorded at another place from one that was edited."""
    for place in range(1, size + 1 + RENUMBERED):
        if row.hash == hash_of(row, place):
            return (
                f"entry {row.sequence} was recorded as entry {place}: it was moved, or others before it were "
                "removed or inserted and the rest renumbered"
            )
    return f"entry {row.sequence} was edited or inserted: its content does not give its hash"


def _against(expected: Head | None, last: Head, at_expected: str) -> Problem | None:
    if expected is None:
        return None
    if expected.size > last.size:
        first = last.size + 1
        gone = f"entry {first} is" if expected.size == first else f"entries {first} to {expected.size} are"
        return Problem(first, f"{gone} missing: the log was cut off after the checkpoint was taken")
    if expected.root != at_expected:
        what = f"entry {expected.size} is not the one of the checkpoint: the log was computed anew"
        return Problem(expected.size, what)
    return None


def _indexes(connection: sqlite3.Connection) -> Problem | None:
    """An index that leaves entries out would hide them from a story, though the entries are all there."""
    found = [str(line) for (line,) in connection.execute("PRAGMA integrity_check(1)")]
    if found == ["ok"]:
        return None
    return Problem(NO_ENTRY, f"every entry is as recorded, but the file is damaged: {found[0]}")
