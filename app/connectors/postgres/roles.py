"""The temporary role in SQL: made, prolonged, shut out, its sessions ended, its belongings settled, dropped.

Every name and value is composed by psycopg.sql. A grant and a revoke of one role exclude each other by an advisory
lock that lasts as long as their transactions, so that what a dead client sent in the middle of a grant is either
undone by the server or seen by the revoke that comes after. Such locks are of one database: all calls about a
server's roles go through the same one.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from app.connectors.protocol import ConnectorFailed

SESSIONS_END_WITHIN = 10.0
LOGINS_END_WITHIN = 5.0
LOOKS_AGAIN_AFTER = 0.05
TOO_MUCH = ("pg_execute_server_program", "pg_write_server_files")
"""Predefined roles that may leave something behind outside of the database."""
Link = AsyncConnection[TupleRow]


class NewRole(NamedTuple):
    """What a role is to be; `verifier` is SCRAM-SHA-256's, which the password cannot be read from."""

    name: str
    groups: Sequence[str]
    ends_at: datetime
    connections: int
    verifier: str
    comment: str


async def make(link: Link, role: NewRole) -> None:
    """Make a role, or make one that is there what it is to be. Raises ConnectorFailed."""
    async with link.transaction():
        await _lock(link, role.name)
        await _must_be_harmless(link, role.groups)
        is_there = await _oid(link, role.name) is not None
        await link.execute(
            sql.SQL(
                "{verb} {name} LOGIN CONNECTION LIMIT {limit} PASSWORD {verifier} VALID UNTIL {ends}"
            ).format(
                verb=sql.SQL("ALTER ROLE" if is_there else "CREATE ROLE"),
                name=sql.Identifier(role.name),
                limit=sql.Literal(role.connections),
                verifier=sql.Literal(role.verifier),
                ends=sql.Literal(role.ends_at.isoformat()),
            )
        )
        groups = sql.SQL(", ").join(map(sql.Identifier, role.groups))
        await link.execute(sql.SQL("GRANT {} TO {}").format(groups, sql.Identifier(role.name)))
        await link.execute(
            sql.SQL("COMMENT ON ROLE {} IS {}").format(sql.Identifier(role.name), sql.Literal(role.comment))
        )


async def prolong(link: Link, name: str, ends_at: datetime) -> None:
    """Let a role that is there end later. Raises ConnectorFailed."""
    async with link.transaction():
        await _lock(link, name)
        if await _oid(link, name) is None:
            raise ConnectorFailed("its role is not there")
        ends = sql.Literal(ends_at.isoformat())
        await link.execute(sql.SQL("ALTER ROLE {} VALID UNTIL {}").format(sql.Identifier(name), ends))


async def shut_out(link: Link, name: str) -> int | None:
    """Let a role neither log in nor do anything any more; gives its oid, and None where there is none."""
    async with link.transaction():
        await _lock(link, name)
        oid = await _oid(link, name)
        if oid is None:
            return None
        await link.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(name)))
        found = await link.execute(
            "SELECT pg_get_userbyid(roleid) FROM pg_auth_members WHERE member = %s", [oid]
        )
        if groups := [sql.Identifier(group) for (group,) in await found.fetchall()]:
            revoke = sql.SQL("REVOKE {} FROM {}").format(sql.SQL(", ").join(groups), sql.Identifier(name))
            await link.execute(revoke)
    return oid


async def end_sessions(link: Link, oid: int) -> None:
    """End every session of a role that is shut out, and wait until they are gone. Raises ConnectorFailed.

    A login that was let in just before is no session yet: until it is, no view tells whose it is, but that there
    is one is told by its locks. A client can make it last (`post_auth_delay`), so it is waited for.
    """
    await _terminate(link, oid)
    if starting := await _starting(link):
        ends = asyncio.get_running_loop().time() + LOGINS_END_WITHIN
        while starting:
            if asyncio.get_running_loop().time() > ends:
                raise ConnectorFailed("a login that may be its role's is still under way")
            await asyncio.sleep(LOOKS_AGAIN_AFTER)
            starting &= await _starting(link)
        await _terminate(link, oid)


