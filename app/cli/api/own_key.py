"""A key that is made where the command runs: what is private of it is sent nowhere."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


class OwnKey:
    """An ed25519 key of SSH's, for one access."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    @property
    def public(self) -> str:
        """What is sent: `ssh-ed25519 AAAA…`."""
        return self._key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()

    def beside(self, told: dict[str, Any]) -> dict[str, Any]:
        """Put the private key beside a certificate that came without one; other credentials stay as they are."""
        files = told.get("files") or {}
        if "SSH_CERTIFICATE" not in files or "SSH_KEY" in files:
            return told
        private = self._key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        return {**told, "files": {**files, "SSH_KEY": private.decode()}}
