"""A role of PostgreSQL for each grant, against a real server, as an admin who is no superuser.

Contract: the role can do what its groups can, until its end, and nothing after it: no login, no session, no object, no
name. Calls repeat without harm. No text of a request, a policy or a name is ever read as SQL. The password is in no
log and no table of the server. What is not ours is never touched.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from app.connectors.mark import Mark
from app.connectors.postgres import Postgres
from app.connectors.protocol import ConnectorFailed, Found, Granted, Unfit
from app.domain.request import Request
from app.domain.target import Target
from tests.connectors.asked import granting
from tests.postgres_server import ADMIN, ADMINS_PASSWORD
from tests.postgres_server import Postgres as Server

MARK = Mark("harbour")


def settings(server: Server, **changed: Any) -> Any:
    written = {
        "host": "127.0.0.1",
        "port": server.port,
        "admin": ADMIN,
        "password": {"env": "JIT_TEST_POSTGRES"},
        "sslmode": "disable",
        "databases": {"orders-db": {"database": "orders"}, "payments-db": {"database": "payments"}},
    }
    return Postgres.Settings.model_validate(written | changed)


@pytest.fixture
async def connector(postgres: Server, monkeypatch) -> AsyncIterator[Postgres]:
    """The connector, connected as the tests' admin."""
    monkeypatch.setenv("JIT_TEST_POSTGRES", ADMINS_PASSWORD)
    made = Postgres("postgres", settings(postgres), MARK)
    yield made
    await made.close()


def asked(*groups: str, seconds: float = 600, **changed: Any) -> Request:
    target = Target(connector="postgres", parameters={"roles": list(groups or ["readonly"])})
    return granting(seconds, **{"target": target} | changed)


def key(request: Request) -> str:
    return MARK.key(request.id)


def enter(server: Server, granted: Granted, **how: Any) -> "psycopg.Connection[Any]":
    """Connect with what the requester gets."""
    assert granted.secret
    given = {name: value.get_secret_value() for name, value in granted.secret.environment.items()}
    assert str(server.port) == given["PGPORT"]
    who = {"user": given["PGUSER"], "password": given["PGPASSWORD"]}
    return server.connect(how.pop("database", given["PGDATABASE"]), **who, **how)


async def test_it_can_do_what_its_groups_can_and_no_more(postgres, connector):
    """It reads as a reader, and does not write; it is no superuser of any sort."""
    request = asked()
    with enter(postgres, await connector.grant(request, key(request))) as session:
        assert [(2,)] == session.execute("SELECT count(*) FROM carts").fetchall()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("DELETE FROM carts")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("CREATE ROLE another")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("ALTER ROLE current_user VALID UNTIL 'infinity'")
    await connector.revoke(request, key(request))


async def test_an_end_ends_sessions_and_leaves_nothing(postgres, connector):
    """An open session is cut off, a new login is refused, and the role is gone; once more changes nothing."""
    request = asked()
    granted = await connector.grant(request, key(request))
    session = enter(postgres, granted)
    await connector.revoke(request, key(request))

    with pytest.raises(psycopg.OperationalError):
        session.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        enter(postgres, granted)
    assert [] == postgres.roles()
    await connector.revoke(request, key(request))


async def test_a_busy_session_ends_too(postgres, connector):
    """One in the middle of a long statement, and one that idles in a transaction."""
    request = asked()
    granted = await connector.grant(request, key(request))
    idle, busy = enter(postgres, granted), enter(postgres, granted)
    idle.execute("BEGIN")
    idle.execute("SELECT * FROM carts")
    running = asyncio.create_task(asyncio.to_thread(busy.execute, "SELECT pg_sleep(60)"))
    await asyncio.sleep(0.2)
    await asyncio.wait_for(connector.revoke(request, key(request)), 5)
    with pytest.raises(psycopg.OperationalError):
        await running
    with pytest.raises(psycopg.OperationalError):
        idle.execute("SELECT 1")


async def test_a_login_that_is_under_way_is_waited_for_and_ended(postgres, connector):
    """A client can make the last step of its login slow, and is in no list of sessions until then."""
    request = asked()
    granted = await connector.grant(request, key(request))
    entering = asyncio.create_task(
        asyncio.to_thread(enter, postgres, granted, options="-c post_auth_delay=2")
    )
    await asyncio.sleep(0.7)
    await connector.revoke(request, key(request))
    assert [] == postgres.rows(
        "SELECT pid FROM pg_stat_activity WHERE usesysid NOT IN (SELECT oid FROM pg_roles)"
    )
    with pytest.raises(psycopg.OperationalError):
        (await entering).execute("SELECT 1")


