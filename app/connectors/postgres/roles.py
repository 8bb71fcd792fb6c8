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

import psycopg
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
    role = await _found(link, name)
    if role is None:
        async with link.transaction():  # a grant may be in the middle of making it
            await _lock(link, name)
            role = await _found(link, name)
    if role is None:
        return None
    shut = [_locked(name), sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(name))]
    if role.groups:
        groups = sql.SQL(", ").join(map(sql.Identifier, role.groups))
        shut.append(sql.SQL("REVOKE {} FROM {}").format(groups, sql.Identifier(name)))
    try:
        await link.execute(sql.SQL("; ").join(shut))
    except psycopg.errors.UndefinedObject:
        if await _oid(link, name) is not None:
            raise
        return None  # another was quicker, and drops it only when its sessions have ended
    return role.oid


async def end_sessions(link: Link, oid: int) -> list[str]:
    """End every session of a role that is shut out, and wait until they are gone. Raises ConnectorFailed.

    Gives the databases in which something is the role's, or says something of it.

    A login that was let in just before is in no list of sessions until its last step, and nothing tells whose it is;
    but from before its role is looked at until it is listed it holds a lock on its transaction. So locks are read
    first and sessions then: who has such a lock and is not listed is waited for, however long a client makes it last
    (`post_auth_delay`). Who begins later finds the role shut.
    """
    began = asyncio.get_running_loop().time()
    waited_for: set[int] | None = None
    while True:
        seen = await _look(link, oid)
        waited_for = seen.starting if waited_for is None else waited_for & seen.starting
        if not seen.sessions and not waited_for:
            return seen.held_in
        if seen.sessions:
            await link.execute(
                "SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid", [seen.sessions]
            )
        passed = asyncio.get_running_loop().time() - began
        if seen.sessions and passed > SESSIONS_END_WITHIN:
            raise ConnectorFailed("a session of its role does not end")
        if waited_for and passed > LOGINS_END_WITHIN:
            raise ConnectorFailed("a login that may be its role's is still under way")
        await asyncio.sleep(LOOKS_AGAIN_AFTER)


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


async def drop(link: Link, name: str) -> None:
    """Drop a role that nothing is left of."""
    dropped = sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name))
    await link.execute(sql.SQL("; ").join([_locked(name), dropped]))


class _Role(NamedTuple):
    oid: int
    groups: list[str]


class _Seen(NamedTuple):
    sessions: list[int]
    starting: set[int]
    held_in: list[str]


async def _look(link: Link, oid: int) -> _Seen:
    """Read, in this order: who holds the lock of a transaction, who is listed, and what is the role's."""
    look = sql.SQL(
        "SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'virtualxid' AND pid IS NOT NULL; "
        "SELECT pid, usesysid IS NOT DISTINCT FROM {oid} FROM pg_stat_activity; "
        "SELECT DISTINCT coalesce(d.datname, current_database()) FROM pg_shdepend s "
        "LEFT JOIN pg_database d ON d.oid = s.dbid "
        "WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = {oid}"
    ).format(oid=sql.Literal(oid))
    found = await link.execute(look)
    busy = {int(pid) for (pid,) in await found.fetchall()}
    found.nextset()
    listed = {int(pid): bool(is_ours) for pid, is_ours in await found.fetchall()}
    found.nextset()
    held_in = [str(name) for (name,) in await found.fetchall()]
    return _Seen([pid for pid, is_ours in listed.items() if is_ours], busy - listed.keys(), held_in)


async def _found(link: Link, name: str) -> _Role | None:
    found = await link.execute(
        "SELECT r.oid, array_remove(array_agg(pg_get_userbyid(m.roleid)), NULL) FROM pg_roles r "
        "LEFT JOIN pg_auth_members m ON m.member = r.oid WHERE r.rolname = %s GROUP BY r.oid",
        [name],
    )
    row = await found.fetchone()
    return _Role(int(row[0]), list(row[1])) if row else None


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
    await link.execute(_locked(name))


def _locked(name: str) -> sql.Composed:
    """Take the role's lock, until the end of the transaction; statements that are sent together are one."""
    return sql.SQL("SELECT pg_advisory_xact_lock(hashtextextended({}, 0))").format(sql.Literal(name))


async def _oid(link: Link, name: str) -> int | None:
    row = await (await link.execute("SELECT oid FROM pg_roles WHERE rolname = %s", [name])).fetchone()
    return int(row[0]) if row else None
