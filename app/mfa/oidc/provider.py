"""The provider that people sign in at: what it publishes, its keys, and the exchange of a code for a token."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import aiohttp
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_token_request

from app.mfa.oidc.refusals import CodeRefused, ProviderAway, ProviderMisfit
from app.oidc.http import post
from app.oidc.keys import Key
from app.oidc.published import Published
from app.oidc.troubles import IssuerAway, IssuerMisfit

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
        self._published = Published(http, client.issuer, clock, ENDPOINTS)

    async def metadata(self) -> Mapping[str, Any]:
        """What it publishes of itself, checked as far as it is used."""
        with _told():
            said = await self._published.metadata()
        if "S256" not in _listed(said, "code_challenge_methods_supported", ["S256"]):
            raise self._misfit("does not take PKCE with S256")
        return said

    async def key(self, kid: str | None, algorithm: str) -> Key | None:
        """Find the key that signs with an algorithm; for an id that is not known, ask for the keys anew."""
        await self.metadata()
        with _told():
            return await self._published.key(kid, algorithm)

    async def keys(self) -> list[Key]:
        """All keys that may sign."""
        with _told():
            return await self._published.keys()

    async def redeem(self, code: str, verifier: str, return_to: str) -> str:
        """Exchange a code for the ID token that it stands for (RFC 6749 4.1.3, RFC 7636). Raises CodeRefused."""
        metadata = await self.metadata()
        body: str = prepare_token_request(
            "authorization_code", code=code, redirect_uri=return_to, code_verifier=verifier
        )
        url, headers, body = self._auth(metadata).prepare("POST", metadata["token_endpoint"], {}, body)
        with _told():
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

    def _auth(self, metadata: Mapping[str, Any]) -> ClientAuth:
        """Send the secret in the form where that is taken, else in a header, encoded as RFC 6749 2.3.1 says."""
        offered = _listed(metadata, "token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if "client_secret_post" in offered:
            return ClientAuth(self.client.id, self.client.secret, "client_secret_post")
        return ClientAuth(quote_plus(self.client.id), quote_plus(self.client.secret), "client_secret_basic")

    def _misfit(self, what: str) -> ProviderMisfit:
        return ProviderMisfit(self.client.issuer, what)


@contextmanager
def _told() -> Iterator[None]:
    """Tell of an issuer's trouble as of one with a sign-in."""
    try:
        yield
    except IssuerAway as away:
        raise ProviderAway(away.issuer, away.what) from None
    except IssuerMisfit as misfit:
        right = ", so JIT_OIDC_ISSUER should say that" if misfit.what.startswith("calls itself") else ""
        raise ProviderMisfit(misfit.issuer, misfit.what + right) from None


def _listed(metadata: Mapping[str, Any], name: str, otherwise: list[str]) -> list[Any]:
    """Read a list that it may leave out; anything else lists nothing."""
    found = metadata.get(name, otherwise)
    return found if isinstance(found, list) else []
