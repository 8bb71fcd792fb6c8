"""Offline tokens: what is signed, and the keys by which anybody can check it.

JWT (RFC 7519) with Ed25519 (RFC 8037) by the best current practices of RFC 8725: one algorithm, a type of its own, an
audience always. Keys come from the settings alone: the first signs, all are published. Whoever puts a new one in
behind, later in front, and takes the old one out once no token of it lives, rotates without a refusal.
"""

import base64
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import OKPKey

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
                {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM}
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
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.thumbprint()}
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
        return jwt.encode(header, said, key, algorithms=[ALGORITHM])


def _key(text: str) -> OKPKey:
    private = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(text))
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return OKPKey.import_key(pem)


NO_SIGNER = Signer("", ())
