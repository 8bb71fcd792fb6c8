"""Keeps other web pages out: the playground answers loopback names and its own origin only."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse foreign Host headers (DNS rebinding), other origins, and form posts to the user side (CSRF)."""
    if _name(request.host) not in LOOPBACK:
        return _refused("This workspace answers only on loopback names.")
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        return _refused("This workspace answers only its own page.")
    if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
        return _refused("This workspace answers only its own page.")
    is_person = request.path.startswith("/workspace/") and request.method == "POST"
    if is_person and request.content_type != "application/json":
        return web.json_response({"error": "Send JSON, with content type application/json."}, status=415)
    return await handler(request)


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


async def harden(_: web.Request, response: web.StreamResponse) -> None:
    """Set the headers that keep the page to itself; a file's own stricter policy stays."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")


def _refused(why: str) -> web.Response:
    return web.json_response({"error": why}, status=403)
