"""Where the bot is: an address that a token may be sent to."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def safe_address(url: str) -> "httpx.URL":
    """Read it, as what calls it will: https, or plain http to this machine. Raises ValueError."""
    import httpx  # noqa: PLC0415  takes longer than all else here, and not every service asks over HTTP

    try:
        at = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        at = httpx.URL()
    is_safe = (at.scheme == "https" and at.host) or (at.scheme == "http" and at.host in LOOPBACK)
    if not is_safe or at.userinfo or at.query or at.fragment or not url.isascii() or " " in url:
        raise ValueError(f"{url[:100]!r} should be the bot's address, such as https://jit.example.com")
    return at
