"""One call of the service: signed, to the pinned host alone, bounded in time and size."""

import json
from datetime import UTC, datetime

import aiohttp

from app.connectors.addresses import Allowed
from app.connectors.guarded import Guarded, bounded
from app.connectors.protocol import ConnectorFailed
from app.connectors.settings import ConnectorsError
from app.connectors.told import one_line
from app.connectors.webhook.settings import Settings
from app.connectors.webhook.signing import keys_of, signed

CONFIRMED = frozenset({200, 204})
"""202 says that something will be done, which is no confirmation that it is."""


class Service:
    """Calls it over a connection of its own each time, so that the address is looked at each time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        allowed = Allowed(settings.networks, is_plain=settings.is_plain)
        self._guarded = Guarded(settings.host, allowed, settings.ca, settings.timeout)

    async def ask(self, body: bytes, idempotency_key: str = "") -> bytes:
        """Post, and give the body of an answer that confirms. Raises ConnectorFailed."""
        host = self._settings.host
        http = self._guarded.http()
        try:
            headers = signed(keys_of(self._settings.secrets), body, datetime.now(UTC))
        except ConnectorsError as error:
            raise ConnectorFailed(str(error)) from None
        headers |= {"Content-Type": "application/json", "Accept": "application/json"}
        headers |= {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        try:
            async with http.post(
                self._settings.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                answer = await bounded(response, host)
        except TimeoutError:
            raise ConnectorFailed(f"{host} did not answer within {self._settings.timeout:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ConnectorFailed(f"{host} cannot be called: {_why(error)}") from None
        if response.status in CONFIRMED:
            return answer
        raise ConnectorFailed(_refused(host, response.status, answer))

    async def close(self) -> None:
        await self._guarded.close()


def _refused(host: str, status: int, answer: bytes) -> str:
    """Tell the service's own sentence, `{"error": "…"}`, where it gives one."""
    if 300 <= status < 400:
        return f"{host} answered {status}, and redirects are not followed"
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        said = None
    told = said.get("error") if isinstance(said, dict) else None
    return f"{host} answered {status}" + (f": {one_line(told)}" if isinstance(told, str) else "")


def _why(error: Exception) -> str:
    return one_line(str(error)) or type(error).__name__
