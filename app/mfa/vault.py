"""Secrets encrypted at rest under keys from the settings: the first encrypts, all decrypt.

A secret is bound to whose it is, so that one who can write to the store cannot give a person another's.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.mfa.refusals import FactorsOff, SecretUnreadable


class Opened(NamedTuple):
    """A secret; `anew` is what to store in the place of one that a key other than the first encrypted."""

    secret: str
    anew: str | None


class Vault:
    """Fernet (AES-128-CBC with HMAC-SHA256), rotated by putting a new key in front of the others."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises ValueError unless each key is 32 bytes in URL-safe base64, as `Fernet.generate_key` makes."""
        fernets = [Fernet(key) for key in keys]
        self._first = fernets[0] if fernets else None
        self._all = MultiFernet(fernets) if fernets else None

    @property
    def is_there(self) -> bool:
        """Tell whether there is any key."""
        return self._first is not None

    def seal(self, secret: str, whose: str) -> str:
        """Encrypt a secret. Raises FactorsOff without a key."""
        if self._first is None:
            raise FactorsOff(
                "Authenticator apps are off here: whoever runs me has to set `JIT_SECRET_KEYS` first. "
                "A security key works without."
            )
        return self._first.encrypt(json.dumps([whose, secret]).encode()).decode()

    def open(self, sealed: str, whose: str) -> Opened:
        """Decrypt a secret. Raises SecretUnreadable when no key fits, it was changed, or it is another's."""
        if self._first is None or self._all is None:
            raise SecretUnreadable
        try:
            owner, secret = json.loads(self._all.decrypt(sealed.encode()))
        except (InvalidToken, ValueError):
            raise SecretUnreadable from None
        if owner != whose:
            raise SecretUnreadable
        try:
            self._first.decrypt(sealed.encode())
        except InvalidToken:
            return Opened(secret, self.seal(secret, whose))
        return Opened(secret, None)
