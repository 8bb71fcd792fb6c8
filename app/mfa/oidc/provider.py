"""The provider: what it publishes of itself, fetched and kept for a while, and its keys by their ids.

OpenID Connect Discovery 1.0, section 4; RFC 7517 for the keys.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import aiohttp
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from authlib.oidc.discovery import get_well_known_url

from app.mfa.oidc.http import SAFE, fetch, post
from app.mfa.oidc.keys import Key, key_for, read_keys
from app.mfa.oidc.refusals import CodeRefused, ProviderMisfit

KEPT = 3600.0
"""Seconds for which metadata and keys are believed; then they are fetched, or nothing is confirmed."""
REFRESHED = 10.0
"""Seconds between fetches of the keys for the sake of ids that are not known."""
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True)
class Client:
    """What the provider knows the bot as. `acr`: the authentication contexts of which one is enough."""

    issuer: str
    id: str
    secret: str
    acr: tuple[str, ...]


class Provider:
    """One provider. Every call raises ProviderAway or ProviderMisfit when it does not answer as it should."""

    def __init__(
        self, http: aiohttp.ClientSession, client: Client, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.client = client
        self._http = http
        self._clock = clock
        self._metadata: tuple[float, Mapping[str, Any]] | None = None
        self._keys: tuple[float, list[Key]] | None = None

    async def metadata(self) -> Mapping[str, Any]:
        """What it publishes of itself, checked as far as it is used."""
        if self._metadata is None or self._clock() - self._metadata[0] > KEPT:
            url = get_well_known_url(self.client.issuer, external=True)
            said = self._checked(await fetch(self._http, self.client.issuer, url))
            self._metadata = (self._clock(), said)
        return self._metadata[1]

    async def key(self, kid: str | None, algorithm: str) -> Key | None:
        """Find the key that signs with an algorithm; for an id that is not known, ask for the keys anew."""
        found = key_for(await self._key_set(KEPT), kid, algorithm)
        return found or key_for(await self._key_set(REFRESHED), kid, algorithm)

    async def keys(self) -> list[Key]:
        """All keys that may sign."""
        return await self._key_set(KEPT)

    async def redeem(self, code: str, verifier: str, return_to: str) -> str:
        """Exchange a code for the ID token that it stands for (RFC 6749 4.1.3, RFC 7636). Raises CodeRefused."""
        metadata = await self.metadata()
        body: str = prepare_token_request(
            "authorization_code", code=code, redirect_uri=return_to, code_verifier=verifier
        )
        url, headers, body = self._auth(metadata).prepare("POST", metadata["token_endpoint"], {}, body)
        status, answer = await post(self._http, self.client.issuer, url, headers=headers, body=body)
        if status != 200:
            said = str(answer.get("error"))
            if said == "invalid_grant":
                raise CodeRefused
            raise self._misfit(
                f"refuses the bot's call ({said[:60]}; are JIT_OIDC_CLIENT_ID and _SECRET right?)"
            )
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise self._misfit("gives no id_token")
        return token

    async def _key_set(self, believed: float) -> list[Key]:
        url = (await self.metadata())["jwks_uri"]
        if self._keys is None or self._clock() - self._keys[0] > believed:
            said = await fetch(self._http, self.client.issuer, url)
            self._keys = (self._clock(), read_keys(said))
        return self._keys[1]

    def _auth(self, metadata: Mapping[str, Any]) -> ClientAuth:
        """Send the secret in the form where that is taken, else in a header, encoded as RFC 6749 2.3.1 says."""
        offered = _listed(metadata, "token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if "client_secret_post" in offered:
            return ClientAuth(self.client.id, self.client.secret, "client_secret_post")
        return ClientAuth(quote_plus(self.client.id), quote_plus(self.client.secret), "client_secret_basic")

    def _checked(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        """Check that it speaks for itself (OpenID Connect Discovery 4.3), and only of addresses that are safe."""
        if said.get("issuer") != self.client.issuer:
            raise self._misfit(
                f"calls itself {str(said.get('issuer'))[:200]}, so JIT_OIDC_ISSUER should say that"
            )
        for name in ENDPOINTS:
            if not isinstance(said.get(name), str) or not SAFE.fullmatch(said[name]):
                raise self._misfit(f"publishes no {name} that begins with https://")
        if "S256" not in _listed(said, "code_challenge_methods_supported", ["S256"]):
            raise self._misfit("does not take PKCE with S256")
        return said

    def _misfit(self, what: str) -> ProviderMisfit:
        return ProviderMisfit(self.client.issuer, what)


def _listed(metadata: Mapping[str, Any], name: str, otherwise: list[str]) -> list[Any]:
    """Read a list that it may leave out; anything else lists nothing."""
    found = metadata.get(name, otherwise)
    return found if isinstance(found, list) else []
