"""What the settings say of PostgreSQL servers, and what an action says in `with`."""

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, StringConstraints

from app.connectors.protocol import Spec
from app.connectors.settings import SecretRef

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[^\x00-\x1f]+$")]
"""A name as PostgreSQL takes it: up to 63 bytes; it is quoted wherever it is used."""
Host = Annotated[str, StringConstraints(pattern=r"^(/[^\x00-\x1f,]+|[A-Za-z0-9._:-]+)$", max_length=253)]
Port = Annotated[int, Field(ge=1, le=65535)]
SslMode = Literal["disable", "require", "verify-ca", "verify-full"]


class Server(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Database(Spec):
    """The database behind a resource; host and port are the connector's where they are not given."""

    database: Identifier
    host: Host | None = None
    port: Port | None = None


class Settings(Spec):
    """How the servers are reached, and the database behind each resource.

    `admin` may create roles, grant the groups that actions name, signal backends, and connect to every database.
    `for_people`: host and port as requesters reach them, where that is another way.
    """

    host: Host
    port: Port = 5432
    admin: Identifier
    password: SecretRef | None = None
    sslmode: SslMode = "verify-full"
    sslrootcert: str = "system"
    databases: dict[str, Database] = Field(min_length=1)
    for_people: Server | None = None
    objects: Literal["keep", "drop"] = "keep"
    """What becomes of what a role has created and still owns."""

    def server(self, database: Database) -> Server:
        """Give the server of a database."""
        return Server(database.host or self.host, database.port or self.port)

    @property
    def servers(self) -> dict[Server, Database]:
        """Each server once, with one of its databases."""
        return {self.server(database): database for database in self.databases.values()}

    def options(self, server: Server, database: str) -> dict[str, Any]:
        """Give what libpq takes to connect as the admin."""
        ssl: dict[str, str] = {"sslmode": self.sslmode}
        if self.sslmode.startswith("verify"):
            ssl["sslrootcert"] = self.sslrootcert
        password = {"password": self.password.read().get_secret_value()} if self.password else {}
        return {
            "host": server.host,
            "port": server.port,
            "user": self.admin,
            "dbname": database,
            "connect_timeout": 5,
            "application_name": "jit-approval",
            "options": "-c statement_timeout=20s -c lock_timeout=10s -c idle_in_transaction_session_timeout=30s",
            **ssl,
            **password,
        }


class Parameters(Spec):
    """The group roles that the temporary role is a member of, and how many sessions it may have."""

    roles: list[Identifier] = Field(min_length=1, max_length=20)
    connections: int = Field(10, ge=1, le=1000)
