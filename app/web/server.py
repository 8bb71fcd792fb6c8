"""HTTP: health, and Slack's deliveries where it does not come by Socket Mode."""

import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator

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


class CannotListen(Exception):  # noqa: N818  said to the person who starts the bot
    """The address is taken or not ours."""


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it beside other things."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """Take an address; port 0 is any free one. Raises CannotListen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        raise CannotListen(
            f"cannot listen on {host} port {port}: {error.strerror}. "
            "Choose another by JIT_HTTP_HOST and JIT_HTTP_PORT"
        ) from None
    return taken


async def run_web(web: FastAPI, listening: socket.socket) -> None:
    """Serve on an address until cancelled."""
    config = uvicorn.Config(web, log_config=None, access_log=False, lifespan="off")
    host, port = listening.getsockname()[:2]
    log.info("web_listens", host=host, port=port)
    await _Server(config).serve(sockets=[listening])
