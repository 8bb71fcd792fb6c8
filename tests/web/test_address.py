"""Contract of addresses: a caller's address is the connection's, or what proxies that are trusted say of it.

Whatever a caller writes into X-Forwarded-For itself never counts; what cannot be read is not known.
"""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.address import UNKNOWN, Address, address_of

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.7", [], Address("203.0.113.7", "connection")),
        ("203.0.113.7", ["198.51.100.1"], Address("203.0.113.7", "connection")),
        ("10.0.0.1", [], Address("10.0.0.1", "connection")),
        ("10.0.0.1", ["203.0.113.7"], Address("203.0.113.7", "proxy")),
        ("10.0.0.1", ["198.51.100.1, 203.0.113.7"], Address("203.0.113.7", "proxy")),
        ("10.0.0.1", ["203.0.113.7, 10.0.0.2"], Address("203.0.113.7", "proxy")),
        ("10.0.0.1", ["198.51.100.1", "203.0.113.7", "10.0.0.2"], Address("203.0.113.7", "proxy")),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], Address("10.0.0.3", "proxy")),
        ("::ffff:10.0.0.1", ["::ffff:203.0.113.7"], Address("203.0.113.7", "proxy")),
        ("::ffff:203.0.113.7", [], Address("203.0.113.7", "connection")),
        ("fd00::1", ["2001:DB8::7"], Address("2001:db8::7", "proxy")),
        ("10.0.0.1", ["203.0.113.7, "], UNKNOWN),
        ("10.0.0.1", [""], UNKNOWN),
        ("10.0.0.1", ["203.0.113.7:443"], UNKNOWN),
        ("10.0.0.1", ["unknown"], UNKNOWN),
        ("10.0.0.1", ["0x0a000001"], UNKNOWN),
        ("10.0.0.1", ["203.0.113.007"], UNKNOWN),
        ("10.0.0.1", ["fe80::1%eth0"], UNKNOWN),
        ("10.0.0.1", ["198.51.100.1, nonsense, 10.0.0.2"], UNKNOWN),
        ("10.0.0.1", [", ".join(["10.0.0.2"] * 40)], UNKNOWN),
        (None, ["203.0.113.7"], UNKNOWN),
        ("", [], UNKNOWN),
        ("/run/jit.sock", [], UNKNOWN),
    ],
)
def test_where_a_caller_is(peer, forwarded, expected):
    """From right to left, the first that is no trusted proxy."""
    assert expected == address_of(peer, forwarded, TRUSTED)


@given(st.lists(st.text(max_size=40), max_size=4))
def test_what_a_caller_writes_never_counts(written):
    """Whatever stands left of what a trusted proxy appended, in however many headers, changes nothing."""
    seen = ", ".join([*written, "203.0.113.7"])
    assert Address("203.0.113.7", "proxy") == address_of("10.0.0.1", [*written, seen], TRUSTED)
    assert Address("203.0.113.7", "connection") == address_of("203.0.113.7", written, TRUSTED)


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=4))
def test_any_text_is_an_address_or_not_known(peer, forwarded):
    """Nothing that anybody sends raises, and what comes out is an address or nothing."""
    found = address_of(peer, forwarded, TRUSTED)
    assert (found == UNKNOWN) or str(ip_address(found.ip)) == found.ip
