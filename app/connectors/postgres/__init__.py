"""PostgreSQL: for each grant a role of its own, in group roles that policy names, and gone when it ends."""

import secrets
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import SecretStr

from app.connectors.mark import Mark
from app.connectors.postgres import roles
from app.connectors.postgres import settings as written
from app.connectors.postgres.servers import Servers
from app.connectors.postgres.settings import Database, Server
from app.connectors.protocol import (
    Capabilities,
    ConnectorFailed,
    Found,
    Granted,
    Secret,
    Unfit,
    parameters_of,
)
from app.domain.request import Lease, Request

SCRAM = b"scram-sha-256"


class Postgres:
    """Makes roles by `VALID UNTIL`, which alone ends no session: sessions are ended when the grant is.

    https://www.postgresql.org/docs/current/sql-createrole.html
    """

    Settings = written.Settings
    Parameters = written.Parameters
    capabilities: ClassVar[Capabilities] = Capabilities(native_expiry=True, ends_sessions=True)

    def __init__(self, name: str, settings: written.Settings, mark: Mark) -> None:
        self.name = name
        self._settings = settings
        self._mark = mark
        self._servers = Servers(settings)

    def plan(self, request: Request) -> Sequence[str]:
        database, wanted = self._database(request), parameters_of(request, written.Parameters)
        return (
            f"PostgreSQL: a role of your own in {database.database}, in {', '.join(wanted.roles)}",
            "when it ends its sessions are ended, and the role is dropped",
        )

    def place(self, request: Request) -> str:
        """The server alone: a role is in all of its databases."""
        return f"PostgreSQL at {self._settings.server(self._database(request))}"

    async def grant(self, request: Request, key: str) -> Granted:
        if request.ends_at is None:
            raise ConnectorFailed("the grant has no end")
        try:
            database, wanted = self._database(request), parameters_of(request, written.Parameters)
        except Unfit as unfit:
            raise ConnectorFailed(str(unfit)) from None
        server, name, password = self._settings.server(database), _role(key), secrets.token_urlsafe(32)
        async with self._at(server) as link:
            verifier = link.pgconn.encrypt_password(password.encode(), name.encode(), SCRAM).decode()
            comment = f"{request.id} of {request.requester.id}, by jit-approval ({self._mark.installation})"
            role = roles.NewRole(name, wanted.roles, request.ends_at, wanted.connections, verifier, comment)
            await roles.make(link, role)
        reached = self._settings.for_people or server
        summary = f"the role {name} in {database.database}"
        lease = Lease(connector=self.name, reference=f"{server}/{name}", summary=summary)
        environment = {
            "PGHOST": reached.host,
            "PGPORT": str(reached.port),
            "PGUSER": name,
            "PGPASSWORD": password,
            "PGDATABASE": database.database,
        }
        return Granted(
            lease, Secret(environment={key: SecretStr(value) for key, value in environment.items()})
        )

    async def extend(self, request: Request, key: str) -> None:
        if request.ends_at is None:
            return
        async with self._at(self._settings.server(self._database_still(request))) as link:
            await roles.prolong(link, _role(key), request.ends_at)

    async def revoke(self, request: Request, key: str) -> None:
        await self._drop(self._settings.server(self._database_still(request)), _role(key))

    async def check(self) -> None:
        for server in self._settings.servers:
            async with self._at(server) as link:
                found = await link.execute(
                    "SELECT rolsuper OR (rolcreaterole AND pg_has_role('pg_signal_backend', 'MEMBER')) "
                    "FROM pg_roles WHERE rolname = current_user"
                )
                row = await found.fetchone()
            if not (row and row[0]):
                admin = self._settings.admin
                raise ConnectorFailed(
                    f"{admin} at {server} needs CREATEROLE, and membership in pg_signal_backend"
                )

    async def list_active(self) -> Sequence[Found]:
        found = []
        for server in self._settings.servers:
            async with self._at(server) as link:
                rows = await link.execute(
                    "SELECT rolname, CASE WHEN isfinite(rolvaliduntil) THEN rolvaliduntil END FROM pg_roles "
                    "WHERE starts_with(rolname, %s)",
                    [_role(self._mark.prefix)],
                )
                keys = [(name.replace("_", "-"), ends_at) for name, ends_at in await rows.fetchall()]
            found += [Found(key, str(server), ends) for key, ends in keys if self._mark.request_in(key)]
        return found

    async def remove(self, found: Found) -> None:
        for server in self._settings.servers:
            if str(server) == found.place and self._mark.request_in(found.key):
                await self._drop(server, _role(found.key))

    async def close(self) -> None:
        await self._servers.close()

    def _at(self, server: Server) -> AbstractAsyncContextManager[roles.Link]:
        """Connect to a server, always to the same of its databases."""
        return self._servers.connection(server, self._settings.servers[server].database)

    async def _drop(self, server: Server, name: str) -> None:
        async with self._at(server) as link:
            oid = await roles.shut_out(link, name)
            if oid is None:
                return
            held_in = await roles.end_sessions(link, oid)
            if not held_in:
                await roles.drop(link, name)
                return
        keeper = f"{_role(self._mark.prefix)}kept" if self._settings.objects == "keep" else None
        for each in held_in:
            async with self._servers.connection(server, each) as link:
                await roles.settle_belongings(link, name, oid, keeper)
        async with self._at(server) as link:
            await roles.drop(link, name)

    def _database(self, request: Request) -> Database:
        """Find the database behind a resource. Raises Unfit."""
        found = self._settings.databases.get(request.resource)
        if found is None:
            raise Unfit(f"the connector {self.name} has no database for {request.resource}")
        return found

    def _database_still(self, request: Request) -> Database:
        """The same for what was given before: settings that name it no more are to be mended."""
        try:
            return self._database(request)
        except Unfit as unfit:
            raise ConnectorFailed(f"{unfit} any more; name it again in JIT_CONNECTORS") from None


def _role(key: str) -> str:
    """Give the role's name of a key, which needs no quotes anywhere: `jit_harbour_r07_4kx9tqz`."""
    return key.replace("-", "_")
