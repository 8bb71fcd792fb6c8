"""What targets and services fetch without a token, such as SSH's list of revoked certificates. None of it is secret."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

JWKS_KEPT = 300
"""Seconds for which keys may be kept: so long does a key that is taken out still count somewhere."""
Published = Callable[[str], Awaitable[bytes | None]]


def add_published(web: FastAPI, published: Published) -> None:
    """Serve it by the connector's name; 404 for every other name, and where there is nothing."""

    @web.get("/connectors/{name}/published", include_in_schema=False)
    async def fetch(name: str) -> Response:
        content = await published(name)
        if content is None:
            return Response(status_code=404)
        kept = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        return Response(content, media_type="application/octet-stream", headers=kept)


def add_keys(web: FastAPI, jwks: Mapping[str, Any]) -> None:
    """Serve the public keys by which offline tokens are checked (RFC 7517)."""

    @web.get("/.well-known/jwks.json", include_in_schema=False)
    async def keys() -> JSONResponse:
        kept = {"Cache-Control": f"public, max-age={JWKS_KEPT}", "X-Content-Type-Options": "nosniff"}
        return JSONResponse(jwks, headers=kept)
