"""HTTP: health, and Slack's deliveries where it does not come by Socket Mode."""

import asyncio
import contextlib
import re
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import NamedTuple

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncApp
from starlette.requests import ClientDisconnect

from app.web.api import ABOUT, add_api
from app.web.api.services import Services
from app.web.bodies import ARRIVES_WITHIN
from app.web.published import add_keys, add_published

LARGEST_BODY = 1024 * 1024
TIMESTAMP = re.compile(r"[0-9]{1,12}")
log = structlog.get_logger(__name__)


class Health(NamedTuple):
    """How the bot is: `reasons` keep it from serving, `warnings` do not; both by part. `policy` is in force."""

    reasons: dict[str, str]
    warnings: dict[str, str]
    policy: str


Readiness = Callable[[], Awaitable[Health]]


def make_web(
    readiness: Readiness, slack: AsyncApp | None, api: Services | None = None, pages: Sequence[APIRouter] = ()
) -> FastAPI:
    """Make the HTTP application; `slack` takes deliveries at `/slack/events`, each with its signature.

    `api` is what the API under `/v1` calls, `pages` are those for people.
    """
    web = FastAPI(title="jit-approval", description=ABOUT, docs_url=None, redoc_url=None)

    @web.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Tell that the process is alive."""
        return {"status": "alive"}

    @web.get("/readyz")
    async def readyz() -> JSONResponse:
        """Tell whether the bot can serve, with reasons when not."""
        health = await readiness()
        status = "not ready" if health.reasons else "ready"
        code = 503 if health.reasons else 200
        return JSONResponse({"status": status, **health._asdict()}, status_code=code)

    if api is not None:
        add_api(web, api)
        add_published(web, api.published)
        add_keys(web, api.signer.jwks)
    for router in pages:
        web.include_router(router)
    if slack is not None:
        _take_deliveries(web, slack)
    return web


def _take_deliveries(web: FastAPI, slack: AsyncApp) -> None:
    """Hand over what may be Slack's; Bolt checks the signature. What it could not even read is refused here."""

    @web.post("/slack/events", include_in_schema=False)
    async def deliver(request: Request) -> Response:
        if not TIMESTAMP.fullmatch(request.headers.get("x-slack-request-timestamp", "")):
            return JSONResponse({"error": "not signed by Slack"}, status_code=401)
        try:
            async with asyncio.timeout(ARRIVES_WITHIN):
                body = await _read(request)
        except (TimeoutError, ClientDisconnect):
            return JSONResponse({"error": "did not arrive"}, status_code=408, headers={"Connection": "close"})
        if body is None:
            return JSONResponse({"error": "too large"}, status_code=413)
        try:
            delivery = to_async_bolt_request(request, body)
        except (ValueError, AttributeError, TypeError):
            return JSONResponse({"error": "not a delivery"}, status_code=400)
        return to_starlette_response(await slack.async_dispatch(delivery))


async def _read(request: Request) -> bytes | None:
    """Read a body, None as soon as it is larger than any of Slack's, whatever its headers say."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)


class CannotListen(Exception):  # noqa: N818  said to the person who starts the bot
    """The address is taken or not ours."""


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it beside other things."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """Take an address, for an event loop to serve; port 0 is any free one. Raises CannotListen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.setblocking(
        False
    )  # else a duplicate would have a loop that serves the same address wait in `accept`
    try:
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        raise CannotListen(
            f"cannot listen on {host} port {port}: {error.strerror}. "
            "Choose another by JIT_HTTP_HOST and JIT_HTTP_PORT"
        ) from None
    return taken


async def run_web(web: Callable[..., Awaitable[None]], listening: socket.socket) -> None:
    """Serve on an address until cancelled."""
    config = uvicorn.Config(
        web,
        log_config=None,
        access_log=False,
        lifespan="off",
        proxy_headers=False,  # uvicorn would believe anybody on loopback; JIT_TRUSTED_PROXIES says whom we do
        server_header=False,
    )
    host, port = listening.getsockname()[:2]
    log.info("web_listens", host=host, port=port)
    server = _Server(config)
    try:
        await server.serve(sockets=[listening])
    finally:
        _let_go(server)


def _let_go(server: uvicorn.Server) -> None:
    """Take no more calls, by new connections or by those that are there: a cancelled server would go on."""
    for each in getattr(server, "servers", ()):
        each.close()
    for connection in list(server.server_state.connections):
        connection.shutdown()
