"""What an issuer publishes of itself, fetched and kept for a while, and its keys by their ids.

OpenID Connect Discovery 1.0, section 4; RFC 7517 for the keys.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import aiohttp
from authlib.oidc.discovery import get_well_known_url

from app.oidc.http import SAFE, fetch
from app.oidc.keys import Key, key_for, read_keys
from app.oidc.troubles import IssuerMisfit

KEPT = 3600.0
"""Seconds for which metadata and keys are believed; then they are fetched, or nothing is confirmed."""
REFRESHED = 10.0
"""Seconds between fetches of the keys for the sake of ids that are not known, whether they succeed or not."""
Clock = Callable[[], float]


class Published:
    """One issuer. Every call raises IssuerAway or IssuerMisfit when it does not answer as it should.

    Nothing is fetched twice at the same time: who comes while it is being fetched waits for the same answer.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        issuer: str,
        clock: Clock = time.monotonic,
        endpoints: Sequence[str] = ("jwks_uri",),
    ) -> None:
        self._http = http
        self._issuer = issuer
        self._clock = clock
        self._endpoints = endpoints
        self._metadata: tuple[float, Mapping[str, Any]] | None = None
        self._keys: tuple[float, list[Key]] | None = None
        self._tried = float("-inf")
        self._fetching: dict[str, asyncio.Task[None]] = {}

    async def metadata(self) -> Mapping[str, Any]:
        """What it publishes of itself, checked as far as it is used."""
        if self._metadata is None or self._clock() - self._metadata[0] > KEPT:
            await self._one_at_a_time("metadata", self._fetch_metadata)
        assert self._metadata is not None  # noqa: S101  fetched, or raised
        return self._metadata[1]

    async def key(self, kid: str | None, algorithm: str) -> Key | None:
        """Find the key that signs with an algorithm; for an id that is not known, ask for the keys anew."""
        found = key_for(await self.keys(), kid, algorithm)
        if found is None and self._clock() - self._tried > REFRESHED:
            await self._one_at_a_time("keys", self._fetch_keys)
            found = key_for(await self.keys(), kid, algorithm)
        return found

    async def keys(self) -> list[Key]:
        """All keys that may sign."""
        if self._keys is None or self._clock() - self._keys[0] > KEPT:
            await self._one_at_a_time("keys", self._fetch_keys)
        assert self._keys is not None  # noqa: S101  fetched, or raised
        return self._keys[1]

    async def _one_at_a_time(self, what: str, do: Callable[[], Coroutine[Any, Any, None]]) -> None:
        going = self._fetching.get(what)
        if going is None or going.done():
            going = self._fetching[what] = asyncio.create_task(do())
            going.add_done_callback(_seen)
        await asyncio.shield(going)  # who hangs up does not take the answer from the others

    async def _fetch_metadata(self) -> None:
        said = await fetch(self._http, self._issuer, get_well_known_url(self._issuer, external=True))
        self._metadata = (self._clock(), self._checked(said))

    async def _fetch_keys(self) -> None:
        url = (await self.metadata())["jwks_uri"]
        self._tried = self._clock()
        said = await fetch(self._http, self._issuer, url)
        self._keys = (self._clock(), read_keys(said))

    def _checked(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        """Check that it speaks for itself (OpenID Connect Discovery 4.3), and only of addresses that are safe."""
        if said.get("issuer") != self._issuer:
            raise IssuerMisfit(self._issuer, f"calls itself {str(said.get('issuer'))[:200]}")
        for name in self._endpoints:
            if not isinstance(said.get(name), str) or not SAFE.fullmatch(said[name]):
                raise IssuerMisfit(self._issuer, f"publishes no {name} that begins with https://")
        return said


def _seen(task: "asyncio.Task[None]") -> None:
    """Look at how it ended, where everybody who waited has gone."""
    if not task.cancelled():
        task.exception()