async def test_a_login_that_does_not_end_keeps_the_end_from_being_confirmed(postgres, connector, monkeypatch):
    """Nobody is told that access is gone while such a login is there; the role can do nothing meanwhile."""
    monkeypatch.setattr("app.connectors.postgres.roles.LOGINS_END_WITHIN", 0.3)
    request = asked()
    granted = await connector.grant(request, key(request))
    entering = asyncio.create_task(
        asyncio.to_thread(enter, postgres, granted, options="-c post_auth_delay=3")
    )
    await asyncio.sleep(0.7)
    with pytest.raises(ConnectorFailed, match="a login that may be its role's is still under way"):
        await connector.revoke(request, key(request))
    assert [(False, 0)] == postgres.rows(
        "SELECT rolcanlogin, (SELECT count(*) FROM pg_auth_members m WHERE m.member = r.oid) FROM pg_roles r "
        "WHERE starts_with(rolname, 'jit_harbour')"
    )
    with await entering as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("SELECT * FROM carts")
    await connector.revoke(request, key(request))


async def test_the_server_ends_it_by_itself(postgres, connector):
    """Nobody logs in after the end, though nobody revokes."""
    request = asked(seconds=1)
    granted = await connector.grant(request, key(request))
    enter(postgres, granted).close()
    await asyncio.sleep(1.1)
    with pytest.raises(psycopg.OperationalError):
        enter(postgres, granted)
    await connector.revoke(request, key(request))


async def test_more_time(postgres, connector):
    """The end moves at the server too, and the password stays; what is not there is not made."""
    request = asked(seconds=1)
    granted = await connector.grant(request, key(request))
    later = request.model_copy(update={"ends_at": datetime.now(UTC) + timedelta(hours=1)})
    await connector.extend(later, key(request))
    await asyncio.sleep(1.1)
    enter(postgres, granted).close()
    await connector.revoke(request, key(request))
    with pytest.raises(ConnectorFailed, match="is not there"):
        await connector.extend(later, key(request))


async def test_granting_twice(postgres, connector):
    """It is one role, of which the newer password counts."""
    request = asked()
    first, second = [await connector.grant(request, key(request)) for _ in range(2)]
    assert first.lease == second.lease
    with pytest.raises(psycopg.OperationalError):
        enter(postgres, first)
    enter(postgres, second).close()
    assert 1 == len(postgres.roles())
    await connector.revoke(request, key(request))


async def test_what_it_made_is_kept_by_a_role_that_may_do_nothing(postgres, connector):
    """In every database: tables stay, and what runs with its owner's rights gets nobody's. Not the admin's."""
    request = asked("writer", "readonly")
    granted = await connector.grant(request, key(request))
    for database in ("orders", "payments"):
        with enter(postgres, granted, database=database) as session:
            session.execute("CREATE TABLE notes AS SELECT * FROM carts")
            session.execute("GRANT SELECT ON notes TO readonly")
            session.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC")
    await connector.revoke(request, key(request))

    for database in ("orders", "payments"):
        owner = postgres.rows("SELECT tableowner FROM pg_tables WHERE tablename = 'notes'", database=database)
        assert [("jit_harbour_kept",)] == owner
        postgres.rows("DROP TABLE notes", database=database)
    assert [(False, False, False)] == postgres.rows(
        "SELECT rolcanlogin, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = 'jit_harbour_kept'"
    )


async def test_revoked_by_several_at_once(postgres, connector):
    """Whoever comes second finds it gone, at whatever step, and that is no error."""
    for _ in range(6):
        request = asked()
        await connector.grant(request, key(request))
        await asyncio.gather(*(connector.revoke(request, key(request)) for _ in range(8)))
        assert [] == postgres.roles()


async def test_or_dropped(postgres, connector, monkeypatch):
    """Where the settings say so, nothing that it made is left."""
    dropping = Postgres("postgres", settings(postgres, objects="drop"), MARK)
    request = asked("writer")
    with enter(postgres, await dropping.grant(request, key(request))) as session:
        session.execute("CREATE TABLE notes (id int)")
    await dropping.revoke(request, key(request))
    await dropping.close()
    assert [] == postgres.rows("SELECT 1 FROM pg_tables WHERE tablename = 'notes'", database="orders")


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ("nobody-knows-it", "there is no role nobody-knows-it"),
        ("postgres", "postgres could leave access behind it"),
        ("strong", "strong could leave access behind it"),
        ("behind_strong", "strong could leave access behind it"),
        ("pg_execute_server_program", "pg_execute_server_program could leave access behind it"),
        ('readonly"; DROP TABLE carts; --', "there is no role"),
    ],
)
async def test_groups_that_are_not_given(postgres, connector, group, said):
    """A group that is not there, and one by which access could be left behind; nothing is created then."""
    request = asked(group)
    with pytest.raises(ConnectorFailed, match=said):
        await connector.grant(request, key(request))
    assert [] == postgres.roles()


