"""How senders that share a secret prove their events. Each check is of constant time, and false for what is odd.

What a check does not cover is not looked at: events are judged by their body alone, and headers that nobody
signed (a kind, a delivery's id) count for nothing.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from starlette.datastructures import Headers

WINDOW = 300
"""Seconds for which a signed timestamp is good, in both directions (standardwebhooks.com, «Replay attacks»)."""
MOST_SIGNATURES = 10


class Proof(NamedTuple):
    """Whether an event is proven. `id`: the sender's own id of it, where that is signed too."""

    holds: bool
    late: bool = False
    id: str = ""


NO = Proof(False)
Check = Callable[[Headers, bytes, str, float], Proof]
"""Checks headers, body and secret at a time (seconds since the epoch)."""


def standard(headers: Headers, body: bytes, secret: str, now: float) -> Proof:
    """Check by Standard Webhooks: HMAC-SHA256 over id, timestamp and body (standardwebhooks.com, version 1.0.0).

    A secret that begins with `whsec_` is base64, as the standard has it; any other is the key itself.
    """
    sent_id, timestamp = _one(headers, "webhook-id"), _one(headers, "webhook-timestamp")
    if not re.fullmatch(r"[!-~]{1,256}", sent_id) or not re.fullmatch(r"[0-9]{1,12}", timestamp):
        return NO
    key = _key(secret)
    signed = b".".join((sent_id.encode(), timestamp.encode(), body))
    right = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    sent = _one(headers, "webhook-signature").split(" ")[:MOST_SIGNATURES]
    if not key or not _any_is(f"v1,{right}", sent):
        return NO
    return Proof(True, abs(now - int(timestamp)) > WINDOW, sent_id)


def github(headers: Headers, body: bytes, secret: str, now: float) -> Proof:  # noqa: ARG001  one shape for all
    """Check `X-Hub-Signature-256` (docs.github.com, «Validating webhook deliveries»)."""
    right = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Proof(_any_is(right, [_one(headers, "x-hub-signature-256")]))


def gitlab(headers: Headers, body: bytes, secret: str, now: float) -> Proof:
    """Check GitLab's signing token, which is by Standard Webhooks, or else its secret token (docs.gitlab.com)."""
    if "webhook-signature" in headers:
        return standard(headers, body, secret, now)
    return Proof(_any_is(secret, [_one(headers, "x-gitlab-token")]))


def pagerduty(headers: Headers, body: bytes, secret: str, now: float) -> Proof:  # noqa: ARG001  one shape for all
    """Check `X-PagerDuty-Signature`, several with commas (developer.pagerduty.com, «Verifying Signatures»)."""
    right = "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    sent = [each.strip() for each in _one(headers, "x-pagerduty-signature").split(",")[:MOST_SIGNATURES]]
    return Proof(_any_is(right, sent))


def bearer(headers: Headers, body: bytes, secret: str, now: float) -> Proof:
    """Check `Authorization: Bearer SECRET`, or a signature by Standard Webhooks that a proxy put on."""
    if "webhook-signature" in headers:
        return standard(headers, body, secret, now)
    scheme, _, sent = _one(headers, "authorization").partition(" ")
    return Proof(scheme.lower() == "bearer" and _any_is(secret, [sent.strip()]))


def terraform(headers: Headers, body: bytes, secret: str, now: float) -> Proof:  # noqa: ARG001  one shape for all
    """Check `X-TFC-Task-Signature`, HMAC-SHA512 in hex (developer.hashicorp.com, «Run tasks integration API»).

    It is empty where the run task has no HMAC key: such a one proves nothing.
    """
    right = hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()
    return Proof(_any_is(right, [_one(headers, "x-tfc-task-signature")]))


CHECKS: Mapping[str, Check] = {
    "hmac": standard,
    "github": github,
    "gitlab": gitlab,
    "alertmanager": bearer,
    "pagerduty": pagerduty,
    "eventbridge": bearer,
    "terraform": terraform,
}


def _one(headers: Headers, name: str) -> str:
    """Give a header that is there exactly once, else nothing."""
    found = headers.getlist(name)
    return found[0] if len(found) == 1 else ""


def _key(secret: str) -> bytes:
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _any_is(right: str, sent: list[str]) -> bool:
    """Compare in constant time; bytes, as text that is not ASCII would raise."""
    return any(hmac.compare_digest(right.encode(), each.encode("utf-8", "replace")) for each in sent)
