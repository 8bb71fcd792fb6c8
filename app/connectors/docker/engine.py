"""The Engine API, over a Unix socket or TCP: https://docs.docker.com/reference/api/engine/version/v1.41/."""

import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from app.connectors.docker.settings import RestartSettings
from app.connectors.protocol import ConnectorFailed
from app.connectors.told import one_line

OURS = (1, 41)
"""The version that is spoken, or the oldest that a newer engine still speaks."""
LARGEST = 8 * 1024 * 1024
WITHIN = 25.0


class NotThere(ConnectorFailed):
    """The engine knows no such thing."""


class Conflict(ConnectorFailed):
    """The name is taken, or the state of a thing does not allow it."""


class Engine:
    """Asks; every failure is one sentence."""

    def __init__(self, settings: RestartSettings) -> None:
        parts = urlsplit(settings.engine)
        self._settings = settings
        self._socket = parts.path if parts.scheme == "unix" else ""
        self._base = "http://docker" if self._socket else settings.engine
        self._session: aiohttp.ClientSession | None = None
        self._version = ""

    @property
    def place(self) -> str:
        return self._settings.engine

    async def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str
    ) -> Any:  # what the engine says
        """Give an answer, read from JSON. Raises NotThere, Conflict and ConnectorFailed."""
        answer = await self.read(method, path, body, **query)
        try:
            return json.loads(answer) if answer else None
        except (ValueError, RecursionError):
            raise ConnectorFailed(f"what answers at {self.place} is no Docker engine") from None

    async def read(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str
    ) -> bytes:
        """The same, as it comes."""
        return await self._read(method, f"/v{await self._spoken()}{path}", body, query)

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def _spoken(self) -> str:
        if not self._version:
            said = await self._read("GET", "/version", None, {})
            try:
                about = json.loads(said)
                newest, oldest = (_numbers(about[each]) for each in ("ApiVersion", "MinAPIVersion"))
            except (ValueError, KeyError, TypeError, AttributeError):
                raise ConnectorFailed(f"what answers at {self.place} is no Docker engine") from None
            self._version = ".".join(map(str, max(min(OURS, newest), oldest)))
        return self._version

    async def _read(
        self, method: str, path: str, body: Mapping[str, Any] | None, query: Mapping[str, str]
    ) -> bytes:
        try:
            async with self._http().request(
                method, self._base + path, json=body, params=query, allow_redirects=False
            ) as response:
                answer = await _bounded(response)
        except TimeoutError:
            raise ConnectorFailed(f"the engine at {self.place} did not answer within {WITHIN:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            said = one_line(str(error)) or type(error).__name__
            raise ConnectorFailed(f"the engine at {self.place} cannot be asked: {said}") from None
        if response.status in {200, 201, 204, 304}:
            return answer
        kind = {404: NotThere, 409: Conflict}.get(response.status, ConnectorFailed)
        raise kind(f"the engine answered {response.status}: {_message(answer)}")

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(self._socket)
                if self._socket
                else aiohttp.TCPConnector(ssl=self._trust()),
                timeout=aiohttp.ClientTimeout(total=WITHIN),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session

    def _trust(self) -> ssl.SSLContext:
        settings = self._settings
        trusted = ssl.create_default_context(cafile=str(settings.ca) if settings.ca else None)
        if settings.certificate:
            trusted.load_cert_chain(settings.certificate, settings.key)
        return trusted


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    read = bytearray()
    async for part in response.content.iter_any():
        read += part
        if len(read) > LARGEST:
            raise ConnectorFailed(f"the engine answers with more than {LARGEST} bytes")
    return bytes(read)


def _message(answer: bytes) -> str:
    try:
        said = json.loads(answer)["message"]
    except (ValueError, KeyError, TypeError, RecursionError):
        said = ""
    return one_line(str(said)) or "and said nothing"
