"""A PostgreSQL server of the demo's own, where one is installed: made when the demo starts, gone when it ends.

It listens on loopback alone and takes passwords (SCRAM) of people and bot alike. Nothing in it is worth keeping, so
it waits for no disk. PostgreSQL refuses to run as root: root's demo lets an unprivileged user run it.
"""

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from app.child import ENDS_AT_ONCE_WITH_PARENT
from app.cli.demo_settings import Database, free_port

if TYPE_CHECKING:
    from psycopg import AsyncConnection

DEBIANS = Path("/usr/lib/postgresql")
SUPERUSER, ADMIN, GROUP = "postgres", "jit", "readonly"
DATABASES = {"orders-db": "orders", "payments-db": "payments", "users-db": "users"}
STARTS_WITHIN = 20.0
STOPS_WITHIN = 5.0
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "40",
    "shared_buffers": "16MB",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "logging_collector": "off",
}
HOW_TO_GET_IT = "apt install postgresql, or brew install postgresql, and pip install 'jit-approval[postgres]'"


class NoPostgres(Exception):  # noqa: N818  told to whoever tries the demo, which goes on without
    """There is no server that the demo could start; `str()` says why."""


class Programs(NamedTuple):
    """Where the server's programs are, and who runs them where that is not whoever runs the demo."""

    folder: Path
    user: pwd.struct_passwd | None

    @property
    def as_whom(self) -> Mapping[str, Any]:
        """What starts a process as that user."""
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}


def find_postgres(path: str | None = None, debians: Path = DEBIANS) -> Programs:
    """Find a server on PATH, or where Debian has it, and the library that the connector needs. Raises NoPostgres."""
    on_path = shutil.which("initdb", path=path)
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(debians.glob("*/bin"), key=lambda each: each.parent.name.zfill(4), reverse=True)
    found = [
        each for each in folders if all(os.access(each / name, os.X_OK) for name in ("initdb", "postgres"))
    ]
    if not found:
        raise NoPostgres("there is no PostgreSQL server on this machine")
    try:
        import psycopg  # noqa: F401, PLC0415  an extra, and of no use without the C library that it looks for
        import psycopg_pool  # noqa: F401, PLC0415
    except ImportError as missing:
        raise NoPostgres(f"the extra is not installed ({str(missing).splitlines()[0]})") from None
    return Programs(found[0], _unprivileged())