async def belongings(link: Link, oid: int) -> list[str]:
    """Name the databases in which something is a role's, or says something of it."""
    found = await link.execute(
        "SELECT DISTINCT coalesce(d.datname, current_database()) FROM pg_shdepend s "
        "LEFT JOIN pg_database d ON d.oid = s.dbid "
        "WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = %s",
        [oid],
    )
    return [name for (name,) in await found.fetchall()]


async def settle_belongings(link: Link, name: str, oid: int, keeper: str | None) -> None:
    """Give what a role owns in this database to a keeper, who may do nothing, or drop it; and all it was granted.

    Not to the admin: what runs with its owner's rights would get the admin's.
    """
    role = sql.Identifier(name)
    async with link.transaction():
        await _lock(link, name)
        if await _oid(link, name) != oid:
            return  # another was quicker
        await link.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))  # REASSIGN asks for membership
        if keeper is not None:
            if await _oid(link, keeper) is None:
                await _lock(link, keeper)
                if await _oid(link, keeper) is None:
                    await link.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(keeper)))
            await link.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(keeper)))
            await link.execute(sql.SQL("REASSIGN OWNED BY {} TO {}").format(role, sql.Identifier(keeper)))
        await link.execute(sql.SQL("DROP OWNED BY {}").format(role))


async def drop(link: Link, name: str, oid: int) -> None:
    """Drop a role that nothing is left of, if it is still the one."""
    async with link.transaction():
        await _lock(link, name)
        if await _oid(link, name) == oid:
            await link.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


async def _terminate(link: Link, oid: int) -> None:
    ends = asyncio.get_running_loop().time() + SESSIONS_END_WITHIN
    while True:
        found = await link.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usesysid = %s", [oid]
        )
        if not await found.fetchall():
            return
        if asyncio.get_running_loop().time() > ends:
            raise ConnectorFailed("a session of its role does not end")
        await asyncio.sleep(LOOKS_AGAIN_AFTER)


async def _starting(link: Link) -> set[int]:
    """Give the processes that run a transaction and are not in the list of sessions yet."""
    found = await link.execute(
        "SELECT DISTINCT l.pid FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid) "
        "WHERE l.locktype = 'virtualxid' AND l.pid IS NOT NULL AND a.pid IS NULL"
    )
    return {pid for (pid,) in await found.fetchall()}


async def _must_be_harmless(link: Link, groups: Sequence[str]) -> None:
    """Refuse groups that are not there, and those by which a role could leave access behind it."""
    found = await link.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(groups)])
    missing = set(groups) - {name for (name,) in await found.fetchall()}
    if missing:
        raise ConnectorFailed(f"there is no role {', '.join(sorted(missing))}")
    found = await link.execute(
        "WITH RECURSIVE reached(oid) AS (SELECT oid FROM pg_roles WHERE rolname = ANY(%s) "
        "UNION SELECT m.roleid FROM pg_auth_members m JOIN reached r ON m.member = r.oid) "
        "SELECT rolname FROM pg_roles JOIN reached USING (oid) "
        "WHERE rolsuper OR rolcreaterole OR rolreplication OR rolname = ANY(%s) ORDER BY rolname",
        [list(groups), list(TOO_MUCH)],
    )
    if strong := [name for (name,) in await found.fetchall()]:
        raise ConnectorFailed(
            f"{', '.join(strong)} could leave access behind it, so no role gets it for a while"
        )


async def _lock(link: Link, name: str) -> None:
    await link.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


async def _oid(link: Link, name: str) -> int | None:
    row = await (await link.execute("SELECT oid FROM pg_roles WHERE rolname = %s", [name])).fetchone()
    return int(row[0]) if row else None
