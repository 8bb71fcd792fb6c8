"""Amazon SNS: messages that AWS signs, verified with the certificate that they name.

docs.aws.amazon.com, SNS, «Verifying the signatures of Amazon SNS messages» and «HTTP/HTTPS notification JSON
format». Anybody can have a topic, whose messages AWS signs alike: what counts is that policy names the topic,
and it is looked at first, so that nothing is fetched for strangers. The certificate is fetched from SNS's own
host in the topic's region alone, and a subscription is confirmed at an address that is made here, from the
topic: no address of the message's is followed anywhere else.
"""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from app.web.triggers.refusals import NotSigned

Fetch = Callable[[str], Awaitable[bytes]]
"""Fetches an address by GET, following nobody elsewhere. Raises CertificateUnavailable."""
NOTIFICATION, CONFIRMATION, GOODBYE = "Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"
OF_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
OF_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
PEM = re.compile(r"/SimpleNotificationService-[A-Za-z0-9]{1,64}\.pem")
KEPT = 16
SMALLEST_KEY = 2048


class Sns:
    """Verifies messages. Certificates are kept by their address, which names one of them for ever."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._kept: dict[str, x509.Certificate] = {}

    async def verify(self, message: dict[str, Any], topics: Collection[str], now: datetime) -> str:
        """Tell the type of a message that is genuine, and of a topic that policy names. Raises NotSigned."""
        topic, url = message.get("TopicArn"), message.get("SigningCertURL")
        if not isinstance(topic, str) or topic not in topics or message.get("SignatureVersion") != "2":
            raise NotSigned("sns")
        if not isinstance(url, str) or not is_of_sns(url, host_of(topic)):
            raise NotSigned("sns")
        signed, signature = string_to_sign(message), _signature(message)
        certificate = await self._certificate(url)
        key = certificate.public_key()
        in_time = certificate.not_valid_before_utc <= now.astimezone(UTC) <= certificate.not_valid_after_utc
        if not in_time or not isinstance(key, RSAPublicKey) or key.key_size < SMALLEST_KEY:
            raise NotSigned("sns")
        try:
            key.verify(signature, signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            raise NotSigned("sns") from None
        return str(message["Type"])

    async def confirm(self, message: dict[str, Any]) -> None:
        """Confirm a subscription whose message is verified."""
        topic, token = str(message["TopicArn"]), str(message["Token"])
        where = f"https://{host_of(topic)}/?Action=ConfirmSubscription&TopicArn={quote(topic, safe='')}"
        await self._fetch(f"{where}&Token={quote(token, safe='')}")

    async def _certificate(self, url: str) -> x509.Certificate:
        if url not in self._kept:
            pem = await self._fetch(url)
            try:
                found = x509.load_pem_x509_certificate(pem)
            except ValueError:
                raise NotSigned("sns") from None
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[url] = found
        return self._kept[url]


def host_of(topic: str) -> str:
    """Name SNS's host in a topic's region; the topic has the form that policy checks."""
    _, partition, _, region, *_ = topic.split(":")
    return f"sns.{region}.amazonaws.com{'.cn' if partition == 'aws-cn' else ''}"


def is_of_sns(url: str, host: str) -> bool:
    """Tell whether an address is that of a signing certificate on this very host, over https."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", host, "", "") and bool(
        PEM.fullmatch(parts.path)
    )


def string_to_sign(message: dict[str, Any]) -> bytes:
    """Give what is signed: names and values by turns, each on a line. Raises NotSigned for another shape."""
    kind = message.get("Type")
    keys = OF_NOTIFICATION if kind == NOTIFICATION else OF_CONFIRMATION
    needed = {*keys} - {"Subject"}
    is_known = isinstance(kind, str) and kind in {NOTIFICATION, CONFIRMATION, GOODBYE}
    if not is_known or not needed <= message.keys():
        raise NotSigned("sns")
    lines = []
    for key in keys:
        value = message.get(key)
        if key == "Subject" and value is None:
            continue
        if not isinstance(value, str):
            raise NotSigned("sns")
        lines.append(f"{key}\n{value}\n")
    return "".join(lines).encode()


def _signature(message: dict[str, Any]) -> bytes:
    sent = message.get("Signature")
    try:
        return base64.b64decode(sent, validate=True) if isinstance(sent, str) else b""
    except (binascii.Error, ValueError):
        raise NotSigned("sns") from None
