"""One GET with a limit on time and size, that follows nobody elsewhere and says what went wrong."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from app.directory.found import SourceFailed

TIMEOUT = 10.0
LARGEST = 5 * 1024 * 1024
LONGEST_WAIT = 3600.0
WAITS = ("Retry-After", "ratelimit-reset", "X-RateLimit-Period-In-Sec")
"""Headers that tell how long to wait, in seconds: RFC 9110 10.2.3, PagerDuty's and Opsgenie's «Rate Limiting»."""
NOT_OURS = {
    401: "does not accept the token",
    403: "does not let the token read this",
    404: "knows nothing of the kind",
    429: "wants to be asked less often",
}


async def get(
    http: aiohttp.ClientSession,
    url: str,
    *,
    headers: Mapping[str, str],
    params: Sequence[tuple[str, str]] = (),
    within: float = TIMEOUT,
) -> bytes:
    """Fetch a body of at most LARGEST bytes. Raises SourceFailed."""
    limits = aiohttp.ClientTimeout(total=within)
    try:
        async with http.get(
            url, headers=headers, params=params, timeout=limits, allow_redirects=False
        ) as answer:
            if answer.status != 200:
                raise SourceFailed(_refused(answer.status), _wait(answer.headers))
            body = bytearray()
            async for part in answer.content.iter_any():
                body += part
                if len(body) > LARGEST:
                    raise SourceFailed(f"answers with more than {LARGEST // 1024 // 1024} MB")
            return bytes(body)
    except TimeoutError:
        raise SourceFailed(f"did not answer within {within:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise SourceFailed(f"cannot be reached: {type(error).__name__}: {str(error)[:200]}") from None


async def get_object(
    http: aiohttp.ClientSession,
    url: str,
    *,
    headers: Mapping[str, str],
    params: Sequence[tuple[str, str]] = (),
    within: float = TIMEOUT,
) -> dict[str, Any]:
    """Fetch a JSON object. Raises SourceFailed."""
    body = await get(http, url, headers=headers, params=params, within=within)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise SourceFailed("does not answer in JSON") from None
    if not isinstance(found, dict):
        raise SourceFailed("does not answer with a JSON object")
    return found


def _refused(status: int) -> str:
    if 300 <= status < 400:
        return f"sends elsewhere (HTTP {status}), which is not followed; write the address it ends at"
    return f"{NOT_OURS.get(status, 'fails' if status >= 500 else 'refuses')} (HTTP {status})"


def _wait(headers: Mapping[str, str]) -> float:
    for name in WAITS:
        if value := headers.get(name):
            return max(0.0, min(_seconds(value), LONGEST_WAIT))
    return 0.0


def _seconds(value: str) -> float:
    """Read seconds, or a date as RFC 9110 has it; 0 for anything else."""
    if value.strip().isdecimal():
        return float(value)
    try:
        return (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
