"""The audit log's file: SQLite, made with mode 0600, told apart from other files before it is touched."""

import errno
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from app.audit.chain import FORMAT, to_microseconds

APPLICATION = 0x4A495441
"""“JITA” in the file's header (SQLite's application_id), so that no other SQLite file is taken for a log."""
PATIENCE = 30.0
"""Seconds that a writer waits for another one."""

SCHEMA = f"""
    CREATE TABLE log (id TEXT NOT NULL, began INTEGER NOT NULL);
    CREATE TABLE entries (
        sequence INTEGER PRIMARY KEY, previous TEXT NOT NULL, partition INTEGER NOT NULL,
        stream_id TEXT NOT NULL, recorded_at INTEGER NOT NULL, at INTEGER NOT NULL,
        request_id TEXT NOT NULL, kind TEXT NOT NULL, event TEXT NOT NULL, hash TEXT NOT NULL
    );
    CREATE UNIQUE INDEX by_origin ON entries (partition, stream_id);
    CREATE INDEX by_request ON entries (request_id, kind);
    CREATE INDEX by_time ON entries (at);
    CREATE INDEX by_record ON entries (recorded_at);
    PRAGMA application_id = {APPLICATION};
    PRAGMA user_version = {FORMAT};
"""


class AuditLogError(Exception):
    """The audit log cannot be used: `str()` gives its path, what is wrong, and what to do about it."""

    def __init__(self, path: Path, wrong: str) -> None:
        super().__init__(f"audit log {path}: {wrong}")
        self.path = path


def open_to_write(path: Path, now: datetime) -> sqlite3.Connection:
    """Open a log, made if there is none. Raises AuditLogError."""
    with telling(path):
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise AuditLogError(path, _why_not(path, error)) from None
        connection = _connect(path, "mode=rw")
        try:
            if not _is_log(connection, path):
                _use_wal(connection)
                _make(connection, path, now)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")  # tells now, and not at the first event, what is read-only
            connection.execute("ROLLBACK")
        except BaseException:
            connection.close()
            raise
    return connection


def open_to_read(path: Path, *, ours: bool = False) -> tuple[sqlite3.Connection, bool]:
    """Open an existing log, and tell whether it was at rest; one that is `ours` is open here to write.

    Nothing is written, in the directory neither: SQLite would leave a `-wal` and a `-shm` file behind where
    it reads without write access, so a log at rest (no `-wal`: no one has it open) is read as immutable.
    sqlite.org/wal.html, «Read-Only Databases». Raises AuditLogError.
    """
    if not path.is_file():
        raise AuditLogError(path, "there is none. Name the bot's data directory with --data or JIT_DATA")
    with telling(path):
        at_rest = not (ours or Path(f"{path}-wal").exists())
        connection = _connect(path, "mode=ro&immutable=1" if at_rest else "mode=ro")
        try:
            is_log = _is_log(connection, path)
        except BaseException:
            connection.close()
            raise
    if not is_log:
        connection.close()
        raise AuditLogError(path, "it is empty: the bot makes it a log when it starts")
    return connection, at_rest


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Tell SQLite's errors as an AuditLogError."""
    try:
        yield
    except sqlite3.Error as error:
        raise AuditLogError(path, _what_to_do(error)) from error


def _connect(path: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?{how}",
        uri=True,
        timeout=PATIENCE,
        isolation_level=None,
        check_same_thread=False,
    )


def _is_log(connection: sqlite3.Connection, path: Path) -> bool:
    """Tell a log from an empty file. Raises AuditLogError for anything else."""
    application, version, tables = connection.execute(
        "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM"
        " pragma_user_version), (SELECT count(*) FROM sqlite_master)"
    ).fetchone()
    if application == 0 and tables == 0:
        return False
    if application != APPLICATION:
        raise AuditLogError(path, "it is another program's database. Move it away, or name another directory")
    if version > FORMAT:
        raise AuditLogError(
            path, f"its format is {version}, and this version reads up to {FORMAT}. Install the newer version"
        )
    return True


def _make(connection: sqlite3.Connection, path: Path, now: datetime) -> None:
    with transaction(connection):
        if _is_log(connection, path):  # another process was quicker
            return
        for statement in SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute("INSERT INTO log VALUES (?, ?)", (secrets.token_hex(16), to_microseconds(now)))


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch a new file to WAL; for this SQLite does not wait for others by itself."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Cursor]:
    """All of it or nothing; one writer at a time, over all processes."""
    with closing(connection.cursor()) as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        try:
            yield cursor
            cursor.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                cursor.execute("ROLLBACK")
            raise


def _why_not(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no directory {path.parent}. Make it, for the user of the bot alone (mode 0700)"
    if isinstance(error, IsADirectoryError):
        return "it is a directory. Name another data directory"
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return "it is read-only. Give the user of the bot the right to write it and its directory"
    return f"it cannot be opened: {error.strerror}"


def _what_to_do(error: sqlite3.Error) -> str:
    if isinstance(error, sqlite3.ProgrammingError):
        return f"it is closed ({error})"
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    match code:
        case sqlite3.SQLITE_NOTADB:
            return "it is not an audit log. Move it away, or name another directory"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return "it is read-only. Give the user of the bot the right to write it and its directory"
        case sqlite3.SQLITE_CANTOPEN:
            return "it cannot be opened. Look at the rights on it and on its directory"
        case sqlite3.SQLITE_FULL:
            return "the disk is full. Make room: nothing is lost meanwhile, events wait in the store"
        case sqlite3.SQLITE_BUSY:
            return f"another process has been writing it for {PATIENCE:g} s. See which one has it open"
        case sqlite3.SQLITE_CORRUPT:
            return f"it is damaged ({error}). Keep it, and restore a copy that passes `jit audit verify`"
        case _:
            return f"{error}. If it stays so, restore a copy"
