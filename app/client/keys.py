"""The bot's public keys, as it publishes them, kept for minutes: a key that is taken out counts so long at most."""

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .exchange import Answer, Call, Exchange
from .refused import CannotTell

if TYPE_CHECKING:
    from joserfc.jwk import OKPKey

FRESH = 300.0
"""Seconds after which they are fetched again."""
KEPT = 900.0
"""Seconds for which they count while they cannot be fetched."""
ASKED_AGAIN = 10.0
"""Seconds between fetches for the sake of ids that are not known, or after one that failed."""
MOST_KEYS = 20
WELL_KNOWN = "/.well-known/jwks.json"


class Keys:
    """Keys by their ids. Raises CannotTell when there are none that count."""

    def __init__(self, http: Exchange, clock: Callable[[], float] = time.monotonic) -> None:
        self._http = http
        self._clock = clock
        self._keys: dict[str, OKPKey] = {}
        self._at = self._tried = float("-inf")
        self._why = "not fetched"
        self._call = Call("GET", f"{http.path}{WELL_KNOWN}", (("Accept", "application/json"),))

    def get(self, kid: str) -> "OKPKey | None":
        """Find a key, and wait here where it has to be fetched."""
        if self._is_wanted(kid):
            try:
                self._take(self._http.call(self._call))
            except CannotTell as cannot:
                self._why = cannot.why
        return self._known(kid)

    async def get_async(self, kid: str) -> "OKPKey | None":
        """Find a key, beside other things."""
        if self._is_wanted(kid):
            try:
                self._take(await self._http.call_async(self._call))
            except CannotTell as cannot:
                self._why = cannot.why
        return self._known(kid)

    def _is_wanted(self, kid: str) -> bool:
        """Tell whether to ask now, and note it: a flood of made-up ids asks once in a while."""
        now = self._clock()
        if (kid in self._keys and now - self._at < FRESH) or now - self._tried < ASKED_AGAIN:
            return False
        self._tried = now
        return True

    def _known(self, kid: str) -> "OKPKey | None":
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


def _key(row: Any) -> "tuple[str, OKPKey] | None":
    """Read a public Ed25519 key that signs; None for every other."""
    from joserfc.errors import JoseError  # noqa: PLC0415  a service without offline tokens needs none
    from joserfc.jwk import OKPKey  # noqa: PLC0415

    if not isinstance(row, dict) or (row.get("kty"), row.get("crv")) != ("OKP", "Ed25519"):
        return None
    kid, x = row.get("kid"), row.get("x")
    if row.get("use", "sig") != "sig" or row.get("alg", "EdDSA") != "EdDSA":
        return None
    if not isinstance(kid, str) or not isinstance(x, str):
        return None
    try:
        return kid, OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})
    except (JoseError, ValueError, TypeError):
        return None
