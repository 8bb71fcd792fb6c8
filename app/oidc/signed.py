"""Whether a token is signed by its issuer. What its header says of keys is never used (RFC 8725, 3.1 and 3.10)."""

from binascii import Error as NotBase64
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, JoseError

from app.oidc.keys import ALGORITHMS, Key
from app.oidc.troubles import NotSigned

TYPES = (None, "JWT", "jwt")
"""What the header may say the token is: another type is for something else (RFC 8725, 3.11).

No set: strangers may say anything here, also what cannot be looked up in one.
"""
KeyOf = Callable[[str | None, str], Awaitable[Key | None]]
"""Gives the issuer's key by its id and the algorithm."""


async def read_signed(token: str, key_of: KeyOf) -> jwt.Token:
    """Give a token that its issuer signed; its claims are still to be looked at. Raises NotSigned."""
    try:
        header: Mapping[str, Any] = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError, NotBase64, RecursionError):
        raise NotSigned("is malformed") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise NotSigned("is not signed in a way that counts")
    if header.get("typ") not in TYPES or not (kid is None or isinstance(kid, str)):
        raise NotSigned("is of another kind")
    key = await key_of(kid, algorithm)
    if key is None:
        raise NotSigned("is signed by a key that is not the provider's")
    try:
        return jwt.decode(token, key, algorithms=[algorithm])
    except BadSignatureError:
        raise NotSigned("is not signed by the provider") from None
    except (JoseError, ValueError, TypeError, RecursionError):
        raise NotSigned("is malformed") from None
