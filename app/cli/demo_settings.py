"""What a demo's bot is set to: pages at its own port, a key for secrets, and policies of its own."""

import base64
import os
import secrets
import shutil
import socket
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import yaml

from app.shipped import shipped

PASSWORD = "DEMO_POSTGRES_PASSWORD"  # noqa: S105  the name of the variable that has it
GIVEN_THERE = "  prod-db-debug:"
OURS = " # while the demo has a PostgreSQL of its own"
FACTORS = """\
# The demo's own: a new second factor counts after seconds. The shipped factors.yaml says 24h, and so should yours.
factors:
  enrol: enrol-factor
  cooling_off: {cooling_off}
"""


class Database(NamedTuple):
    """Where the demo's own PostgreSQL listens, as whom the bot enters it, and the database behind each resource."""

    port: int
    admin: str
    password: str
    group: str
    databases: Mapping[str, str]


def demo_settings(data: Path, cooling_off: str = "3s", database: Database | None = None) -> Mapping[str, str]:
    """Give the settings of a bot whose people can see pages, with policies and key kept in its data folder.

    With a database, debugging one in production is given there, by a role for each grant.
    """
    port = free_port()
    return {
        "JIT_HTTP_PORT": str(port),
        "JIT_PUBLIC_URL": f"http://localhost:{port}",
        "JIT_SECRET_KEYS": _key(data / "secret-key"),
        "JIT_POLICIES": str(_policies(data / "policies", cooling_off, database)),
        **(_connectors(data / "connectors.yaml", database) if database else {}),
    }


def _connectors(file: Path, database: Database) -> Mapping[str, str]:
    """Write how the bot reaches the database; the password is in its environment alone."""
    postgres = {
        "host": "127.0.0.1",
        "port": database.port,
        "admin": database.admin,
        "password": {"env": PASSWORD},
        "sslmode": "disable",
        "databases": {resource: {"database": name} for resource, name in database.databases.items()},
        "formerly": _gone(file),
    }
    file.write_text(yaml.safe_dump({"installation": "demo", "connectors": {"postgres": postgres}}))
    return {"JIT_CONNECTORS": str(file), PASSWORD: database.password}


def _gone(file: Path) -> list[str]:
    """Name where earlier runs on this data gave access: each run's server is gone, with all that was in it."""
    try:
        before = yaml.safe_load(file.read_text())["connectors"]["postgres"]
        return [*before["formerly"][-99:], f"PostgreSQL at 127.0.0.1:{before['port']}, marked jit-demo"]
    except (OSError, yaml.YAMLError, LookupError, TypeError):
        return []


def _policies(folder: Path, cooling_off: str, database: Database | None) -> Path:
    """Copy the shipped policies, once: who changes the copy and starts again finds it changed."""
    if not folder.exists():
        shutil.copytree(shipped("policies"), folder)
        (folder / "factors.yaml").write_text(FACTORS.format(cooling_off=cooling_off))
    _let_give(folder / "actions.yaml", database)
    return folder


def _let_give(actions: Path, database: Database | None) -> None:
    """Say that databases are debugged by roles of the demo's PostgreSQL, or take back what an earlier demo said."""
    if not actions.exists():
        return  # somebody has arranged the copy in another way
    before = actions.read_text()
    lines = [line for line in before.splitlines() if not line.endswith(OURS)]
    if database and GIVEN_THERE in lines and not _names_a_connector(lines):
        given = f"connector: postgres{OURS}", f"with: {{roles: [{database.group}]}}{OURS}"
        at = lines.index(GIVEN_THERE) + 1
        lines[at:at] = [f"    {each}" for each in given]
    after = "\n".join(lines) + "\n"
    if after != before:
        actions.write_text(after)


def _names_a_connector(lines: Sequence[str]) -> bool:
    """Tell whether somebody has chosen a connector for the action in their copy: theirs stays."""
    of_action = takewhile(lambda line: line.startswith("    "), lines[lines.index(GIVEN_THERE) + 1 :])
    return any(line.strip().startswith("connector:") for line in of_action)


def _key(path: Path) -> str:
    """Make a key, once: apps that were enrolled are to work after the next start."""
    if not path.exists():
        made = base64.urlsafe_b64encode(secrets.token_bytes(32))
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(made)
    return path.read_text()


def free_port() -> int:
    """Find a port that is free, to be told before anything listens there: links to pages carry it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
