"""Offline tokens: what is signed, and the keys by which anybody can check it.

JWT (RFC 7519) with Ed25519 (RFC 8037) by the best current practices of RFC 8725: one algorithm, a type of its own, an
audience always. Keys come from the settings alone: the first signs, all are published. Whoever puts a new one in
behind, later in front, and takes the old one out once no token of it lives, rotates without a refusal.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.offline import Claims
from app.domain.refusals import OfflineOff

ALGORITHM = "EdDSA"
TYPE = "jit-grant+jwt"
"""A token of another kind, such as one of a sign-in, is never taken for one of these (RFC 8725, section 3.11)."""


class Signer:
    """Signs for one issuer. Without keys, or without an address by which it is known, it signs nothing."""

    def __init__(self, issuer: str, keys: Sequence[str]) -> None:
        """`keys`: 32 random bytes each, in URL-safe base64. Raises ValueError for any that is not."""
        self._issuer = issuer
        self._keys = [_key(each) for each in keys] if issuer else []

    @property
    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The public keys, as a JWK set (RFC 7517)."""
        return {
            "keys": [
                {**_public(key), "kid": _thumbprint(key), "use": "sig", "alg": ALGORITHM}
                for key in self._keys
            ]
        }

    def require(self) -> None:
        """Raise OfflineOff where nothing is signed, before anything is recorded."""
        if not self._keys:
            raise OfflineOff

    def sign(self, claims: Claims) -> str:
        """Sign what a token says. Raises OfflineOff."""
        self.require()
        key = self._keys[0]
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": _thumbprint(key)}
        issued_at = int(claims.issued_at.timestamp())
        said = {
            "iss": self._issuer,
            "aud": claims.audience,
            "sub": claims.subject,
            "action": claims.action,
            "resource": claims.resource,
            "environment": claims.environment,
            "grant": claims.grant,
            "jti": claims.token,
            "iat": issued_at,
            "nbf": issued_at,
            "exp": int(claims.expires_at.timestamp()),
            "revocable": False,
        }
        signed = f"{_part(header)}.{_part(said)}"
        return f"{signed}.{_encoded(key.sign(signed.encode()))}"


def _key(text: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(text))


def _public(key: Ed25519PrivateKey) -> dict[str, str]:
    """What a JWK of it must hold (RFC 8037, section 2)."""
    return {"crv": "Ed25519", "kty": "OKP", "x": _encoded(key.public_key().public_bytes_raw())}


def _thumbprint(key: Ed25519PrivateKey) -> str:
    """Name a key by what it is (RFC 7638): the same on every replica, and another one's never."""
    return _encoded(hashlib.sha256(_json(_public(key))).digest())


def _part(said: Mapping[str, Any]) -> str:
    return _encoded(_json(said))


def _json(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, separators=(",", ":")).encode("ascii")


def _encoded(content: bytes) -> str:
    """Base64url without padding, as JWS has it (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


NO_SIGNER = Signer("", ())
