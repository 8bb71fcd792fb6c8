"""What an ID token must say to prove the person, now, for this request (OpenID Connect Core 1.0, 3.1.3.7)."""

import hmac
import json
from datetime import datetime
from typing import Any, NamedTuple, NoReturn

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import (
    ClaimError,
    ExpiredTokenError,
    InvalidClaimError,
    MissingClaimError,
)

from app.mfa.oidc.provider import Client, Provider
from app.mfa.oidc.refusals import (
    BadToken,
    ClocksDiffer,
    OtherAudience,
    OtherIssuer,
    OtherRequest,
    SignInTooOld,
    TooWeak,
)
from app.oidc.signed import read_signed
from app.oidc.troubles import NotSigned

SKEW = 60
"""Seconds by which the provider's clock may differ from ours."""


class Wanted(NamedTuple):
    """What the token is held against. `since`: the earliest moment at which the person may have signed in."""

    nonce: str
    begun_at: datetime
    since: datetime
    now: datetime


async def verify(token: str, provider: Provider, wanted: Wanted) -> CodeIDToken:
    """Give the claims of a token that holds. Raises BadToken or what is wrong with what it says."""
    signed = await _signed(token, provider)
    claims = CodeIDToken(
        signed.claims, signed.header, _options(provider.client), {"client_id": provider.client.id}
    )
    _for_this_request(claims, wanted.nonce)
    _same_clock(claims, wanted)
    try:
        claims.validate(int(wanted.now.timestamp()), SKEW)
    except ClaimError as error:
        _refuse(error, provider.client)
    _for_us_alone(claims, provider.client)
    _fresh(claims, wanted)
    return claims


async def _signed(token: str, provider: Provider) -> jwt.Token:
    try:
        return await read_signed(token, provider.key)
    except NotSigned as not_signed:
        raise BadToken(str(not_signed)) from None


def _options(client: Client) -> dict[str, Any]:
    return {
        "iss": {"essential": True, "value": client.issuer},
        "sub": {"essential": True},
        "aud": {"essential": True, "value": client.id},
        "exp": {"essential": True},
        "iat": {"essential": True},
    }


def _refuse(error: ClaimError, client: Client) -> NoReturn:
    """Say what a claim that does not hold means."""
    claim = error.claim
    match error:
        case ExpiredTokenError():
            raise BadToken("has expired")
        case InvalidClaimError() if claim == "iss":
            raise OtherIssuer(client.issuer)
        case InvalidClaimError() if claim in {"aud", "azp"}:
            raise OtherAudience
        case MissingClaimError() if claim == "azp":
            raise OtherAudience
        case _:
            raise BadToken(f"does not hold ({claim[:30]})")


def _for_us_alone(claims: CodeIDToken, client: Client) -> None:
    """Refuse audiences beside the bot: it trusts no other (OpenID Connect Core 3.1.3.7, rule 3)."""
    if claims["aud"] not in (client.id, [client.id]):
        raise OtherAudience


def _same_clock(claims: CodeIDToken, wanted: Wanted) -> None:
    """A token is made between the beginning of the sign-in and now; if not, someone's clock is wrong."""
    made = _moment(claims, "iat")
    early, late = wanted.begun_at.timestamp() - made, made - wanted.now.timestamp()
    if (apart := max(early, late)) > SKEW:
        raise ClocksDiffer(apart)


def _for_this_request(claims: CodeIDToken, nonce: str) -> None:
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise OtherRequest


def _fresh(claims: CodeIDToken, wanted: Wanted) -> None:
    if claims.get("auth_time") is None:
        raise SignInTooOld("does not say when you signed in")
    at = _moment(claims, "auth_time")
    if at - wanted.now.timestamp() > SKEW:
        raise ClocksDiffer(at - wanted.now.timestamp())
    if (older := wanted.since.timestamp() - at) > SKEW:
        raise SignInTooOld(f"says that you signed in {older / 60:.0f} min too early")


def check_acr(claims: CodeIDToken, accepted: tuple[str, ...]) -> None:
    """Check that the sign-in was by a factor that is accepted. Raises TooWeak."""
    acr = claims.get("acr")
    if not isinstance(acr, str) or acr not in accepted:
        raise TooWeak(json.dumps(acr)[:60] if acr is not None else "")


def _moment(claims: CodeIDToken, name: str) -> float:
    """Read a NumericDate. Raises BadToken."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e11:
        raise BadToken(f"does not say when ({name})")
    return float(value)
