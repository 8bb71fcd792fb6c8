"""Bodies of the API: read whole before anything looks at them, up to a limit and within a time."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.problems import status_problem

LARGEST = 64 * 1024
LARGEST_EVENT = 1024 * 1024
ARRIVES_WITHIN = 10.0
PATHS = "/v1/"
EVENTS = "/v1/triggers/"


class Bodies:
    """Refuses a body that is larger than LARGEST bytes, or LARGEST_EVENT for an event, or arrives too slowly."""

    def __init__(self, app: ASGIApp, within: float = ARRIVES_WITHIN) -> None:
        self._app = app
        self._within = within

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PATHS) or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        largest = LARGEST_EVENT if scope["path"].startswith(EVENTS) else LARGEST
        try:
            async with asyncio.timeout(self._within):
                body = await _read(receive, largest)
        except TimeoutError:
            detail = f"The body did not arrive within {self._within:g} s."
            await status_problem(408, detail, {"Connection": "close"})(scope, receive, send)
            return
        if body is None:
            detail = f"A body here has at most {largest} bytes."
            await status_problem(413, detail, {"Connection": "close"})(scope, receive, send)
            return
        await self._app(scope, _replayed(body, receive), send)


def _has_body(scope: Scope) -> bool:
    return any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])


async def _read(receive: Receive, largest: int) -> bytes | None:
    """Read a body; None as soon as it is too large, whatever its headers say."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > largest:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Give the whole body as one message, then whatever follows: that the caller hung up."""
    told = False

    async def replay() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
