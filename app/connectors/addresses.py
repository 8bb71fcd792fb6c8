"""Which addresses may be connected to: looked at when they are resolved for a connection, each time anew."""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from app.connectors.protocol import ConnectorFailed

Address = IPv4Address | IPv6Address
NAT64 = IPv6Network("64:ff9b::/96")


class Allowed:
    """Public addresses, and those of the networks that settings name; without TLS the loopback's alone."""

    def __init__(self, networks: Sequence[IPv4Network | IPv6Network], *, is_plain: bool) -> None:
        self._networks = networks
        self._is_plain = is_plain

    def must_hold(self, host: str, written: str) -> None:
        """Raise ConnectorFailed for an address that may not be reached; `host` is what it is called."""
        address = _meant(ip_address(written))
        if self._is_plain and not address.is_loopback:
            raise ConnectorFailed(f"{host} is at {address}, and without TLS only this machine is called")
        is_public = address.is_global and not address.is_multicast
        if not is_public and not any(address in each for each in self._networks):
            raise ConnectorFailed(
                f"{host} is at {address}, which is not public; name its network in `networks` if that is right"
            )


def is_loopback(host: str) -> bool:
    """Tell whether a host, as it is written, is an address of this machine's own; a name is none."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class CheckedResolver(AbstractResolver):
    """Resolves a name, and gives nothing if one of its addresses may not be reached.

    What it gives is what is connected to: a name that is answered otherwise later (DNS rebinding) gains nothing.
    """

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self._names = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._names.resolve(host, port, family)
        for each in found:
            self._allowed.must_hold(host, each["host"])
        return found

    async def close(self) -> None:
        await self._names.close()


def _meant(address: Address) -> Address:
    """See through forms of IPv6 that carry an address of IPv4: mapped, 6to4, NAT64."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