def _unprivileged() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoPostgres("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


class DemoPostgres:
    """A server that is started in the background; `ready` waits for it."""

    def __init__(self, programs: Programs, folder: Path) -> None:
        self.port = free_port()
        self._admins_password = secrets.token_urlsafe(24)
        self._password = secrets.token_urlsafe(24)
        self._programs = programs
        self._folder = folder.resolve()
        self._process: asyncio.subprocess.Process | None = None
        self._starting = asyncio.create_task(self._start())

    @property
    def database(self) -> Database:
        """What the bot is to know of it."""
        return Database(self.port, ADMIN, self._admins_password, GROUP, DATABASES)

    async def ready(self) -> None:
        """Wait until everything is there. Raises NoPostgres."""
        await asyncio.shield(self._starting)

    async def connect(
        self, database: str = "postgres", user: str = SUPERUSER, password: str = ""
    ) -> "AsyncConnection[Any]":
        """Connect, as the superuser where nobody else is named; each statement is a transaction of its own."""
        from psycopg import AsyncConnection  # noqa: PLC0415  an extra, which not everybody has

        return await AsyncConnection.connect(
            host="127.0.0.1",
            port=self.port,
            user=user,
            password=password or self._password,
            dbname=database,
            sslmode="disable",
            connect_timeout=5,
            autocommit=True,
        )

    async def roles(self) -> Sequence[str]:
        """Name the roles that were made for grants and can log in."""
        async with await self.connect() as link:
            found = await link.execute(
                "SELECT rolname FROM pg_roles WHERE starts_with(rolname, 'jit_') AND rolcanlogin ORDER BY 1"
            )
            return [name for (name,) in await found.fetchall()]

    async def _start(self) -> None:
        try:
            async with asyncio.timeout(STARTS_WITHIN):
                await self._initdb()
                await self._serve()
                await self._furnish()
        except TimeoutError:
            raise NoPostgres(f"PostgreSQL did not start within {STARTS_WITHIN:.0f} s") from None
        except (OSError, subprocess.SubprocessError) as error:
            raise NoPostgres(f"{self._programs.folder}: {error}") from None

    async def _initdb(self) -> None:
        secret = self._folder / "password"
        secret.touch(0o600)
        if user := self._programs.user:
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            os.chown(secret, user.pw_uid, user.pw_gid)
        secret.write_text(self._password)
        words = ["-D", str(self._data), "-U", SUPERUSER, f"--pwfile={secret}", "-A", "scram-sha-256"]
        made = await self._run("initdb", *words, "--no-sync", "--no-locale", "-E", "UTF8")
        try:
            status = await made.wait()
        except asyncio.CancelledError:
            if made.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(made.pid, signal.SIGKILL)  # the servers that it begins are in its group
            await made.wait()
            raise
        secret.unlink()
        if status:
            raise NoPostgres(f"initdb failed: {self._last_word()}")

    async def _serve(self) -> None:
        options = OPTIONS | {"port": str(self.port)}
        words = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._process = await self._run("postgres", "-D", str(self._data), *words)
        while not await self._answers():
            if self._process.returncode is not None:
                raise NoPostgres(f"PostgreSQL ended at once: {self._last_word()}")
            await asyncio.sleep(0.03)

    async def _answers(self) -> bool:
        import psycopg  # noqa: PLC0415  an extra, which not everybody has

        try:
            await (await self.connect()).close()
        except psycopg.OperationalError:
            return False
        return True

    async def _furnish(self) -> None:
        """Make the bot's admin, who is no superuser, the group that grants give, and something to look at."""
        from psycopg import sql  # noqa: PLC0415  an extra, which not everybody has

        admin, group = sql.Identifier(ADMIN), sql.Identifier(GROUP)
        password = sql.Literal(self._admins_password)
        async with await self.connect() as link:
            await link.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}").format(admin, password))
            await link.execute(sql.SQL("GRANT pg_signal_backend TO {}").format(admin))
            await link.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(group))
            await link.execute(sql.SQL("GRANT {} TO {} WITH ADMIN OPTION").format(group, admin))
            for database in DATABASES.values():
                await link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        await asyncio.gather(*(self._fill(database) for database in DATABASES.values()))

    async def _fill(self, database: str) -> None:
        from psycopg import sql  # noqa: PLC0415  an extra, which not everybody has

        table = sql.Identifier(database)
        async with await self.connect(database) as link:
            await link.execute(sql.SQL("CREATE TABLE {} (id int PRIMARY KEY, what text)").format(table))
            rows = sql.SQL("INSERT INTO {} SELECT n, 'row ' || n FROM generate_series(1, 3) n").format(table)
            await link.execute(rows)
            await link.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(table, sql.Identifier(GROUP)))

    async def stop(self) -> None:
        """End it and every session, and remove what it left."""
        self._starting.cancel()
        await asyncio.gather(self._starting, return_exceptions=True)
        if self._process is not None and self._process.returncode is None:
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    self._process.send_signal(number)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._process.wait(), STOPS_WITHIN)
                    break
        await asyncio.to_thread(self._remove)

    def _remove(self) -> None:
        """Remove all files: what was killed a moment ago may still be making one."""
        ends = time.monotonic() + STOPS_WITHIN
        while self._folder.exists() and time.monotonic() < ends:
            shutil.rmtree(self._folder, ignore_errors=True)
            time.sleep(0.01)

    async def _run(self, program: str, *words: str) -> asyncio.subprocess.Process:
        """Start a program, from this very thread, with whose end it ends."""
        with (self._folder / "log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                self._programs.folder / program,
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
                start_new_session=True,  # a Ctrl-C at the terminal is the demo's: it stops the server at its end
                preexec_fn=ENDS_AT_ONCE_WITH_PARENT,
                **self._programs.as_whom,
            )

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _last_word(self) -> str:
        said = (self._folder / "log").read_text(errors="replace").strip().splitlines()
        return said[-1][:300] if said else "it said nothing"


@asynccontextmanager
async def demo_postgres(programs: Programs, data: Path) -> AsyncIterator[DemoPostgres]:
    """Run a server for as long as the context is open; `data` keeps its files, where its user can reach them."""
    within = data if programs.user is None else None
    server = DemoPostgres(programs, Path(tempfile.mkdtemp(prefix="jit-demo-postgres-", dir=within)))
    try:
        yield server
    finally:
        await server.stop()
