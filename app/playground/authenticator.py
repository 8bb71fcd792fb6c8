"""A security key in software, for the demo and the tests: what a browser and a key do together.

It makes ES256 keys and answers as JSON, in the form of `PublicKeyCredential.toJSON`, with attestation "none"
(Web Authentication Level 2, sections 5.8.1, 6.1, 6.5 and 8.7). Each part of an answer can be set as an attacker
would.
"""

import base64
import hashlib
import json
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
AAGUID = bytes(15) + b"\x01"


def base64url(data: bytes) -> str:
    """Encode without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Decode, with or without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Made:
    """A key that was made for a site and a person there."""

    private: ec.EllipticCurvePrivateKey
    rp_id: str
    user_handle: bytes
    count: int


@dataclass
class Authenticator:
    """A key with its keys by their ids. `verifies`: it checks who touches it; `counts`: it counts its uses."""

    verifies: bool = True
    counts: bool = True
    keys: dict[bytes, Made] = field(default_factory=dict)

    def create(self, options: str, origin: str, **changed: Any) -> str:
        """Answer `navigator.credentials.create` on a page of `origin`; `options` and the answer are JSON.

        `changed` may set `credential_id`, `rp_id`, `challenge`, `type` or `cross_origin` as they would not be.
        """
        asked: Mapping[str, Any] = json.loads(options)
        rp_id = asked["rp"]["id"]
        credential_id = changed.get("credential_id") or secrets.token_bytes(32)
        made = Made(ec.generate_private_key(ec.SECP256R1()), rp_id, from_base64url(asked["user"]["id"]), 0)
        self.keys[credential_id] = made
        attested = AAGUID + struct.pack(">H", len(credential_id)) + credential_id + _cose(made.private)
        data = self._data(changed.get("rp_id", rp_id), ATTESTED, made.count) + attested
        return json.dumps({
            **_head(credential_id),
            "response": {
                "clientDataJSON": base64url(_client_data("webauthn.create", asked, origin, changed)),
                "attestationObject": base64url(
                    cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
                ),
                "transports": ["usb"],
            },
        })  # fmt: skip

    def get(self, options: str, origin: str, **changed: Any) -> str:
        """Answer `navigator.credentials.get` with a touch of the first key that is asked for and here.

        `changed` may also set `count`, which the key then keeps. Raises LookupError when none is here.
        """
        asked: Mapping[str, Any] = json.loads(options)
        wanted = [from_base64url(each["id"]) for each in asked["allowCredentials"]]
        credential_id = next((each for each in wanted if each in self.keys), None)
        if credential_id is None:
            raise LookupError("no key that is asked for is on this authenticator")
        made = self.keys[credential_id]
        made.count = changed.get("count", made.count + 1 if self.counts else 0)
        client_data = _client_data("webauthn.get", asked, origin, changed)
        data = self._data(changed.get("rp_id", asked["rpId"]), 0, made.count)
        signature = made.private.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return json.dumps({
            **_head(credential_id),
            "response": {
                "clientDataJSON": base64url(client_data),
                "authenticatorData": base64url(data),
                "signature": base64url(signature),
                "userHandle": base64url(made.user_handle),
            },
        })  # fmt: skip

    def _data(self, rp_id: str, flags: int, count: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return hashlib.sha256(rp_id.encode()).digest() + struct.pack(">BI", flags, count)


def _head(credential_id: bytes) -> dict[str, Any]:
    name = base64url(credential_id)
    return {"id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {}}


def _client_data(kind: str, asked: Mapping[str, Any], origin: str, changed: Mapping[str, Any]) -> bytes:
    return json.dumps({
        "type": changed.get("type", kind),
        "challenge": changed.get("challenge", asked["challenge"]),
        "origin": origin,
        "crossOrigin": changed.get("cross_origin", False),
    }).encode()  # fmt: skip


def _cose(private: ec.EllipticCurvePrivateKey) -> bytes:
    """Write the public key as COSE has it (RFC 9053, section 7.1.1)."""
    numbers = private.public_key().public_numbers()
    x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
    return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
