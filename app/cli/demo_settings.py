"""What a demo's bot is set to: pages at its own port, a key for secrets, and policies of its own."""

import base64
import os
import secrets
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

from app.shipped import shipped

FACTORS = """\
# The demo's own: a new second factor counts after seconds. The shipped factors.yaml says 24h, and so should yours.
factors:
  enrol: enrol-factor
  cooling_off: {cooling_off}
"""


def demo_settings(data: Path, cooling_off: str = "3s") -> Mapping[str, str]:
    """Give the settings of a bot whose people can see pages, with policies and key kept in its data folder."""
    port = _free_port()
    return {
        "JIT_HTTP_PORT": str(port),
        "JIT_PUBLIC_URL": f"http://localhost:{port}",
        "JIT_SECRET_KEYS": _key(data / "secret-key"),
        "JIT_POLICIES": str(_policies(data / "policies", cooling_off)),
    }


def _policies(folder: Path, cooling_off: str) -> Path:
    """Copy the shipped policies, once: who changes the copy and starts again finds it changed."""
    if not folder.exists():
        shutil.copytree(shipped("policies"), folder)
        (folder / "factors.yaml").write_text(FACTORS.format(cooling_off=cooling_off))
    return folder


def _key(path: Path) -> str:
    """Make a key, once: apps that were enrolled are to work after the next start."""
    if not path.exists():
        made = base64.urlsafe_b64encode(secrets.token_bytes(32))
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(made)
    return path.read_text()


def _free_port() -> int:
    """Find a port that is free: the bot is told it beforehand, since links to pages carry it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
