"""Where a caller is: the connection's other end, or what a proxy that is trusted says of it. Never a guess.

`X-Forwarded-For` is read right to left: each proxy appends whom it saw, so that only what stands right of the
first address that is not a trusted proxy's was written by one. What stands left of it anybody can have written.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

Network = IPv4Network | IPv6Network
HOPS = 32
"""More proxies than this stand before nobody."""


class Address(NamedTuple):
    """An address as text, and who told it: `connection` or `proxy`. Both empty where it is not known."""

    ip: str = ""
    told_by: str = ""


UNKNOWN = Address()


def address_of(peer: str | None, forwarded: Sequence[str], trusted: Sequence[Network]) -> Address:
    """Tell where a caller is; `forwarded` are the values of `X-Forwarded-For`, in the order of the headers."""
    here = _read(peer or "")
    if here is None:
        return UNKNOWN
    if not forwarded or not _is_trusted(here, trusted):
        return Address(str(here), "connection")
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    for hop in reversed(hops[-HOPS:]):
        address = _read(hop)
        if address is None:
            return UNKNOWN
        if not _is_trusted(address, trusted):
            return Address(str(address), "proxy")
    return UNKNOWN if len(hops) > HOPS else Address(str(_read(hops[0])), "proxy")


def _read(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address; an IPv4 one that is mapped into IPv6 is that IPv4 one. None for what is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None  # a zone means something on one machine alone
        return address.ipv4_mapped or address
    return address


def _is_trusted(address: IPv4Address | IPv6Address, trusted: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in trusted)
