"""Who the bot is at Google: a token for an hour, from a service account's key, a federation, or the metadata server.

Three documented calls, made here and not by `google-auth`: its files of credentials may name programs to run and
addresses to ask, and its calls block.
https://developers.google.com/identity/protocols/oauth2/service-account
https://cloud.google.com/iam/docs/workload-identity-federation
https://cloud.google.com/compute/docs/metadata/overview
"""

import asyncio
import json
import time
from datetime import datetime
from typing import Any, NamedTuple

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from app.connectors.gcp.google import Google, Hosts, Refused
from app.connectors.gcp.settings import Federation, Settings
from app.connectors.protocol import ConnectorFailed
from app.connectors.settings import ConnectorsError, SecretRef

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
AUDIENCE = "https://oauth2.googleapis.com/token"
GRANT = "urn:ietf:params:oauth:grant-type:"
TOKEN = "urn:ietf:params:oauth:token-type:"  # noqa: S105  a name of RFC 8693
FRESH = 300.0
"""Seconds before its end from when on a token is not used any more."""
LASTS = 3600


class Token(NamedTuple):
    """A token, and until when it is used: seconds of the process's own clock."""

    value: str
    until: float


class Tokens:
    """Gives one that is good, and gets a new one once for all who wait."""

    def __init__(self, google: Google, settings: Settings) -> None:
        self._google = google
        self._settings = settings
        self._hosts = Hosts.of(settings.api)
        self._kept: Token | None = None
        self._getting = asyncio.Lock()

    async def headers(self) -> dict[str, str]:
        """Give the header to call with. Raises ConnectorFailed."""
        async with self._getting:
            if self._kept is None or time.monotonic() >= self._kept.until:
                try:
                    self._kept = await self._get()
                except ConnectorsError as error:
                    raise ConnectorFailed(str(error)) from None
                except Refused as refused:
                    raise ConnectorFailed(f"Google does not say who the bot is: {refused}") from None
            return {"Authorization": f"Bearer {self._kept.value}"}

    def forget(self) -> None:
        """Take no more what Google did not take."""
        self._kept = None

    async def _get(self) -> Token:
        if self._settings.key:
            return await self._by_key(self._settings.key)
        if self._settings.federation:
            return await self._federated(self._settings.federation)
        return await self._by_metadata()

    async def _by_key(self, reference: SecretRef) -> Token:
        form = {"grant_type": f"{GRANT}jwt-bearer", "assertion": _assertion(reference)}
        return _token((await self._google.ask("POST", f"{self._hosts.oauth}/token", {}, data=form)).body)

    async def _by_metadata(self) -> Token:
        url = f"{self._hosts.metadata}/computeMetadata/v1/instance/service-accounts/default/token"
        answer = await self._google.ask("GET", url, {"Metadata-Flavor": "Google"})
        if answer.headers.get("Metadata-Flavor") != "Google":
            raise ConnectorFailed(f"what answers at {self._hosts.metadata} is not Google's metadata server")
        return _token(answer.body)

    async def _federated(self, federation: Federation) -> Token:
        form = {
            "grant_type": f"{GRANT}token-exchange",
            "audience": federation.audience,
            "scope": SCOPE,
            "requested_token_type": f"{TOKEN}access_token",
            "subject_token_type": f"{TOKEN}jwt",
            "subject_token": federation.token.read().get_secret_value(),
        }
        own = _token((await self._google.ask("POST", f"{self._hosts.exchange}/v1/token", {}, data=form)).body)
        if not federation.service_account:
            return own
        account = f"projects/-/serviceAccounts/{federation.service_account}"
        url = f"{self._hosts.credentials}/v1/{account}:generateAccessToken"
        headers = {"Authorization": f"Bearer {own.value}"}
        asked = {"scope": [SCOPE], "lifetime": f"{LASTS}s"}
        return _impersonated((await self._google.ask("POST", url, headers, json=asked)).body)


def _assertion(reference: SecretRef) -> str:
    """Sign who we are, by the key. Raises ConnectorsError, which tells nothing of the key."""
    where = reference.env or str(reference.file)
    now = int(time.time())
    try:
        key = json.loads(reference.read().get_secret_value())
        if key["type"] != "service_account":
            raise ConnectorsError(
                f"{where} is not the key of a service account; other credentials are not read"
            )
        claims = {"iss": key["client_email"], "scope": SCOPE, "aud": AUDIENCE, "iat": now, "exp": now + LASTS}
        header = {"alg": "RS256", "typ": "JWT", "kid": str(key["private_key_id"])}
        return str(jwt.encode(header, claims, RSAKey.import_key(key["private_key"])))
    except (ValueError, KeyError, TypeError, JoseError):
        raise ConnectorsError(
            f"{where} does not hold a service account's key, the JSON that Google gives"
        ) from None


def _token(answer: dict[str, Any]) -> Token:
    """Read an access token's answer, RFC 6749 5.1. Raises ConnectorFailed."""
    value, lasts = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(value, str) or not value or not isinstance(lasts, int) or not value.isprintable():
        raise ConnectorFailed("Google gave no token where it should")
    return Token(value, time.monotonic() + max(0.0, lasts - FRESH))


def _impersonated(answer: dict[str, Any]) -> Token:
    try:
        ends = datetime.fromisoformat(answer["expireTime"]).timestamp()
    except (KeyError, ValueError, TypeError):
        ends = 0.0
    return _token({"access_token": answer.get("accessToken"), "expires_in": int(ends - time.time())})
