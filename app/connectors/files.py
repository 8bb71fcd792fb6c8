"""Files that other programs read at any moment: whole or not there, and changed by one process at a time."""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.connectors.protocol import ConnectorFailed


def place(file: Path, content: bytes, mode: int, check: Callable[[Path], None] = lambda _: None) -> None:
    """Write a file beside its place, have it checked, and move it there. Raises OSError, and what `check` raises.

    The name it has meanwhile begins with a dot, so folders of configuration pass over it.
    """
    new = file.parent / f".{file.name}.{os.getpid()}.{threading.get_ident()}.new"
    new.unlink(missing_ok=True)
    opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(opened, "wb") as writing:
            os.fchmod(writing.fileno(), mode)
            writing.write(content)
            writing.flush()
            os.fsync(writing.fileno())
        check(new)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
    _keep(file.parent)


def remove(file: Path) -> None:
    """Remove a file, if it is there, so that it stays removed. Raises OSError."""
    with suppress(FileNotFoundError):
        file.unlink()
        _keep(file.parent)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process at a time change a folder. Raises ConnectorFailed for every failure with its files."""
    with sentences(folder):
        opened = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX)
            yield
        finally:
            os.close(opened)


@contextmanager
def sentences(folder: Path) -> Iterator[None]:
    """Tell what fails with files of a folder as one sentence. Raises ConnectorFailed."""
    try:
        yield
    except OSError as error:
        raise ConnectorFailed(f"{error.filename or folder}: {error.strerror}") from None


def _keep(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
