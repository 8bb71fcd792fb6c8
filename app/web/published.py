"""What targets fetch without a token, such as SSH's list of revoked certificates. Nothing of it is secret."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Response

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
