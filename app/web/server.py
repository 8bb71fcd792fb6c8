"""HTTP: health, and Slack's deliveries where it does not come by Socket Mode."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from slack_bolt.adapter.fastapi.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp

LARGEST_BODY = 1024 * 1024
log = structlog.get_logger(__name__)

Readiness = Callable[[], Awaitable[dict[str, str]]]
"""Gives what keeps the bot from serving, by part; empty when nothing does."""


def make_web(readiness: Readiness, slack: AsyncApp | None) -> FastAPI:
    """Make the HTTP application; `slack` takes deliveries at `/slack/events`, each with its signature."""
    web = FastAPI(title="jit-approval", docs_url=None, redoc_url=None)

    @web.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Tell that the process is alive."""
        return {"status": "alive"}

    @web.get("/readyz")
    async def readyz() -> JSONResponse:
        """Tell whether the bot can serve, with reasons when not."""
        reasons = await readiness()
        status = "not ready" if reasons else "ready"
        return JSONResponse({"status": status, "reasons": reasons}, status_code=503 if reasons else 200)

    if slack is not None:
        handler = AsyncSlackRequestHandler(slack)

        @web.post("/slack/events", include_in_schema=False)
        async def deliver(request: Request) -> Response:
            if int(request.headers.get("content-length") or 0) > LARGEST_BODY:
                return JSONResponse({"error": "too large"}, status_code=413)
            return await handler.handle(request)

    return web


async def run_web(web: FastAPI, host: str, port: int) -> None:
    """Serve until cancelled."""
    server = uvicorn.Server(
        uvicorn.Config(web, host=host, port=port, log_config=None, access_log=False, lifespan="off")
    )
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # main has them
    log.info("web_listens", host=host, port=port)
    try:
        await server.serve()
    except asyncio.CancelledError:
        server.should_exit = True
        raise
