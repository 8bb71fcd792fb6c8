"""`GET /metrics`, and the counting of HTTP requests around everything that is served."""

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from pydantic import SecretStr

from app.metrics.meters import Meters
from app.metrics.names import Names

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNKNOWN, BROKEN = "unknown", 500


class _All:
    """What was counted and what stands, as one collector."""

    def __init__(self, meters: Meters, standing: Iterable[Metric]) -> None:
        self._meters = meters
        self._standing = standing

    def collect(self) -> Iterator[Metric]:
        yield from self._meters.registry.collect()
        yield from self._standing


def routes(
    meters: Meters, standing: Callable[[], Awaitable[Iterable[Metric]]], token: SecretStr | None
) -> APIRouter:
    """Serve it, in the form that the scraper asks for; with a token to nobody without it."""
    router = APIRouter()

    @router.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        if token and not _is(request.headers.get("authorization", ""), token):
            return Response("the token of JIT_METRICS_TOKEN is needed\n", 401, {"WWW-Authenticate": "Bearer"})
        encode, form = choose_encoder(request.headers.get("accept", ""))
        shown = _All(meters, list(await standing()))
        text = await asyncio.to_thread(encode, shown)  # which takes a while where there is much
        return Response(text, headers={"Content-Type": form, "Cache-Control": "no-store"})

    return router


def _is(header: str, token: SecretStr) -> bool:
    return hmac.compare_digest(header.encode(), f"Bearer {token.get_secret_value()}".encode())


def watching(app: App, meters: Meters) -> App:
    """Count each HTTP request that an application answers, by the template of its path and never the path."""
    routes_of = Names()

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        began, status = time.perf_counter(), BROKEN

        async def sent(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, sent)
        finally:
            method = scope["method"] if scope["method"] in METHODS else UNKNOWN
            meters.answered(method, routes_of(template(scope)), status, time.perf_counter() - began)

    return watched


def template(scope: Scope) -> str:
    """Give the template of the path that was found, such as `/v1/requests/{request_id}`.

    Newer versions of FastAPI give a route that was included under a prefix without it: what the path has before as
    many parts as the route has is the prefix, which is of our own words.
    """
    route = getattr(scope.get("route"), "path", None)
    if not isinstance(route, str):
        return UNKNOWN
    parts, path = route.strip("/").split("/"), str(scope["path"]).strip("/").split("/")
    return "/" + "/".join((*path[: max(0, len(path) - len(parts))], *parts))