EVIL = "x'; DROP TABLE carts; --\" \\ $$ %s {} \n;"


async def test_no_text_is_read_as_sql(postgres, connector):
    """Reasons, names and ids of people, names of groups, databases and resources: each is what it is."""
    strange = 'we"ird; DROP TABLE carts; --%s{}'
    with postgres.connect() as link:
        link.execute(psycopg.sql.SQL("CREATE ROLE {} NOLOGIN").format(psycopg.sql.Identifier(strange)))
    people = asked().requester.model_copy(update={"id": EVIL, "name": EVIL})
    request = asked(strange, reason=EVIL, requester=people, action=EVIL)
    granted = await connector.grant(request, key(request))
    comment = postgres.rows(
        "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s", _name(granted)
    )
    assert EVIL in comment[0][0]
    await connector.revoke(request, key(request))
    postgres.rows(psycopg.sql.SQL("DROP ROLE {}").format(psycopg.sql.Identifier(strange)).as_string())
    assert [(2,)] == postgres.rows("SELECT count(*) FROM carts", database="orders")
    with pytest.raises(Unfit, match="has no database for"):
        connector.plan(asked(resource=EVIL))
    with pytest.raises(ConnectorFailed, match="has no database for"):
        await connector.grant(asked(resource=EVIL), key(request))


async def test_the_password_is_nowhere_but_with_the_requester(postgres, connector):
    """The server logs every statement, and none holds it; nor does anything that is printed."""
    request = asked()
    granted = await connector.grant(request, key(request))
    secret = granted.secret.environment["PGPASSWORD"].get_secret_value()
    assert len(secret) >= 40
    assert "SCRAM-SHA-256" in (log := (postgres.data / "log").read_text())
    assert secret not in log + repr(granted) + str(granted)
    await connector.revoke(request, key(request))


async def test_only_what_is_ours_is_found_and_removed(postgres, connector):
    """Roles of another installation, of people, and of names that merely look alike, stay."""
    theirs = [
        "jit_harbour2_r07_4kx9tqz",
        "jit_harbour_admin",
        "jit_harbour_r99_4kx9tqz",
        "jit_other_r07_4kx9tqz",
    ]
    for name in theirs:
        postgres.rows(f"CREATE ROLE {name} LOGIN VALID UNTIL 'infinity'")
    request = asked()
    await connector.grant(request, key(request))
    found = await connector.list_active()
    assert [(key(request), f"127.0.0.1:{postgres.port}")] == [(each.key, each.place) for each in found]
    assert abs(found[0].ends_at - request.ends_at) < timedelta(milliseconds=1)
    await connector.remove(found[0])
    await connector.remove(Found("jit-other-r07-4kx9tqz", found[0].place))
    assert sorted(theirs) == postgres.roles()
    for name in theirs:
        postgres.rows(f"DROP ROLE {name}")


async def test_a_server_that_is_down_or_refuses(postgres, monkeypatch):
    """Each failure is one sentence for people, without the password, and within a few seconds."""
    monkeypatch.setenv("JIT_TEST_POSTGRES", "wrong-password")
    monkeypatch.setattr("app.connectors.postgres.servers.WAITS", 1.0)
    request = asked()
    wrong = Postgres("postgres", settings(postgres), MARK)
    down = Postgres("postgres", settings(postgres, port=1), MARK)
    for connector in (wrong, down):
        for call in (
            connector.grant(request, key(request)),
            connector.revoke(request, key(request)),
            connector.check(),
        ):
            with pytest.raises(ConnectorFailed, match=r"PostgreSQL at 127\.0\.0\.1") as told:
                await asyncio.wait_for(call, 5)
            assert "wrong-password" not in str(told.value)
        await connector.close()


async def test_what_the_admin_lacks_is_told(postgres, connector):
    """The check of an admin who may do what is needed passes; of another it says what is missing."""
    await connector.check()
    postgres.rows(f"REVOKE pg_signal_backend FROM {ADMIN}")
    try:
        with pytest.raises(ConnectorFailed, match="needs CREATEROLE, and membership in pg_signal_backend"):
            await connector.check()
    finally:
        postgres.rows(f"GRANT pg_signal_backend TO {ADMIN}")


async def test_cancelled_in_the_middle(postgres, connector):
    """A grant that is given up at any moment leaves nothing that a revoke does not take."""
    for step in range(25):
        request = asked()
        granting_ = asyncio.create_task(connector.grant(request, key(request)))
        await asyncio.sleep(step / 1000)
        granting_.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await granting_
        await connector.revoke(request, key(request))
        assert [] == postgres.roles()


def _name(granted: Granted) -> str:
    return granted.lease.reference.rpartition("/")[2]
