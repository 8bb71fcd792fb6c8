"""Where a machine keeps the token that `jit login` got it: a file of the user's own, and of nobody else."""

import json
import os
import stat
import tempfile
from pathlib import Path
from typing import NamedTuple

import typer

NOT_SIGNED_IN = (
    "not signed in: run `jit login --server https://jit.example.com`, or set JIT_SERVER and JIT_TOKEN"
)


class NotSignedIn(Exception):  # noqa: N818  said to the person who types
    """There is no server or no token to use; says what to do."""


class SignedIn(NamedTuple):
    """A server's address without a slash at its end, and the token for it."""

    server: str
    token: str


def login_path() -> Path:
    """Give the file's place in the user's config folder."""
    return Path(typer.get_app_dir("jit")) / "login.json"


def save(signed_in: SignedIn) -> Path:
    """Write the file, readable by this user alone from its first moment on."""
    path = login_path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".login-")  # mode 0600 by itself
    with os.fdopen(handle, "w") as file:
        json.dump(signed_in._asdict(), file)
    Path(name).replace(path)
    return path


def forget() -> None:
    """Remove the file."""
    login_path().unlink(missing_ok=True)


def read_saved() -> SignedIn | None:
    """Read the file; None when there is none. Raises NotSignedIn for one that others may read, or is broken."""
    path = login_path()
    try:
        with path.open() as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise NotSignedIn(f"{path} can be read by others: chmod 600 {path}, and `jit login` anew")
            return SignedIn(**json.load(file))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise NotSignedIn(f"{path} cannot be read ({error}): `jit login` writes it anew") from None


def signed_in() -> SignedIn:
    """Give server and token: the environment's, else the file's. Raises NotSignedIn.

    The file's token is for the file's server alone, whatever JIT_SERVER says.
    """
    server, token = os.environ.get("JIT_SERVER", "").rstrip("/"), os.environ.get("JIT_TOKEN", "")
    if server and token:
        return SignedIn(server, token)
    saved = read_saved()
    if token and saved is not None:
        return SignedIn(saved.server, token)
    if saved is None or (server and server != saved.server):
        raise NotSignedIn(NOT_SIGNED_IN)
    return saved
