"""Contract of the demo's own PostgreSQL: there where one is installed, and gone with the demo, however that ends.

Where there is none, or it does not start, the demo says so in a line, with what to install, and goes on.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from app.cli.demo_postgres import NoPostgres, demo_postgres, find_postgres
from app.cli.demo_settings import Database, demo_settings
from app.connectors.registry import Connectors
from app.policy import PolicySource
from tests.cli.test_demo import jit
from tests.conftest import required
from tests.postgres_server import program

DATABASE = Database(5432, "jit", "secret of the admin", "readonly", {"orders-db": "orders"})
HOLDS_ONE = """
import asyncio, json, pathlib, sys
from app.cli.demo_postgres import demo_postgres, find_postgres
async def main():
    async with demo_postgres(find_postgres(), pathlib.Path(sys.argv[1])) as server:
        await server.ready()
        said = {"port": server.port, "password": server._password, "pid": server._process.pid}
        print(json.dumps(said), flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def _installed() -> None:
    if not program("postgres"):
        required("postgresql")


def children(pid: int) -> list[int]:
    """Every process that a process has begun and that it still has."""
    try:
        own = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return own + [each for child in own for each in children(child)]


def gone(pids: list[int]) -> bool:
    """Wait until none of them runs."""
    ends = time.monotonic() + 20
    while any(runs(pid) for pid in pids):
        if time.monotonic() > ends:
            return False
        time.sleep(0.05)
    return True


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except OSError:
        return False


def command_of(pid: int) -> str:
    """The command line of a process, empty where it has just ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def postgres_of(pid: int) -> list[int]:
    return [each for each in children(pid) if "postgres" in command_of(each)]


def test_once_sees_a_role_come_and_go(tmp_path):
    """The story's part in the database is played, each step seen, and no server is left."""
    demo = jit("demo", "--once", "--data", str(tmp_path))
    out, err = demo.communicate(timeout=60)
    assert (0, "") == (demo.returncode, err)
    steps = [line for line in out.splitlines() if line.startswith("✓")]
    for part in ("the role is there", "shows Ana the credentials", "is in the database", "session is ended"):
        assert 1 == sum(part in step for step in steps), part
    assert "PostgreSQL is not part" not in out
    logged = (tmp_path / "bot.log").read_text()
    assert (False, False) == ("PGPASSWORD" in logged, "target_trouble" in logged)


def test_one_that_does_not_start_is_told_in_a_line_and_gone_without(tmp_path):
    """Programs of its name that are none: the story is played without its part, and says what to install."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("initdb", "postgres"):
        (folder / name).write_text("#!/bin/sh\necho no such luck >&2; exit 3\n")
        (folder / name).chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    demo = jit("demo", "--once", "--data", str(tmp_path / "data"), environment={"PATH": path})
    out, err = demo.communicate(timeout=60)
    assert (0, "") == (demo.returncode, err), out
    said = [line for line in out.splitlines() if line.startswith("PostgreSQL")]
    assert (1, True) == (len(said), "apt install postgresql" in said[0])
    assert not any("in the database" in line for line in out.splitlines())


def test_nothing_is_found_where_there_is_nothing(tmp_path):
    """Neither on PATH nor where Debian has it: said so, and no process is begun."""
    with pytest.raises(NoPostgres, match="no PostgreSQL server on this machine"):
        find_postgres(path=str(tmp_path), debians=tmp_path)


def test_the_newest_of_debians_is_taken(tmp_path):
    """By number, and only where both programs are."""
    for version, names in (("9", ["initdb", "postgres"]), ("15", ["initdb", "postgres"]), ("17", ["initdb"])):
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).write_text("")
            (folder / name).chmod(0o755)
    assert tmp_path / "15" / "bin" == find_postgres(path=str(tmp_path), debians=tmp_path).folder


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill-9"])
def test_no_server_outlives_the_demo(tmp_path, number):
    """Ended in good order or killed: every process of PostgreSQL goes with it."""
    demo = jit("demo", "--port", "0", "--data", str(tmp_path))
    demo.stdout.readline()
    assert demo.stdout.readline().startswith("Ready")
    servers = postgres_of(demo.pid)
    assert len(servers) > 1
    demo.send_signal(number)
    demo.communicate(timeout=30)
    assert gone(servers)


def test_killed_with_a_session_open(tmp_path):
    """A session that somebody else holds does not keep a server whose demo was killed."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS_ONE, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    said = json.loads(holder.stdout.readline())
    how = {"host": "127.0.0.1", "user": "postgres", "dbname": "orders", "sslmode": "disable"}
    with psycopg.connect(port=said["port"], password=said["password"], autocommit=True, **how) as session:
        assert (3,) == session.execute("SELECT count(*) FROM orders").fetchone()
        servers = [said["pid"], *children(said["pid"])]
        holder.kill()
        holder.communicate(timeout=10)
        assert gone(servers)
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")


async def test_left_while_it_starts(tmp_path):
    """A demo that ends before its server is up leaves neither process nor file."""
    async with demo_postgres(find_postgres(), tmp_path) as server:
        await asyncio.sleep(0.2)
        folder = server._folder
        begun = [each for each in children(os.getpid()) if str(folder) in command_of(each)]
        assert begun
    assert (True, False) == (gone(begun), folder.exists())


async def test_nobody_enters_without_a_password(tmp_path):
    """It listens on loopback, and whoever else is on the machine is asked for a password, the superuser too."""
    async with demo_postgres(find_postgres(), tmp_path) as server:
        await server.ready()
        for user in ("postgres", "jit"):
            with pytest.raises(psycopg.OperationalError):
                await server.connect(user=user, password="guessed")
        assert [] == await server.roles()


def test_policies_and_connectors_of_such_a_demo(tmp_path):
    """The action is given there; a later demo without a server says so no more; what people changed stays."""
    told = demo_settings(tmp_path, database=DATABASE)
    folder = Path(told["JIT_POLICIES"])
    target = PolicySource(folder).current.actions["prod-db-debug"].target
    assert ("postgres", {"roles": ["readonly"]}) == (target.connector, dict(target.parameters))
    assert ["postgres"] == list(Connectors.open(Path(told["JIT_CONNECTORS"])).all)
    assert "secret of the admin" not in Path(told["JIT_CONNECTORS"]).read_text()
    actions = folder / "actions.yaml"
    actions.write_text(actions.read_text().replace("longest: 4h", "longest: 3h", 1))
    once_more = demo_settings(tmp_path, database=DATABASE)
    assert 1 == actions.read_text().count("connector: postgres")
    without = demo_settings(tmp_path)
    changed = PolicySource(Path(without["JIT_POLICIES"])).current.actions["prod-db-debug"]
    assert (True, False, None) == (
        "JIT_CONNECTORS" in once_more,
        "JIT_CONNECTORS" in without,
        changed.target,
    )
    assert "longest: 3h" in actions.read_text()


def test_a_connector_that_somebody_chose_stays(tmp_path):
    """Whoever tries another connector in the demo's policies is not overruled."""
    folder = Path(demo_settings(tmp_path)["JIT_POLICIES"])
    actions = folder / "actions.yaml"
    own = actions.read_text().replace("  prod-db-debug:\n", "  prod-db-debug:\n    connector: webhook\n")
    actions.write_text(own)
    demo_settings(tmp_path, database=DATABASE)
    assert own == actions.read_text()


async def test_a_data_folder_by_a_relative_path(tmp_path, monkeypatch):
    """As people type it: `--data here`."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    async with demo_postgres(find_postgres(), Path("here")) as server:
        await server.ready()
        assert server._folder.is_absolute()
