"""Slack's client and Socket Mode connection."""

import asyncio
import logging

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

CALL_TIMEOUT = 10
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 15.0
log = structlog.get_logger(__name__)


def make_client(token: str, api_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Make a client that keeps its connections. It repeats nothing by itself: whoever calls knows better."""
    return AsyncWebClient(
        token=token,
        base_url=api_url,
        timeout=CALL_TIMEOUT,
        session=session,
        retry_handlers=[],
        logger=logging.getLogger("slack_sdk"),
    )


class SocketMode:
    """The connection by which Slack delivers where there is no public address."""

    def __init__(self, app: AsyncApp, app_token: str) -> None:
        self._app = app
        self._app_token = app_token
        self._handler: AsyncSocketModeHandler | None = None

    async def run(self) -> None:
        """Stay connected until cancelled; the SDK reconnects, we see to the first connection."""
        self._handler = AsyncSocketModeHandler(self._app, self._app_token, web_client=self._app.client)
        try:
            await self._connect(self._handler)
            log.info("slack_connected", by="socket")
            await asyncio.Event().wait()
        finally:
            await self._handler.close_async()  # type: ignore[no-untyped-call]

    async def is_connected(self) -> bool:
        """Tell whether Slack can reach us now."""
        return self._handler is not None and bool(await self._handler.client.is_connected())

    async def _connect(self, handler: AsyncSocketModeHandler) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                await handler.connect_async()  # type: ignore[no-untyped-call]
            except Exception as error:  # noqa: BLE001  Slack may be away when we start: that is no reason to end
                log.warning("slack_not_connected", error=str(error), again_in=pause)
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE, pause * 2)
            else:
                return
