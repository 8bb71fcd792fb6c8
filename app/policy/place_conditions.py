"""Conditions on where an ask comes from, and how that is known. Slack tells no address: often it is not known."""

from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from app.domain.provenance import IpFrom
from app.policy.conditions import Facts, Finding
from app.policy.nearest import listed

SHOWN = 8
LONGEST = 100


@dataclass(frozen=True, slots=True)
class InNetwork:
    """The address is in one of the networks, or, with `outside`, in none of them."""

    v4: tuple[IPv4Network, ...]
    v6: tuple[IPv6Network, ...]
    outside: bool = False
    expected: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        named = [str(network) for network in (*self.v4, *self.v6)]
        object.__setattr__(
            self, "expected", f"{'outside of' if self.outside else 'in'} {listed(named, SHOWN)}"
        )

    def look(self, facts: Facts) -> Finding:
        """Look at the address. What cannot be told: one that is not known, or is none."""
        expected = self.expected
        address = address_of(facts.ask.ip)
        if address is None:
            return Finding(False, f"is for addresses {expected}; which one you come from is not known", False)
        if isinstance(address, IPv4Address):
            inside = any(address in network for network in self.v4)
        else:
            inside = any(address in network for network in self.v6)
        if inside is self.outside:
            return Finding(False, f"is for addresses {expected}; you come from {address}")
        return Finding(True, f"from {address}")


@dataclass(frozen=True, slots=True)
class AddressKnownFrom:
    """The address is known in one of these ways, such as by a check in the browser."""

    ways: frozenset[IpFrom]

    def look(self, facts: Facts) -> Finding:
        """Look at how the address is known. What cannot be told: an address that is not known, or is none."""
        expected = " or ".join(sorted(self.ways))
        known = facts.ask.ip_from
        if known is IpFrom.NONE or address_of(facts.ask.ip) is None:
            return Finding(
                False, f"is for addresses known by {expected}; which one you come from is not known", False
            )
        if known in self.ways:
            return Finding(True, f"address known by {known}")
        return Finding(False, f"is for addresses known by {expected}; yours is known by {known}")


@lru_cache(maxsize=4096)
def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address; one of IPv4 mapped into IPv6 is that of IPv4 (RFC 4291, 2.5.5.2). None: no address.

    A zone (RFC 4007: `fe80::1%eth0`) says nothing about whoever is far away, and is left out.
    """
    if len(text) > LONGEST:
        return None
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
