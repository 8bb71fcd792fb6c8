"""Tokens of grants that are believed without asking anybody: signed by the bot, for one service, for minutes.

**They are not revocable**: a grant that is revoked goes on until its token ends, five minutes at most. It is checked
what RFC 8725 asks for: one algorithm, which the token does not choose; a type of its own; issuer and audience always.
"""

import asyncio
import base64
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .exchange import Exchange
from .keys import Keys
from .need import GRANT, NAME, Held, Need
from .once import Once
from .refused import TokenRefused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALGORITHM = "EdDSA"
TYPE = "jit-grant+jwt"
HEADERS = {"alg", "typ", "kid"}
LONGEST = 4096
COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})", re.ASCII)
"""Header, claims and a signature of 64 bytes (RFC 7515, section 7.1)."""
LASTS_AT_MOST = 300
SKEW = 5
"""Seconds by which a token may be from the future; past its end it never counts."""
TIMEOUT = 2.0


@dataclass(frozen=True)
class Claims:
    """What a token that holds says. `token` is its id (`jti`)."""

    token: str
    subject: str
    action: str
    resource: str
    environment: str
    grant: str
    ends_at: datetime


class OfflineTokens:
    """Believes tokens of the bot at `issuer`, its JIT_PUBLIC_URL, that are for the service `audience`.

    Raises TokenRefused for one that does not hold, and CannotTell where there is no key to tell by. A token may be used
    until it ends by whoever has it; with `once` each is taken a single time.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        once: Once | None = None,
        timeout: float = TIMEOUT,
        ca: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises ValueError for an issuer that is no safe address, or an audience that is none."""
        if not audience or not audience.isascii() or not audience.isprintable() or " " in audience:
            raise ValueError("audience should be the name of this service, such as billing-api")
        self._issuer = issuer.rstrip("/")
        self._audience = audience
        self._keys = Keys(Exchange(issuer, timeout, ca))
        self._once = once
        self._clock = clock

    def verify_offline(self, token: str, *, action: str, resource: str) -> Claims:
        """Give what a token says that lets its subject do this. Whose call it is remains to be compared."""
        claims = self._claims(token, self._keys.get(_kid(token)), action, resource)
        self._take_once(claims)
        return claims

    async def verify_offline_async(self, token: str, *, action: str, resource: str) -> Claims:
        """Do the same, beside other things."""
        claims = self._claims(token, await self._keys.get_async(_kid(token)), action, resource)
        await self._take_once_async(claims)
        return claims

    def verify(self, token: str, need: Need) -> Held:
        """Tell which grant permits what a call needs."""
        claims = self._claims(token, self._keys.get(_kid(token)), need.action, need.resource)
        held = _held(claims, need)
        self._take_once(claims)
        return held

    async def verify_async(self, token: str, need: Need) -> Held:
        """Tell the same, beside other things."""
        claims = self._claims(token, await self._keys.get_async(_kid(token)), need.action, need.resource)
        held = _held(claims, need)
        await self._take_once_async(claims)
        return held

    def _take_once(self, claims: Claims) -> None:
        """Take a token that holds in everything else, so that nobody uses up another person's."""
        left = claims.ends_at.timestamp() - self._clock()
        if self._once is not None and not self._once.take(claims.token, left):
            raise TokenRefused("was used already")

    async def _take_once_async(self, claims: Claims) -> None:
        if self._once is not None:
            await asyncio.to_thread(self._take_once, claims)

    def _claims(self, token: str, key: "Ed25519PublicKey | None", action: str, resource: str) -> Claims:
        if key is None:
            raise TokenRefused("is signed by a key that is not the bot's")
        said = _signed(token, key)
        now = self._clock()
        ends = _seconds(said, "exp")
        self._must_be_for(said, action, resource)
        if now >= ends:
            raise TokenRefused("has ended")
        if max(_seconds(said, "nbf"), _seconds(said, "iat")) > now + SKEW:
            raise TokenRefused("is not valid yet: the clocks differ")
        if ends - _seconds(said, "iat") > LASTS_AT_MOST:
            raise TokenRefused("lasts longer than the bot makes them")
        return Claims(
            token=said["jti"],
            subject=said["sub"],
            action=said["action"],
            resource=said["resource"],
            environment=said["environment"],
            grant=said["grant"],
            ends_at=datetime.fromtimestamp(ends, UTC),
        )

    def _must_be_for(self, said: dict[str, Any], action: str, resource: str) -> None:
        if said.get("iss") != self._issuer:
            raise TokenRefused("is from another issuer")
        if said.get("aud") != self._audience:
            raise TokenRefused("is for another service")
        if said.get("revocable") is not False:
            raise TokenRefused("is of another kind")
        texts = [said.get(name) for name in ("sub", "grant", "jti", "environment")]
        sub, grant, *_ = texts
        if not all(isinstance(text, str) and text for text in texts):
            raise TokenRefused("does not say what a token of a grant says")
        if not NAME.fullmatch(str(sub)) or not GRANT.fullmatch(str(grant)):
            raise TokenRefused("does not say what a token of a grant says")
        if said.get("action") != action or said.get("resource") != resource:
            raise TokenRefused("is for something else")


def _held(claims: Claims, need: Need) -> Held:
    if claims.subject != need.subject:
        raise TokenRefused("is another person's")
    return Held(claims.grant, claims.ends_at, offline=True)


def _kid(token: Any) -> str:
    """Read by which key a token says that it is signed; nothing else of it is believed yet. Raises TokenRefused."""
    header = _json(_parts(token)[0])
    if set(header) != HEADERS or (header["alg"], header["typ"]) != (ALGORITHM, TYPE):
        raise TokenRefused("is not signed in the one way that counts")
    if not isinstance(header["kid"], str):
        raise TokenRefused("is malformed")
    return header["kid"]


def _signed(token: str, key: "Ed25519PublicKey") -> dict[str, Any]:
    """Give what a token says that is signed by this key, by Ed25519 whatever it says of itself."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  only where tokens are believed

    header, claims, signature = _parts(token)
    try:
        key.verify(_decoded(signature), f"{header}.{claims}".encode("ascii"))
    except InvalidSignature:
        raise TokenRefused("is not signed by the bot") from None
    return _json(claims)


def _parts(token: Any) -> tuple[str, str, str]:
    match = COMPACT.fullmatch(token) if isinstance(token, str) and len(token) <= LONGEST else None
    if match is None:
        raise TokenRefused("is malformed")
    return match[1], match[2], match[3]


def _json(part: str) -> dict[str, Any]:
    try:
        said = json.loads(_decoded(part))
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise TokenRefused("is malformed")
    return said


def _decoded(part: str) -> bytes:
    """Decode base64url without padding. Raises ValueError."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _seconds(said: dict[str, Any], name: str) -> int:
    value = said.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**11:
        raise TokenRefused(f"does not say when ({name})")
    return value
