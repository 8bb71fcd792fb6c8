"""Signed HTTP delivery to an app's request URL.

docs: authentication/verifying-requests-from-slack, apis/events-api, interactivity/implementing-slash-commands
"""

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

import aiohttp

from app.playground.delivery.envelope import ACK_WITHIN, Ack, Envelope
from app.playground.registration import App

FORM = "application/x-www-form-urlencoded"
AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Sign a body the v0 way: HMAC-SHA256 over `v0:timestamp:body`."""
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    return f"v0={digest.hexdigest()}"


def encode(envelope: Envelope) -> tuple[str, bytes]:
    """Write an envelope's payload as Slack posts it: content type and body."""
    match envelope.kind:
        case "slash_commands":
            return FORM, urlencode(envelope.payload).encode()
        case "interactive":
            return FORM, urlencode({"payload": json.dumps(envelope.payload)}).encode()
        case "events_api":
            return "application/json", json.dumps(envelope.payload).encode()


async def deliver(session: aiohttp.ClientSession, app: App, envelope: Envelope, now: float) -> Ack:
    """Post an envelope and wait up to 3 s for a 200; its body is the answer."""
    content_type, body = encode(envelope)
    timestamp = str(int(now))
    headers = {
        "Content-Type": content_type,
        "User-Agent": AGENT,
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": signature(app.signing_secret, timestamp, body),
    }
    if envelope.retry_attempt:
        headers["X-Slack-Retry-Num"] = str(envelope.retry_attempt)
        headers["X-Slack-Retry-Reason"] = envelope.retry_reason
    began = time.perf_counter()
    timeout = aiohttp.ClientTimeout(total=ACK_WITHIN)
    try:
        async with session.post(app.request_url or "", data=body, headers=headers, timeout=timeout) as answer:
            text = await answer.text()
            ms = round((time.perf_counter() - began) * 1000)
            if answer.status != 200:
                return Ack(acked=False, ms=ms, reason="http_error")
            return Ack(acked=True, ms=ms, response=_body(text, answer.content_type))
    except TimeoutError:
        return Ack(acked=False, ms=round((time.perf_counter() - began) * 1000), reason="http_timeout")
    except aiohttp.ClientError:
        return Ack(acked=False, ms=round((time.perf_counter() - began) * 1000), reason="connection_failed")


async def verify_url(session: aiohttp.ClientSession, app: App, now: float) -> bool:
    """Challenge a request URL as Slack does when it is set. docs: apis/events-api (url_verification)."""
    challenge = hashlib.sha256(f"{app.app_id}{now}".encode()).hexdigest()
    payload = {"token": app.verification_token, "challenge": challenge, "type": "url_verification"}
    ack = await deliver(session, app, Envelope("events_api", payload), now)
    answer = ack.response or {}
    return ack.acked and challenge in {answer.get("challenge"), answer.get("text", "").strip()}


def _body(text: str, content_type: str) -> Any:
    if not text.strip():
        return None
    if content_type == "application/json":
        try:
            return json.loads(text)
        except ValueError:
            return {"text": text}
    return {"text": text}
