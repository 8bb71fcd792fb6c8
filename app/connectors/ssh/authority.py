"""The authority that signs user certificates: its key is read when it is used, and shown nowhere."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    SSHCertificateBuilder,
    SSHCertificateType,
    load_ssh_private_key,
    load_ssh_public_key,
)

from app.connectors.protocol import ConnectorFailed, Unfit
from app.connectors.settings import ConnectorsError, SecretRef


class Certificate(NamedTuple):
    """What a certificate is to say. It is good from `begins`, and no more from `ends` on, in whole seconds."""

    key_id: str
    serial: int
    principals: Sequence[str]
    begins: datetime
    ends: datetime
    options: dict[str, str]
    permit: Sequence[str]


def new_key() -> tuple[str, str]:
    """Make a key for whoever sends none of their own: the private one as `ssh` reads it, and `ssh-ed25519 AAAA…`."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return private, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def read_public(written: str) -> Ed25519PublicKey:
    """Read `ssh-ed25519 AAAA…`. Raises Unfit."""
    try:
        key = load_ssh_public_key(written.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise Unfit("the public key is none of ssh-ed25519")
    return key


class Authority:
    """Signs by an ed25519 key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def read(cls, reference: SecretRef) -> "Authority":
        """Read the key, anew each time, so that a new one is taken. Raises ConnectorFailed, without it."""
        try:
            written = reference.read().get_secret_value()
        except ConnectorsError as error:
            raise ConnectorFailed(str(error)) from None
        try:
            key = load_ssh_private_key(f"{written}\n".encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ConnectorFailed("ca is no private key of ssh-keygen without a passphrase") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise ConnectorFailed("ca is no ed25519 key; make one by ssh-keygen -t ed25519")
        return cls(key)

    @property
    def public(self) -> str:
        """The line that hosts trust: `ssh-ed25519 AAAA…`."""
        return self._key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` names it: `SHA256:…`."""
        digest = hashlib.sha256(base64.b64decode(self.public.split()[1])).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"

    def issue(self, wanted: Certificate, public: Ed25519PublicKey) -> str:
        """Make a certificate for a key. Raises ConnectorFailed where no whole second is left.

        https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.certkeys
        """
        begins, ends = int(wanted.begins.timestamp()), int(wanted.ends.timestamp())
        if ends <= begins:
            raise ConnectorFailed("the grant has no whole second left")
        builder = (
            SSHCertificateBuilder()
            .public_key(public)
            .type(SSHCertificateType.USER)
            .serial(wanted.serial)
            .key_id(wanted.key_id.encode())
            .valid_principals([each.encode() for each in wanted.principals])
            .valid_after(begins)
            .valid_before(ends)
        )
        for name, value in sorted(wanted.options.items()):
            builder = builder.add_critical_option(name.encode(), value.encode())
        for name in sorted(set(wanted.permit)):
            builder = builder.add_extension(f"permit-{name}".encode(), b"")
        return builder.sign(self._key).public_bytes().decode() + "\n"
