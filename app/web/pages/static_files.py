"""The style and the script of the pages, which no page has in line."""

from importlib.resources import files

from fastapi import APIRouter, Response

TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
NAMES = ("page.css", "keys.js", "copy.js", "icon.svg")
HEADERS = {
    "Cache-Control": "public, max-age=3600",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def routes() -> APIRouter:
    """Serve the files that there are, by their names."""
    router = APIRouter(include_in_schema=False)
    folder = files(__package__).joinpath("static")
    for name in NAMES:
        body = folder.joinpath(name).read_bytes()
        router.add_api_route(f"/page/{name}", _serving(body, TYPES[name.rpartition(".")[2]]), methods=["GET"])
    return router


def _serving(body: bytes, media_type: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    async def serve() -> Response:
        return Response(body, media_type=media_type, headers=HEADERS)

    return serve
