"""Senders of events, as the vendors document them: samples made timely, and signatures computed here from scratch.

HMAC is written out by RFC 2104, so that a mistake in the product's use of a library is not made here too.
"""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

SAMPLES = Path(__file__).parent / "samples"
SECRETS = {
    "github": "github-secret-of-this-test",
    "gitlab": "gitlab-secret-of-this-test",
    "alertmanager": "alertmanager-secret-of-this-test",
    "pagerduty": "pagerduty-secret-of-this-test",
    "eventbridge": "eventbridge-secret-of-this-test",
    "hmac": "hmac-secret-of-this-test",
}
FILES = {
    "github": "github-pull-request.json",
    "gitlab": "gitlab-merge-request.json",
    "alertmanager": "alertmanager-firing.json",
    "pagerduty": "pagerduty-incident.json",
    "eventbridge": "eventbridge-cloudtrail.json",
    "hmac": "hmac-deploy.json",
    "sns": "sns-notification.json",
}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:audit"


def mac(secret: bytes, signed: bytes) -> bytes:
    """HMAC-SHA256, as RFC 2104 has it."""
    key = (hashlib.sha256(secret).digest() if len(secret) > 64 else secret).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(each ^ 0x36 for each in key) + signed).digest()
    return hashlib.sha256(bytes(each ^ 0x5C for each in key) + inner).digest()


def now(ago: timedelta = timedelta()) -> str:
    return (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def sample(source: str, ago: timedelta = timedelta()) -> dict[str, Any]:
    """A vendor's sample, that happened so long ago."""
    event = json.loads((SAMPLES / FILES[source]).read_text())
    match source:
        case "pagerduty":
            event["event"]["occurred_at"] = now(ago)
        case "eventbridge":
            event["time"] = now(ago)
        case "sns":
            event["Timestamp"] = now(ago)
    return event


def standard(secret: bytes, body: bytes, event_id: str = "msg_1", ago: int = 0) -> dict[str, str]:
    """Headers by Standard Webhooks."""
    timestamp = str(int(datetime.now(UTC).timestamp()) - ago)
    signed = f"{event_id}.{timestamp}.".encode() + body
    signature = "v1," + base64.b64encode(mac(secret, signed)).decode()
    return {"webhook-id": event_id, "webhook-timestamp": timestamp, "webhook-signature": signature}


def signed(source: str, body: bytes, secret: str = "") -> dict[str, str]:
    """The headers by which a sender proves a body."""
    key = secret or SECRETS[source]
    match source:
        case "github":
            return {"X-GitHub-Event": "x", "X-Hub-Signature-256": f"sha256={mac(key.encode(), body).hex()}"}
        case "gitlab":
            return {"X-Gitlab-Event": "x", "X-Gitlab-Token": key}
        case "pagerduty":
            old = mac(b"the secret before", body).hex()
            return {"X-PagerDuty-Signature": f"v1={old},v1={mac(key.encode(), body).hex()}"}
        case "hmac":
            return standard(key.encode(), body)
        case _:
            return {"Authorization": f"Bearer {key}"}


class Amazon:
    """SNS: a key and certificate of its own, at the address that its messages name."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        self.pem = self._certificate()
        self.fetched: list[str] = []

    async def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        return self.pem if url.endswith(".pem") else b"<ConfirmSubscriptionResponse/>"

    def sign(self, message: dict[str, Any]) -> dict[str, Any]:
        """Sign a message: the fields in the order that AWS documents, each a name and a value on lines."""
        fields = (
            ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
            if message["Type"] == "Notification"
            else ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        )
        text = "".join(f"{field}\n{message[field]}\n" for field in fields if field in message)
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return message | {"Signature": base64.b64encode(signature).decode()}

    def _certificate(self, days: int = 365) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(1)
            .not_valid_before(datetime.now(UTC) - timedelta(days=2))
            .not_valid_after(datetime.now(UTC) + timedelta(days=days))
            .sign(self._key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)

    def expire(self) -> None:
        """Serve a certificate that ended yesterday."""
        self.pem = self._certificate(days=-1)


def confirmation(topic: str = TOPIC, **changed: Any) -> dict[str, Any]:
    """What SNS asks before it sends anything."""
    return {
        "Type": "SubscriptionConfirmation",
        "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "Token": "2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92",
        "TopicArn": topic,
        "Message": f"You have chosen to subscribe to the topic {topic}.",
        "SubscribeURL": f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}",
        "Timestamp": now(),
        "SignatureVersion": "2",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5ca.pem",
    } | changed
