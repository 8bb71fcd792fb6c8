"""Which SMTP server takes our mail, read from JIT_SMTP_URL."""

import re
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

RIGHT = "smtp://user:password@host:587 (STARTTLS is required) or smtps://user:password@host:465"
LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
PORTS = {"smtp": 587, "smtps": 465}


class Tls(StrEnum):
    """How the connection is kept secret. `plain` is for loopback alone."""

    PLAIN = "plain"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


class RelayAddress(NamedTuple):
    """A server that takes mail. `ca`: a file of certificates that are trusted instead of the system's."""

    host: str
    port: int
    user: str
    password: str
    tls: Tls
    ca: Path | None = None


def relay_address(url: str, ca: Path | None = None) -> RelayAddress:
    """Read an address. Raises ValueError, which says what would be right and never repeats the password.

    To a server on loopback mail goes in plain, unless `ca` says whom to trust there.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"it should be {RIGHT}") from None
    if (
        parts.scheme not in PORTS
        or not parts.hostname
        or parts.path.strip("/")
        or parts.query
        or parts.fragment
    ):
        raise ValueError(f"it should be {RIGHT}")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError(f"it has a user or a password alone; it should be {RIGHT}")
    if any(not sign.isprintable() for sign in user + password + parts.hostname):
        raise ValueError(f"it has characters that cannot be printed; it should be {RIGHT}")
    tls = Tls.IMPLICIT if parts.scheme == "smtps" else Tls.STARTTLS
    if parts.scheme == "smtp" and ca is None and LOOPBACK.fullmatch(parts.hostname):
        tls = Tls.PLAIN
    return RelayAddress(parts.hostname, port or PORTS[parts.scheme], user, password, tls, ca)
