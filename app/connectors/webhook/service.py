"""One call of the service: signed, to the pinned host alone, bounded in time and size."""

import json
import ssl
from datetime import UTC, datetime
from ipaddress import ip_address

import aiohttp

from app.connectors.protocol import ConnectorFailed
from app.connectors.settings import ConnectorsError
from app.connectors.told import LARGEST, one_line
from app.connectors.webhook.addresses import Allowed, CheckedResolver
from app.connectors.webhook.settings import Settings
from app.connectors.webhook.signing import keys_of, signed

CONFIRMED = frozenset({200, 204})
"""202 says that something will be done, which is no confirmation that it is."""


class Service:
    """Calls it over a connection of its own each time, so that the address is looked at each time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._allowed = Allowed(settings.networks, is_plain=settings.is_plain)
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, body: bytes, idempotency_key: str = "") -> bytes:
        """Post, and give the body of an answer that confirms. Raises ConnectorFailed."""
        host = self._settings.host
        if _is_address(host):  # no resolver is asked for one
            self._allowed.must_hold(host, host)
        try:
            headers = signed(keys_of(self._settings.secrets), body, datetime.now(UTC))
        except ConnectorsError as error:
            raise ConnectorFailed(str(error)) from None
        headers |= {"Content-Type": "application/json", "Accept": "application/json"}
        headers |= {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        try:
            async with self._http().post(
                self._settings.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                answer = await _read(response, host)
        except TimeoutError:
            raise ConnectorFailed(f"{host} did not answer within {self._settings.timeout:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ConnectorFailed(f"{host} cannot be called: {_why(error)}") from None
        if response.status in CONFIRMED:
            return answer
        raise ConnectorFailed(_refused(host, response.status, answer))

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            trusted = ssl.create_default_context(cafile=str(self._settings.ca) if self._settings.ca else None)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=CheckedResolver(self._allowed),
                    use_dns_cache=False,
                    force_close=True,
                    ssl=trusted,
                ),
                timeout=aiohttp.ClientTimeout(total=self._settings.timeout),
                headers={"User-Agent": "jit-approval", "Accept-Encoding": "identity"},
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # what is small must not become large
                trust_env=False,
            )
        return self._session


async def _read(response: aiohttp.ClientResponse, host: str) -> bytes:
    read = bytearray()
    async for part in response.content.iter_any():
        read += part
        if len(read) > LARGEST:
            raise ConnectorFailed(f"{host} answers with more than {LARGEST} bytes")
    return bytes(read)


def _refused(host: str, status: int, answer: bytes) -> str:
    """Tell the service's own sentence, `{"error": "…"}`, where it gives one."""
    if 300 <= status < 400:
        return f"{host} answered {status}, and redirects are not followed"
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        said = None
    told = said.get("error") if isinstance(said, dict) else None
    return f"{host} answered {status}" + (f": {one_line(told)}" if isinstance(told, str) else "")


def _why(error: Exception) -> str:
    return one_line(str(error)) or type(error).__name__


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
