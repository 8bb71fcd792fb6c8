"""What the settings say of SSH hosts and the authority they trust, and what an action says in `with`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.connectors.protocol import Spec
from app.connectors.settings import SecretRef

Login = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_.-]{0,31}$")]
"""A user of a host, as Linux takes it."""
Resource = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
"""A resource that may stand in a principal and in a client's settings."""
Address = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$")]
HostKey = Annotated[str, StringConstraints(pattern=r"^[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}$")]
Command = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]
Permission = Literal["pty", "port-forwarding", "agent-forwarding", "X11-forwarding", "user-rc"]


class Host(Spec):
    """Where a resource's server listens, and by which key it is known."""

    address: Address
    port: int = Field(22, ge=1, le=65535)
    host_key: HostKey | None = None


class Settings(Spec):
    """The authority, the hosts that trust it, and the folder of what was issued and revoked.

    `ca`: an ed25519 key as `ssh-keygen` writes it, without a passphrase. `krl`: the list that hosts read as
    `RevokedKeys`. `principals`: whether a certificate names user and host, or the user alone.
    """

    ca: SecretRef
    folder: Path
    krl: Path
    hosts: dict[Resource, Host] = Field(min_length=1)
    principals: Literal["user@resource", "user"] = "user@resource"
    serve: bool = False
    """Whether the bot's web server gives the list to whoever asks for it."""


class Parameters(Spec):
    """As which users one may log in, and what a session may do.

    `source_address`: whether logins are bound to the address that the request came from; `needed` refuses a
    request whose address is not known.
    """

    users: list[Login] = Field(min_length=1, max_length=20)
    force_command: Command | None = None
    permit: list[Permission] = Field(default=["pty"], max_length=5)
    source_address: Literal["any", "known", "needed"] = "any"
