"""A proxy between `jit` and the bot, as companies have one: it has pages of its own, and goes away at times."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import aiohttp
from aiohttp import web

Weather = Callable[[str], bool]
"""Tells of a call (`GET /v1/requests/R07-4KX9TQZ?wait=50`) whether it is one of those that something happens to."""
Json = dict[str, Any]
PAGE = "<h1>Fehler: Dienst nicht verfügbar</h1>".encode("latin-1")


def nothing(_: str) -> bool:
    return False


def everything(_: str) -> bool:
    return True


def problem(status: int, code: str) -> Json:
    """A problem document, as the bot would send it."""
    return {"status": status, "code": code, "detail": f"{code} it is."}


async def nobody(_: str) -> None:
    """Nobody is met."""


class Proxy:
    """`away`: calls that get the proxy's page; `lost`: those that reach the bot, whose answer gets lost.

    `instead`: what calls with this part get instead of the bot's answer.
    `meets`: what happens before a call reaches the bot. `changed`: what becomes of its answer. `behind`: how far the
    bot's clock, which is really this machine's, is behind it.
    """

    def __init__(self, target: str, http: aiohttp.ClientSession) -> None:
        self.url = ""
        self.calls: list[str] = []
        self.away: Weather = nothing
        self.lost: Weather = nothing
        self.instead: dict[str, Json] = {}
        self.meets: Callable[[str], Awaitable[None]] = nobody
        self.changed: Callable[[str, Json], Json] = lambda _, said: said
        self.behind = timedelta()
        self._cut = asyncio.Event()
        self._target = target
        self._http = http

    async def take(self, request: web.Request) -> web.Response:
        call = f"{request.method} {request.path_qs}"
        self.calls.append(call)
        if self.away(call):
            return web.Response(status=502, body=PAGE, headers={"Content-Type": "text/html"})
        for part, said in self.instead.items():
            if part in call:
                return web.json_response(said, status=said.get("status", 200))
        await self.meets(call)
        answering, cut = (
            asyncio.ensure_future(self._answer(request, call)),
            asyncio.ensure_future(self._cut.wait()),
        )
        await asyncio.wait({answering, cut}, return_when=asyncio.FIRST_COMPLETED)
        cut.cancel()
        if answering.done():
            return answering.result()
        answering.cancel()
        return web.Response(status=502, body=PAGE, headers={"Content-Type": "text/html"})

    def cut(self) -> None:
        """Give up on what waits for the bot now."""
        self._cut.set()
        self._cut = asyncio.Event()

    async def _answer(self, request: web.Request, call: str) -> web.Response:
        async with self._http.request(
            request.method,
            self._target + request.raw_path,
            data=await request.read(),
            headers={name: request.headers[name] for name in request.headers if name != "Host"},
        ) as answer:
            body = await answer.read()
            if self.lost(call):
                return web.Response(status=503, text="the answer is lost")
            date = parsedate_to_datetime(answer.headers["Date"]) - self.behind
            if "json" in answer.content_type:
                body = json.dumps(self.changed(call, self._shifted(json.loads(body)))).encode()
            headers = {"Content-Type": answer.content_type, "Date": format_datetime(date, usegmt=True)}
            return web.Response(status=answer.status, body=body, headers=headers)

    def _shifted(self, said: Json) -> Json:
        if not said.get("ends_at"):
            return said
        return said | {"ends_at": (datetime.fromisoformat(said["ends_at"]) - self.behind).isoformat()}


@asynccontextmanager
async def before(target: str) -> AsyncIterator[Proxy]:
    """Open a proxy before a server."""
    app = web.Application()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
        proxy = Proxy(target, http)
        app.router.add_route("*", "/{path:.*}", proxy.take)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield proxy
        finally:
            await runner.cleanup()
