"""For which site keys answer: the public address's host name, and its one origin."""

from typing import NamedTuple
from urllib.parse import urlsplit

NAME = "jit-approval"


class RelyingParty(NamedTuple):
    """The site as WebAuthn knows it (Web Authentication Level 2, sections 5.1.2 and 5.4)."""

    id: str
    origin: str
    name: str = NAME


def relying_party(public_url: str) -> RelyingParty:
    """Give the site of `JIT_PUBLIC_URL`, which the settings have validated."""
    parts = urlsplit(public_url)
    return RelyingParty(parts.hostname or "", f"{parts.scheme}://{parts.netloc}")
