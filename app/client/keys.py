"""The bot's public keys, as it publishes them, kept for minutes: a key that is taken out counts so long at most."""

import asyncio
import base64
import json
import re
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from .exchange import Answer, Call, Exchange
from .refused import CannotTell

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FRESH = 300.0
"""Seconds after which they are fetched again."""
KEPT = 900.0
"""Seconds for which they count while they cannot be fetched."""
ASKED_AGAIN = 10.0
"""Seconds between fetches for the sake of ids that are not known, or after one that failed."""
MOST_KEYS = 20
X = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
"""32 bytes in base64url (RFC 8037, section 2)."""
WELL_KNOWN = "/.well-known/jwks.json"


class Keys:
    """Keys by their ids. Raises CannotTell when there are none that count."""

    def __init__(self, http: Exchange, clock: Callable[[], float] = time.monotonic) -> None:
        self._http = http
        self._clock = clock
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._at = self._tried = float("-inf")
        self._why = "not fetched"
        self._fetching = threading.Lock()
        self._fetching_async: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
        self._call = Call("GET", WELL_KNOWN)

    def get(self, kid: str) -> "Ed25519PublicKey | None":
        """Find a key, and wait here where it has to be fetched; who comes meanwhile waits for the same answer."""
        if self._is_wanted(kid):
            with self._fetching:
                if self._is_wanted(kid):
                    try:
                        self._take(self._http.call(self._call))
                    except CannotTell as cannot:
                        self._why = cannot.why
                    finally:
                        self._tried = self._clock()
        return self._known(kid)

    async def get_async(self, kid: str) -> "Ed25519PublicKey | None":
        """Find a key, beside other things."""
        if self._is_wanted(kid):
            async with self._fetching_async.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
                if self._is_wanted(kid):
                    try:
                        self._take(await self._http.call_async(self._call))
                    except CannotTell as cannot:
                        self._why = cannot.why
                    finally:
                        self._tried = self._clock()
        return self._known(kid)

    def _is_wanted(self, kid: str) -> bool:
        """Tell whether to ask now: a flood of made-up ids asks once in a while."""
        now = self._clock()
        is_known = kid in self._keys and now - self._at < FRESH
        return not is_known and now - self._tried >= ASKED_AGAIN

    def _known(self, kid: str) -> "Ed25519PublicKey | None":
        if self._clock() - self._at >= KEPT:
            raise CannotTell(f"the bot's public keys: {self._why}")
        return self._keys.get(kid)

    def _take(self, answer: Answer) -> None:
        try:
            said = json.loads(answer.body) if answer.status == 200 else None
        except (ValueError, RecursionError):
            said = None
        rows = said.get("keys") if isinstance(said, dict) else None
        if not isinstance(rows, list):
            raise CannotTell(f"{WELL_KNOWN} is no JWK set (HTTP {answer.status})")
        self._keys = {key[0]: key[1] for row in rows[:MOST_KEYS] if (key := _key(row)) is not None}
        self._at = self._clock()


def _key(row: Any) -> "tuple[str, Ed25519PublicKey] | None":
    """Read a public Ed25519 key that signs; None for every other."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415  only where tokens are believed
        Ed25519PublicKey,
    )

    if not isinstance(row, dict) or (row.get("kty"), row.get("crv")) != ("OKP", "Ed25519"):
        return None
    kid, x = row.get("kid"), row.get("x")
    if row.get("use", "sig") != "sig" or row.get("alg", "EdDSA") != "EdDSA":
        return None
    if not isinstance(kid, str) or not isinstance(x, str) or not X.fullmatch(x):
        return None
    return kid, Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + "="))
