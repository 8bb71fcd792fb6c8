"""One call and its answer over HTTP, whole, small and in time; only a head that drips may hold a thread for longer."""

import asyncio
import os
import ssl
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from .address import safe_address
from .refused import CannotTell

if TYPE_CHECKING:
    import httpx

LARGEST = 64 * 1024
HEADERS = {"User-Agent": "jit-client", "Accept": "application/json", "Accept-Encoding": "identity"}
KIND = (("Content-Type", "application/json"),)


class Answer(NamedTuple):
    """What was answered."""

    status: int
    content_type: str
    body: bytes


class Call(NamedTuple):
    """What is asked, below the server's address. A GET is made twice where the connection is lost."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Exchange:
    """Calls to one server. Raises CannotTell for every answer that does not come whole and in time."""

    def __init__(self, url: str, timeout: float, ca: str | None = None) -> None:
        """`ca`: a file of certificates to trust. Raises ValueError for an address that is not safe."""
        import httpx  # noqa: PLC0415  as in safe_address

        self._at = safe_address(url)
        self._how: dict[str, Any] = {
            "base_url": self._at, "verify": ssl.create_default_context(cafile=ca), "headers": HEADERS,
            "limits": httpx.Limits(max_connections=100, max_keepalive_connections=16, keepalive_expiry=3),
            "timeout": timeout, "follow_redirects": False, "trust_env": False,
        }  # fmt: skip
        self._timeout = timeout
        self._make_here, self._make = httpx.Client, httpx.AsyncClient
        self._begin()
        self._lost = (httpx.RemoteProtocolError, httpx.ReadError)
        self._away = (httpx.HTTPError, OSError, ValueError, RuntimeError)

    def _begin(self) -> None:
        """Begin without connections."""
        self._process, self._here = os.getpid(), self._make_here(**self._how)
        self._beside: dict[asyncio.AbstractEventLoop, httpx.AsyncClient] = {}

    def call(self, call: Call) -> Answer:
        """Call, and wait here."""
        ends = time.monotonic() + self._timeout
        try:
            try:
                return self._once(call, ends)
            except self._lost:
                if call.method != "GET":
                    raise
            return self._once(call, ends)
        except self._away as error:
            raise CannotTell(f"{self._at.host}: {type(error).__name__}: {error}"[:300]) from error

    async def call_async(self, call: Call) -> Answer:
        """Call, beside other things."""
        try:
            async with asyncio.timeout(self._timeout):
                try:
                    return await self._once_async(call)
                except self._lost:
                    if call.method != "GET":
                        raise
                return await self._once_async(call)
        except self._away as error:
            raise CannotTell(f"{self._at.host}: {type(error).__name__}: {error}"[:300]) from error

    def _once(self, call: Call, ends: float) -> Answer:
        body = bytearray()
        if self._process != os.getpid():  # forked: what is kept open is the parent's
            self._begin()
        with self._here.stream(**_said(call), timeout=max(ends - time.monotonic(), 0.001)) as answer:
            for part in answer.iter_raw():  # what is packed stays packed: it may be larger than it looks
                body += part
                if len(body) > LARGEST or time.monotonic() > ends:
                    raise ValueError("answers too much, or too slowly")
        return _whole(answer, body)

    async def _once_async(self, call: Call) -> Answer:
        body = bytearray()
        async with self._client().stream(**_said(call)) as answer:
            async for part in answer.aiter_raw():
                body += part
                if len(body) > LARGEST:
                    raise ValueError("answers too much")
        return _whole(answer, body)

    def _client(self) -> "httpx.AsyncClient":
        """Give the client of this event loop, for connections belong to one; of loops that are over none is kept."""
        if self._process != os.getpid():
            self._begin()
        loop = asyncio.get_running_loop()
        if loop not in self._beside:
            for over in [each for each in list(self._beside) if each.is_closed()]:
                self._beside.pop(over, None)
            self._beside[loop] = self._make(**self._how)
        return self._beside[loop]

    def close(self) -> None:
        """Close the connections of calls that wait; there are no more such calls."""
        self._here.close()

    async def aclose(self) -> None:
        """Close those of this event loop too."""
        self.close()
        if client := self._beside.pop(asyncio.get_running_loop(), None):
            await client.aclose()


def _said(call: Call) -> dict[str, Any]:
    headers = call.headers + (KIND if call.body else ())
    return {"method": call.method, "url": call.target, "headers": headers, "content": call.body}


def _whole(answer: "httpx.Response", body: bytearray) -> Answer:
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Answer(answer.status_code, kind, bytes(body))
