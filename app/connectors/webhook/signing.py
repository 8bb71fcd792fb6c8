"""Signatures of calls, as Standard Webhooks has them, so that libraries for receivers exist in most languages.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

from app.connectors.settings import ConnectorsError, SecretRef

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
RIGHT = (
    f"{PREFIX} and base64 of {SHORTEST} to {LONGEST} random bytes, such as `openssl rand -base64 32` gives"
)


def keys_of(references: Sequence[SecretRef]) -> list[bytes]:
    """Read the keys, anew at each call, so that a rotation needs no restart. Raises ConnectorsError."""
    return [_key(each) for each in references]


def signed(keys: Sequence[bytes], body: bytes, at: datetime) -> dict[str, str]:
    """Give the headers of a message: an id of its own, when it is sent, and a signature by each key."""
    message, timestamp = f"msg_{secrets.token_hex(16)}", str(int(at.timestamp()))
    content = b".".join((message.encode(), timestamp.encode(), body))
    marks = (base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in keys)
    return {
        "webhook-id": message,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{each}" for each in marks),
    }


def _key(reference: SecretRef) -> bytes:
    written = reference.read().get_secret_value().removeprefix(PREFIX)
    try:
        key = base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not SHORTEST <= len(key) <= LONGEST:
        raise ConnectorsError(f"{reference.env or reference.file} does not hold a key: write {RIGHT}")
    return key
