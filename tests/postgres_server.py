"""A real PostgreSQL of the tests' own: in a folder of its own, on loopback, run by an unprivileged user."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from app.child import DIES_WITH_PARENT

SUPERUSER, SUPERUSERS_PASSWORD = "postgres", "superuser-of-tests"
ADMIN, ADMINS_PASSWORD = "jit", "admin-of-tests"
STARTS_WITHIN = 30
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Postgres(NamedTuple):
    """A server that runs. `admin` is what the bot connects as, and is no superuser."""

    port: int
    process: "subprocess.Popen[bytes]"
    data: Path

    def connect(self, database: str = "postgres", **how: Any) -> "psycopg.Connection[Any]":
        """Connect, as the superuser where nobody else is named; each statement is a transaction."""
        who = {"user": SUPERUSER, "password": SUPERUSERS_PASSWORD} | how
        return psycopg.connect(
            host="127.0.0.1", port=self.port, dbname=database, autocommit=True, sslmode="disable", **who
        )

    def rows(self, statement: str, *values: Any, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Give what a statement of the superuser's gives."""
        with self.connect(database) as link:
            found = link.execute(statement.encode(), values or None)
            return found.fetchall() if found.description else []

    def roles(self, prefix: str = "jit_") -> list[str]:
        """Name the roles that begin so."""
        found = "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s) ORDER BY 1"
        return [name for (name,) in self.rows(found, prefix) if not name.endswith("_kept")]

    def freeze(self) -> None:
        """Let the server answer nothing, with its connections open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for child in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(child), number)
        os.kill(self.process.pid, number)


def program(name: str) -> str | None:
    """Find a program of PostgreSQL's server, on PATH or where Debian has it."""
    if found := shutil.which(name):
        return found
    return next((str(each) for each in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))[::-1]), None)


@contextmanager
def postgres_server(*, settings: Sequence[str] = QUICK, port: int = 0) -> Iterator[Postgres]:
    """Run a server with the admin, the groups `readonly` and `writer`, and the databases `orders`, `payments`."""
    initdb, postgres = program("initdb"), program("postgres")
    assert initdb, "no PostgreSQL: ask `program` first"
    assert postgres, "no PostgreSQL: ask `program` first"
    folder = Path(tempfile.mkdtemp(prefix="jit-postgres-"))
    user = _unprivileged()
    how: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
    secret = folder / "password"
    secret.write_text(SUPERUSERS_PASSWORD)
    secret.chmod(0o644)
    words = ["-D", str(folder / "data"), "-U", SUPERUSER, f"--pwfile={secret}", "-A", "scram-sha-256", "-N"]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    subprocess.run([initdb, *words], check=True, capture_output=True, env=environment, cwd=folder, **how)
    secret.unlink()
    port = port or _free_port()
    options = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
    options += ["max_connections=200", "log_statement=all", *settings]
    command = [postgres, "-D", str(folder / "data"), *(part for each in options for part in ("-c", each))]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=folder,
            preexec_fn=DIES_WITH_PARENT,  # noqa: PLW1509  it calls prctl alone
            **how,
        )
    server = Postgres(port, process, folder)
    try:
        _wait(server)
        _furnish(server)
        yield server
    finally:
        with suppress(ProcessLookupError):
            server.thaw()
        process.send_signal(signal.SIGQUIT)
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise AssertionError("there is no unprivileged user to run PostgreSQL as")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(server: Postgres) -> None:
    ends = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            server.connect().close()
        except psycopg.OperationalError:
            said = (server.data / "log").read_text()
            assert server.process.poll() is None, said
            assert time.monotonic() < ends, said
            time.sleep(0.05)
        else:
            return


def _furnish(server: Postgres) -> None:
    with server.connect() as link:
        create = sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}")
        link.execute(create.format(sql.Identifier(ADMIN), sql.Literal(ADMINS_PASSWORD)))
        for statement in (
            f"GRANT pg_signal_backend TO {ADMIN}",
            "CREATE ROLE readonly NOLOGIN",
            "CREATE ROLE writer NOLOGIN",
            "CREATE ROLE strong NOLOGIN CREATEROLE",
            "CREATE ROLE behind_strong NOLOGIN IN ROLE strong",
            "CREATE DATABASE orders",
            "CREATE DATABASE payments",
        ):
            link.execute(statement.encode())
    for database in ("orders", "payments"):
        with server.connect(database) as link:
            link.execute(b"CREATE TABLE carts (id int)")
            link.execute(b"INSERT INTO carts VALUES (1), (2)")
            link.execute(b"GRANT SELECT ON carts TO readonly")
            link.execute(b"GRANT CREATE ON SCHEMA public TO writer")
