"""Deliveries to apps by whichever way each has chosen, with Slack's retries for events."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

import aiohttp

from app.playground.delivery import signed_http
from app.playground.delivery.envelope import Ack, Envelope
from app.playground.delivery.sockets import Sockets
from app.playground.faults import Faults
from app.playground.model import Json
from app.playground.registration import App

RETRY_AFTER = (0.0, 60.0, 300.0)
log = logging.getLogger("app.playground")


class Deliveries:
    """The lines from the workspace to its apps."""

    def __init__(
        self,
        sockets: Sockets,
        faults: Faults,
        *,
        clock: Callable[[], float] = time.time,
        retry_after: Sequence[float] = RETRY_AFTER,
        ack_within: float | None = None,
    ) -> None:
        self.sockets = sockets
        self._faults = faults
        self._clock = clock
        self._retry_after = retry_after
        self._ack_within = ack_within
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def deliver(self, app: App, envelope: Envelope) -> Ack:
        """Deliver once; twice under the `duplicate` fault, of which the first acknowledgement counts."""
        if self._faults.duplicates > 0:
            self._faults.duplicates -= 1
            again = replace(envelope, retry_attempt=1, retry_reason="timeout")
            twin = envelope if envelope.kind != "events_api" else again
            ack, _ = await asyncio.gather(self._once(app, envelope), self._once(app, twin))
            return ack
        return await self._once(app, envelope)

    def emit(self, app: App, payload: Json) -> None:
        """Send an event and forget it; it is retried when it is not acknowledged within 3 s.

        docs: apis/events-api (retries: nearly at once, after 1 minute, after 5 minutes)
        """
        if app.request_url is None and not self.sockets.connected(app) and not self.sockets.ever(app):
            return
        self.background(self._until_acknowledged(app, Envelope("events_api", payload)))

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside requests, for as long as the playground runs."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop retrying and close every line."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*list(self._tasks), return_exceptions=True)
        await self.sockets.drop()
        if self._session is not None:
            await self._session.close()

    async def verify_url(self, app: App) -> bool:
        """Challenge the app's request URL."""
        return await signed_http.verify_url(self._http(), app, self._clock())

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            # A connection that is kept open may be closed by the app just as a delivery goes out on it.
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        return self._session

    async def _once(self, app: App, envelope: Envelope) -> Ack:
        if app.request_url is None:
            return await self.sockets.deliver(app, envelope)
        return await signed_http.deliver(self._http(), app, envelope, self._clock(), self._ack_within)

    async def _until_acknowledged(self, app: App, envelope: Envelope) -> None:
        ack = await self.deliver(app, envelope)
        for attempt, pause in enumerate(self._retry_after, start=1):
            if ack.acked or ack.final:
                return
            await asyncio.sleep(pause)
            reason = ack.reason if app.request_url else "timeout"
            ack = await self.deliver(app, replace(envelope, retry_attempt=attempt, retry_reason=reason))
        if not ack.acked:
            log.warning("an event was not acknowledged by %s: %s", app.name, ack.reason)
