"""Calls to one pinned host: its address is looked at each time, redirects lead nowhere, answers are bounded."""

import ssl
from ipaddress import ip_address
from pathlib import Path

import aiohttp

from app.connectors.addresses import Allowed, CheckedResolver
from app.connectors.protocol import ConnectorFailed
from app.connectors.told import LARGEST


class Guarded:
    """Makes the session of one pinned host, which keeps no connection and no cookie, and heeds no proxy.

    Whoever calls must set `allow_redirects=False`.
    """

    def __init__(self, host: str, allowed: Allowed, ca: Path | None, timeout: float) -> None:
        """`ca`: a file of certificates to be trusted instead of the system's; `timeout`: seconds for a call."""
        self._host = host
        self._allowed = allowed
        self._ca = ca
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    def http(self) -> aiohttp.ClientSession:
        """Give the session. Raises ConnectorFailed for a host that is an address which may not be reached."""
        if _is_address(self._host):  # no resolver is asked for one
            self._allowed.must_hold(self._host, self._host)
        if self._session is None:
            trusted = ssl.create_default_context(cafile=str(self._ca) if self._ca else None)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=CheckedResolver(self._allowed),
                    use_dns_cache=False,
                    force_close=True,
                    ssl=trusted,
                ),
                timeout=aiohttp.ClientTimeout(total=self._timeout),
                headers={"User-Agent": "jit-approval", "Accept-Encoding": "identity"},
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # what is small must not become large
                trust_env=False,
            )
        return self._session

    async def close(self) -> None:
        if self._session:
            await self._session.close()


async def bounded(response: aiohttp.ClientResponse, host: str) -> bytes:
    """Read an answer. Raises ConnectorFailed where it is too large."""
    read = bytearray()
    async for part in response.content.iter_any():
        read += part
        if len(read) > LARGEST:
            raise ConnectorFailed(f"{host} answers with more than {LARGEST} bytes")
    return bytes(read)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
