"""Calls to a vendor's API: to the address that the settings pin and to none that an event names."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import aiohttp
from yarl import URL

from app.connectors.addresses import Allowed
from app.connectors.guarded import Guarded, bounded
from app.connectors.protocol import ConnectorFailed
from app.connectors.settings import ConnectorsError, SecretRef
from app.connectors.told import one_line
from app.gates.protocol import NotNow, WaitsNoMore
from app.gates.settings import GateSettings

TAKEN = frozenset({200, 201, 204})
FOR_GOOD = frozenset({400, 404, 409, 410, 422})
"""No later try would be answered otherwise. Others, such as 401, can be mended where we run, or pass by themselves."""
LONGEST_AFTER = 300.0


class Call(NamedTuple):
    """One call: `path` begins with a slash, and is made of parts that were checked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None = None
    type: str = "application/json"


class Caller:
    """Calls one API, over a connection of its own each time."""

    def __init__(self, settings: GateSettings, for_good: frozenset[int] = FOR_GOOD) -> None:
        self._api = settings.api
        self._host = settings.host
        self._timeout = settings.timeout
        self._for_good = for_good
        allowed = Allowed(settings.networks, is_plain=settings.is_plain)
        self._guarded = Guarded(settings.host, allowed, settings.ca, settings.timeout)

    async def make(self, call: Call) -> Any:
        """Make a call; gives the JSON of its answer, None where that is none. Raises NotNow or WaitsNoMore."""
        data = None if call.body is None else json.dumps(call.body).encode()
        typed = {"Content-Type": call.type} if data is not None else {}
        try:
            async with self._guarded.http().request(
                call.method,
                URL(self._api + call.path, encoded=True),
                data=data,
                headers={**typed, **call.headers},
                allow_redirects=False,
            ) as response:
                answer = await bounded(response, self._host)
        except TimeoutError:
            raise NotNow(f"{self._host} did not answer within {self._timeout:g} s") from None
        except ConnectorFailed as failure:
            raise NotNow(str(failure)) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            why = one_line(str(error)) or type(error).__name__
            raise NotNow(f"{self._host} cannot be called: {why}") from None
        if response.status in TAKEN:
            return _json(answer)
        told = self._told(response.status, _json(answer))
        if response.status in self._for_good:
            raise WaitsNoMore(told)
        raise NotNow(told, _after(response.headers.get("Retry-After", "")))

    async def close(self) -> None:
        await self._guarded.close()

    def _told(self, status: int, said: Any) -> str:
        """Tell the vendor's own words, where it gives some."""
        if 300 <= status < 400:
            return f"{self._host} answered {status}, and redirects are not followed"
        words = (
            [said[key] for key in ("message", "error") if isinstance(said.get(key), str)]
            if (isinstance(said, dict))
            else []
        )
        return f"{self._host} answered {status}" + (f": {one_line(words[0])}" if words else "")


def secret_of(reference: SecretRef) -> str:
    """Read a secret, anew at each call, so that a new one needs no restart. Raises NotNow."""
    try:
        return reference.read().get_secret_value()
    except ConnectorsError as error:
        raise NotNow(str(error)) from None


def _json(answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        return None


def _after(said: str) -> float | None:
    """Read Retry-After where it is a number of seconds (RFC 9110, 10.2.3), within bounds."""
    return min(LONGEST_AFTER, float(said)) if said.isascii() and said.isdigit() and len(said) < 10 else None
