"""An issuer's keys: those that may sign, each for asymmetric algorithms alone."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

Key = RSAKey | ECKey | OKPKey
ALGORITHMS: Mapping[str, type[Key]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), RSAKey),
    **dict.fromkeys(("ES256", "ES384", "ES512"), ECKey),
    **dict.fromkeys(("EdDSA", "Ed25519"), OKPKey),
}
"""Algorithms that are taken, each with the one kind of key it goes with. None that the client's secret could make."""
RSA_BITS = range(2048, 8193)
MOST_KEYS = 50


def read_keys(said: Mapping[str, Any]) -> list[Key]:
    """Read a JWK set; keys that cannot sign, are too weak, or make no sense are left out (RFC 7517, section 5)."""
    listed = said.get("keys")
    rows = listed[:MOST_KEYS] if isinstance(listed, list) else []
    return [key for row in rows if (key := _key(row)) is not None]


def key_for(keys: Sequence[Key], kid: str | None, algorithm: str) -> Key | None:
    """Find the key by its id; without an id only where one key alone fits (OpenID Connect Core 10.1)."""
    fitting = [
        key for key in keys if isinstance(key, ALGORITHMS[algorithm]) and key.get("alg") in (None, algorithm)
    ]
    if kid is None:
        return fitting[0] if len(fitting) == 1 else None
    return next((key for key in fitting if key.get("kid") == kid), None)


def _key(row: Any) -> Key | None:
    if not isinstance(row, dict) or row.get("use") not in (None, "sig"):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # such a key is left out below
            key = JWKRegistry.import_key({name: row[name] for name in row if name not in PRIVATE})
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
    if isinstance(key, RSAKey):
        return key if key.public_key.key_size in RSA_BITS else None
    return key if isinstance(key, ECKey | OKPKey) else None


PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth"}
"""What a public set has no business to hold, and what is not needed to check."""
