"""Calls of the HTTP API: what it says no to is raised as a sentence; what passes by itself is tried again."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from app.cli.api.clock import ServerClock
from app.cli.api.login_file import SignedIn

if TYPE_CHECKING:
    import aiohttp

Json = dict[str, Any]
ANSWERS_WITHIN = 20.0
PAUSES = (0.5, 1.0, 2.0)
"""Between tries, in seconds."""
LONGEST_WAIT = 50
"""Seconds that one call waits; shorter than what proxies usually let a call last."""
UNREACHABLE = "unreachable"
PASSING = frozenset({429, 502, 503, 504})


class Refusal(Exception):  # noqa: N818  an answer, told to the person who types
    """The server says no, or is not to be reached; `code` names the reason as the API does.

    `may_pass`: it may be otherwise in a while, by itself.
    """

    def __init__(self, said: str, code: str = UNREACHABLE, *, may_pass: bool = False) -> None:
        super().__init__(said)
        self.code = code
        self.may_pass = may_pass or code == UNREACHABLE


class Api:
    """The API of one server."""

    def __init__(
        self, server: str, token: str = "", renew: Callable[[], Awaitable[str]] | None = None
    ) -> None:
        """`renew` gets another token when the server takes this one no more."""
        self._server = server
        self._token = token
        self._renew = renew
        self.clock = ServerClock()
        self._http: aiohttp.ClientSession | None = None

    @classmethod
    def of(cls, signed_in: SignedIn) -> Self:
        """Make calls as whoever is signed in."""
        return cls(signed_in.server, signed_in.token)

    async def __aenter__(self) -> Self:
        import aiohttp  # noqa: PLC0415  the other commands start without it

        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

    async def get(self, path: str, wait: int = 0, **query: str) -> Json:
        """Look at something. Raises Refusal."""
        if wait:
            query["wait"] = str(wait)
        return await self._call("GET", path, None, query, {}, wait)

    async def post(self, path: str, body: Json | None = None, key: str = "") -> Json:
        """Do something; with `key`, once however often it is sent. Raises Refusal."""
        return await self._call("POST", path, body, {}, {"Idempotency-Key": key} if key else {}, 0)

    async def tell(self, path: str, within: float) -> Json:
        """Do something that is done again soon in any case: once, for so many seconds. Raises Refusal."""
        try:
            async with asyncio.timeout(within):
                return await self._call("POST", path, None, {}, {}, 0, pauses=())
        except TimeoutError:
            raise Refusal(f"{self._server} does not answer within {within:g} s") from None

    async def _call(
        self,
        method: str,
        path: str,
        body: Json | None,
        query: Json,
        headers: Json,
        wait: int,
        pauses: Sequence[float] = PAUSES,
    ) -> Json:
        """Call, and once more with another token where this one's time is up and another can be had."""
        try:
            return await self._patiently(method, path, body, query, headers, wait, pauses)
        except Refusal as refusal:
            if self._renew is None or refusal.code != "token_refused":
                raise
        self._token = await self._renew()
        return await self._patiently(method, path, body, query, headers, wait, pauses)

    async def _patiently(
        self,
        method: str,
        path: str,
        body: Json | None,
        query: Json,
        headers: Json,
        wait: int,
        pauses: Sequence[float],
    ) -> Json:
        """Call, and again while what is wrong may pass. A verb that is done twice is refused the second time."""
        for pause in pauses:
            try:
                return await self._once(method, path, body, query, headers, wait)
            except _Passing as passing:
                await asyncio.sleep(max(pause, min(passing.after, 30.0)))
            except _Unreachable:
                if not (
                    method == "GET" or headers
                ):  # it may have been done: whoever called asks how it stands
                    raise
                await asyncio.sleep(pause)
        try:
            return await self._once(method, path, body, query, headers, wait)
        except _Passing as passing:
            raise Refusal(str(passing), passing.code, may_pass=True) from None

    async def _once(
        self, method: str, path: str, body: Json | None, query: Json, headers: Json, wait: int
    ) -> Json:
        import aiohttp  # noqa: PLC0415

        assert self._http is not None, "used within its context"  # noqa: S101
        try:
            async with self._http.request(
                method,
                self._server + path,
                json=body,
                params=query,
                headers=self._bearer() | headers,
                timeout=aiohttp.ClientTimeout(total=ANSWERS_WITHIN + wait),
                allow_redirects=False,  # a token goes to the server that it is for, and nowhere else
            ) as answer:
                return self._read(answer.status, await answer.read(), answer.headers)
        except aiohttp.ClientConnectorError as error:
            raise _Passing(f"{self._server} does not answer: {error}", UNREACHABLE, 0.0) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            said = str(error) or type(error).__name__
            raise _Unreachable(f"{self._server} does not answer: {said}") from None

    def _bearer(self) -> Json:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _read(self, status: int, body: bytes, headers: Mapping[str, str]) -> Json:
        if status == 204:
            return {}
        try:
            said: Any = json.loads(body.decode(errors="replace"))  # a proxy's page may be of any encoding
        except (ValueError, RecursionError):
            said = {}
        if not isinstance(said, dict):
            said = {}
        if 200 <= status < 300 and said:
            self.clock.heard(headers.get("Date", ""))
            found: Json = said
            return found
        detail = str(said.get("detail") or f"{self._server} answered {status}, which is not jit's API")
        code = str(said.get("code") or UNREACHABLE)
        if status in PASSING:
            raise _Passing(detail, code, _seconds(headers.get("Retry-After", "")))
        raise Refusal(detail, code)


def _seconds(after: str) -> float:
    """Read `Retry-After`, where it is a number."""
    return float(after) if after.isascii() and after.isdigit() else 0.0


class _Passing(Exception):  # noqa: N818  an instruction to try again
    def __init__(self, detail: str, code: str, after: float) -> None:
        super().__init__(detail)
        self.code = code
        self.after = after


class _Unreachable(Refusal):
    """The server was reached and did not answer; what was asked may have been done."""
