"""What the settings say of a service that is called; an action may say in `with` whatever the service knows."""

import hashlib
import re
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field

from app.connectors.protocol import Spec
from app.connectors.settings import SecretRef

VISIBLE = re.compile(r"[!-~]{1,500}")
NUMBER = re.compile(r"\d+|0[xX][0-9a-fA-F]*")
RIGHT = "write an address such as https://access.internal/jit, without user, password and fragment"


def service_address(url: str) -> str:
    """Take an address whose host is a name, or an IP address in its usual form."""
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError(RIGHT) from None
    if not (VISIBLE.fullmatch(url) and is_whole and parts.scheme in {"http", "https"}):
        raise ValueError(RIGHT)
    if parts.fragment or "@" in parts.netloc or "\\" in url:
        raise ValueError(RIGHT)
    host = parts.hostname or ""
    if NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):  # 127.1 and 0x7f000001 are addresses to some
        ip_address(host)
    return url


class Settings(Spec):
    """`secrets`: each call is signed by all of them, so that a new one can come before the old one goes.

    `networks`: addresses that are not public and may be reached all the same. `ca`: a file of certificates to be
    trusted instead of the system's. `timeout`: seconds for a whole call.
    """

    url: Annotated[str, AfterValidator(service_address)]
    secrets: list[SecretRef] = Field(min_length=1, max_length=3)
    networks: list[IPv4Network | IPv6Network] = Field(default_factory=list, max_length=50)
    ca: Path | None = None
    timeout: float = Field(10.0, gt=0, le=25)

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def told(self) -> str:
        """The address as people may read it: of what follows a question mark a digest."""
        address, mark, query = self.url.partition("?")
        return f"{address} ({hashlib.sha256(query.encode()).hexdigest()[:16]})" if mark else address

    @property
    def is_plain(self) -> bool:
        return urlsplit(self.url).scheme == "http"


class Parameters(Spec):
    """Whatever the service knows; it is handed on as it is written."""

    model_config = ConfigDict(frozen=True, extra="allow")
