"""Signed HTTP delivery to an app's request URL.

docs: authentication/verifying-requests-from-slack, apis/events-api, interactivity/implementing-slash-commands
"""

import hashlib
import hmac
import json
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import aiohttp

from app.playground.delivery.envelope import ACK_WITHIN, Ack, Envelope
from app.playground.registration import App

REDIRECTS_MAX = 2
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


async def deliver(
    session: aiohttp.ClientSession, app: App, envelope: Envelope, now: float, within: float | None = None
) -> Ack:
    """Post an envelope and wait `within` seconds (3 by default) for an answer; its body is the response.

    An event is acknowledged by any 2xx, a command or an interaction by 200; two redirects are followed.
    """
    began = time.perf_counter()
    content_type, body = encode(envelope)
    try:
        async with session.post(
            app.request_url or "",
            data=body,
            headers=_headers(app, envelope, content_type, body, str(int(now))),
            timeout=aiohttp.ClientTimeout(total=within or ACK_WITHIN),
            max_redirects=REDIRECTS_MAX + 1,
        ) as answer:
            text = await answer.text()
            fine = answer.ok and (answer.status == HTTPStatus.OK or envelope.kind == "events_api")
            final = answer.headers.get("X-Slack-No-Retry") == "1"
            if not fine:
                return Ack(acked=False, ms=_since(began), reason="http_error", final=final)
            return Ack(acked=True, ms=_since(began), response=_body(text, answer.content_type))
    except TimeoutError:
        return Ack(acked=False, ms=_since(began), reason="http_timeout")
    except aiohttp.TooManyRedirects:
        return Ack(acked=False, ms=_since(began), reason="too_many_redirects")
    except (aiohttp.ClientError, ValueError):
        return Ack(acked=False, ms=_since(began), reason="connection_failed")


def _headers(app: App, envelope: Envelope, content_type: str, body: bytes, timestamp: str) -> dict[str, str]:
    headers = {
        "Content-Type": content_type,
        "User-Agent": AGENT,
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": signature(app.signing_secret, timestamp, body),
    }
    if envelope.retry_attempt:
        headers["X-Slack-Retry-Num"] = str(envelope.retry_attempt)
        headers["X-Slack-Retry-Reason"] = envelope.retry_reason
    return headers


async def verify_url(session: aiohttp.ClientSession, app: App, now: float) -> bool:
    """Challenge a request URL as Slack does when it is set. docs: apis/events-api (url_verification)."""
    challenge = hashlib.sha256(f"{app.app_id}{now}".encode()).hexdigest()
    payload = {"token": app.verification_token, "challenge": challenge, "type": "url_verification"}
    ack = await deliver(session, app, Envelope("events_api", payload), now)
    answer = ack.response if isinstance(ack.response, dict) else {}
    return ack.acked and challenge in (answer.get("challenge"), str(answer.get("text", "")).strip())


def _since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)


def _body(text: str, content_type: str) -> Any:
    if not text.strip():
        return None
    if content_type == "application/json":
        try:
            return json.loads(text)
        except ValueError:
            return {"text": text}
    return {"text": text}
