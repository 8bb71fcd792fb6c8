"""One call to Google: to a pinned host, bounded in time and size, and following nobody elsewhere."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import aiohttp

from app.connectors.protocol import ConnectorFailed
from app.connectors.told import one_line

ANSWERS_WITHIN = 8.0
LARGEST = 4 * 1024 * 1024
LOST = frozenset({408, 500, 502, 503, 504})
"""Answers that leave open whether it was done."""


class Hosts(NamedTuple):
    """Where the parts of Google's API are."""

    manager: str = "https://cloudresourcemanager.googleapis.com"
    oauth: str = "https://oauth2.googleapis.com"
    exchange: str = "https://sts.googleapis.com"
    credentials: str = "https://iamcredentials.googleapis.com"
    metadata: str = "http://169.254.169.254"
    """By its address, so that no resolver can say it is elsewhere."""

    @classmethod
    def of(cls, api: str | None) -> Self:
        """Give Google's own, or one server for all."""
        return cls(*[api] * len(cls._fields)) if api else cls()


class Refused(ConnectorFailed):
    """Google's own answer, with its HTTP status."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


class Lost(ConnectorFailed):
    """No answer, or one that does not tell: what was asked may have been done."""


class Answer(NamedTuple):
    """A JSON object, and the headers that came with it."""

    body: dict[str, Any]
    headers: Mapping[str, str]


class Google:
    """Calls over one pool of connections. Every call may raise Refused or Lost, with a sentence and no secret."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, method: str, url: str, headers: Mapping[str, str], **body: Any) -> Answer:
        """Ask; `body` is `json` or `data` (a form)."""
        host = url.split("/")[2]
        try:
            async with self._http().request(
                method, url, headers=headers, allow_redirects=False, **body
            ) as answer:
                text = await _read(answer, host)
        except TimeoutError:
            raise Lost(f"{host} did not answer within {ANSWERS_WITHIN:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Lost(f"{host} cannot be reached ({type(error).__name__})") from None
        found = _object(text)
        if answer.status == 200 and found is not None:
            return Answer(found, answer.headers)
        said = f"{host} answered {answer.status}{_said(found)}"
        raise Lost(said) if answer.status in LOST or answer.status == 200 else Refused(answer.status, said)

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=ANSWERS_WITHIN),
                headers={"User-Agent": "jit-approval", "Accept": "application/json"},
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


async def _read(answer: aiohttp.ClientResponse, host: str) -> bytes:
    read = bytearray()
    async for part in answer.content.iter_any():
        read += part
        if len(read) > LARGEST:
            raise Lost(f"{host} answers with more than {LARGEST // 1024 // 1024} MB")
    return bytes(read)


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _said(found: dict[str, Any] | None) -> str:
    """Give Google's own sentence; parts of its API write errors in two ways."""
    if found is None:
        return ", and not in JSON"
    match found.get("error"):
        case {"message": str(message)}:
            said = message
        case str(code):
            said = f"{code} {found.get('error_description', '')}"
        case _:
            said = ""
    return f": {one_line(said)}" if said else ""
