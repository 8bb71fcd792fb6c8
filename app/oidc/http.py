"""Calls to an issuer, with a limit on time and size, that follow nobody elsewhere."""

import json
import re
from collections.abc import Mapping
from typing import Any

import aiohttp

from app.oidc.troubles import IssuerAway, IssuerMisfit

TIMEOUT = 5.0
LARGEST = 256 * 1024
SAFE = re.compile(r"https://\S+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/\S*)?")
"""Addresses that are asked: nobody else can answer for them."""


async def fetch(http: aiohttp.ClientSession, issuer: str, url: str) -> dict[str, Any]:
    """Fetch a JSON object. Raises IssuerAway or IssuerMisfit."""
    status, body = await _call(http, issuer, "GET", url, headers={"Accept": "application/json"})
    if status != 200:
        raise IssuerMisfit(issuer, f"answers with HTTP {status} at {url}")
    return _object(issuer, url, body)


async def post(
    http: aiohttp.ClientSession, issuer: str, url: str, *, headers: Mapping[str, str], body: str
) -> tuple[int, dict[str, Any]]:
    """Post a form; gives the status (200 or 4xx) and a JSON object. Raises IssuerAway or IssuerMisfit."""
    form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    status, answer = await _call(http, issuer, "POST", url, headers={**headers, **form}, data=body)
    if status != 200 and not 400 <= status < 500:
        raise IssuerMisfit(issuer, f"answers with HTTP {status} at {url}")
    return status, _object(issuer, url, answer)


async def _call(
    http: aiohttp.ClientSession, issuer: str, method: str, url: str, **more: Any
) -> tuple[int, bytes]:
    limits = aiohttp.ClientTimeout(total=TIMEOUT)
    try:
        async with http.request(method, url, timeout=limits, allow_redirects=False, **more) as answer:
            if answer.status >= 500 or answer.status == 429:
                raise IssuerAway(issuer, f"fails (HTTP {answer.status})")
            body = bytearray()
            async for part in answer.content.iter_any():
                body += part
                if len(body) > LARGEST:
                    raise IssuerMisfit(issuer, f"answers with more than {LARGEST // 1024} KB at {url}")
            return answer.status, bytes(body)
    except TimeoutError:
        raise IssuerAway(issuer, f"did not answer within {TIMEOUT:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise IssuerAway(issuer, f"cannot be reached ({type(error).__name__})") from None


def _object(issuer: str, url: str, body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise IssuerMisfit(issuer, f"does not answer with a JSON object at {url}")
    return found
