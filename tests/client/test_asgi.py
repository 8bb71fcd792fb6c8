"""Contract: an ASGI application answers a call without a grant with the problem document, over a real socket too.

FastAPI's own answers stay its own. What has begun to answer is not answered twice. A websocket is not opened.
"""

import asyncio
import json
from contextlib import asynccontextmanager

import aiohttp
import pytest
import uvicorn
import yarl
from fastapi import FastAPI, Request
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute

from app.client import GrantMiddleware, RedisGrants, RequiresGrant
from app.web.server import _Server, listen

USERS = {"Bearer of-ana": "ana", "Bearer of-ben": "ben"}
AS_ANA = {"Authorization": "Bearer of-ana"}
AS_BEN = {"Authorization": "Bearer of-ben"}


def signed_in(headers):
    """Stands for what a service does to know who calls."""
    return USERS.get(dict(headers).get(b"authorization", b"").decode("latin-1"))


@asynccontextmanager
async def serving(web):
    """Serve an application on a free port; gives its address."""
    listening = listen("127.0.0.1", 0)
    server = _Server(
        uvicorn.Config(web, log_config=None, lifespan="off", server_header=False, timeout_graceful_shutdown=1)
    )
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def calling(web):
    """Serve it, and call it: gives status, headers and body."""
    async with serving(web) as url, aiohttp.ClientSession() as http:

        async def call(path, headers=AS_ANA, method="GET"):
            for _ in range(200):
                try:
                    async with http.request(
                        method, yarl.URL(url + str(path), encoded=True), headers=headers
                    ) as answer:
                        return answer.status, answer.headers, await answer.read()
                except aiohttp.ClientConnectorError:
                    await asyncio.sleep(0.05)
            raise TimeoutError(url)

        call.url, call.http = url, http
        yield call


def a_service(grants):
    """FastAPI with one sync and one async route behind a grant."""
    web = FastAPI()
    web.add_middleware(GrantMiddleware)
    requires_grant = RequiresGrant(grants, subject=lambda call: signed_in(call["request"].headers.raw))

    @web.post("/dumps/{database:path}")
    @requires_grant("prod-db-debug", resource="database")
    async def dump(request: Request, database: str) -> dict[str, str]:
        return {"dumped": database}

    @web.get("/dumps/{database:path}")
    @requires_grant("prod-db-debug", resource="database")
    def look(request: Request, database: str, page: int = 1) -> dict[str, int]:
        return {"page": page}

    @web.post("/dump")
    @requires_grant("prod-db-debug", resource="database")
    async def dump_by_query(request: Request, database: str) -> dict[str, str]:
        return {"dumped": database}

    @web.get("/open")
    async def is_open() -> dict[str, bool]:
        return {"open": True}

    return web


async def test_fastapi(live):
    """Ana gets through by what the service knows of her; Ben, nobody, and forged headers do not."""
    async with calling(a_service(live.in_redis)) as call:
        assert (200, b'{"dumped":"orders-db"}') == (await call("/dumps/orders-db", method="POST"))[::2]
        assert (200, b'{"page":2}') == (await call("/dumps/orders-db?page=2"))[::2]
        assert 422 == (await call("/dumps/orders-db?page=x"))[0]
        assert 200 == (await call("/open", {}))[0]
        forged = {"X-User": "ana", "X-Forwarded-User": "ana", "X-JIT-Subject": "ana", "X-Remote-User": "ana"}
        for headers in (AS_BEN, forged, AS_BEN | forged, {"Authorization": "Bearer of-Ana"}, {}):
            status, told, body = await call("/dumps/orders-db", headers, "POST")
            assert (403, "application/problem+json", "no-store") == (
                status, told["Content-Type"], told["Cache-Control"],
            )  # fmt: skip
            assert "grant_needed" == json.loads(body)["code"]


@pytest.mark.parametrize(
    "value",
    [
        "users-db",
        "x%0d%0aX-Evil:%201",
        "%00",
        "%ff",
        "x" * 5000,
        "%E2%80%AEbd-sredro",
        "a%3Bid",
        "",
        "%c3%a9",
    ],
)
async def test_hostile_values(live, value):
    """Whatever a parameter holds, the answer is one 403 whose headers hold nothing of it."""
    async with calling(a_service(live.in_redis)) as call:
        status, headers, body = await call(yarl.URL(f"/dump?database={value}", encoded=True), method="POST")
    assert 403 == status
    assert {"content-type", "content-length", "cache-control", "x-content-type-options", "date"} == {
        name.lower() for name in headers
    }
    assert len(body) < 1000
    assert "code" in json.loads(body)


async def test_away(tmp_path):
    """When nobody knows, the answer is 503, and says when to come again."""
    async with calling(a_service(RedisGrants(f"unix://{tmp_path / 'none.sock'}"))) as call:
        status, headers, body = await call("/dumps/orders-db", method="POST")
        assert (503, "1", "cannot_tell") == (status, headers["Retry-After"], json.loads(body)["code"])
        assert 200 == (await call("/open"))[0]


def admin(grants, **how):
    """An application of which one part, mounted, takes a grant as a whole."""
    opened = []

    async def page(request):
        return PlainTextResponse("admin")

    async def talk(socket):
        opened.append(socket)
        await socket.accept()
        await socket.close()

    inner = Starlette(routes=[Route("/", page), WebSocketRoute("/ws", talk)])
    guard = RequiresGrant(grants, subject=lambda scope: signed_in(scope["headers"]))
    whole = GrantMiddleware(inner, guard, action="prod-db-debug", resource=lambda scope: "orders-db", **how)
    return Starlette(routes=[Mount("/admin", app=whole), Route("/", page)]), opened


async def test_all_below(live):
    """Everything below takes the grant, whatever the method and the path; what lies beside does not."""
    web, opened = admin(live.in_redis)
    async with calling(web) as call:
        assert (200, b"admin") == (await call("/admin/"))[::2]
        for path in ("/admin/", "/admin/nothing", "/admin//", "/admin/?x"):
            assert 403 == (await call(path, AS_BEN))[0]
        status, headers, body = await call("/admin/", AS_BEN, "HEAD")
        assert (403, b"") == (status, body)
        assert int(headers["Content-Length"]) > 0
        assert 200 == (await call("/", {}))[0]
    assert [] == opened


async def test_a_websocket(live):
    """A websocket without a grant is closed before it is accepted, which servers answer with 403."""
    web, opened = admin(live.in_redis)
    for headers, first in ((AS_BEN, "websocket.close"), (AS_ANA, "websocket.accept")):
        said = []
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        scope = {
            "type": "websocket",
            "path": "/admin/ws",
            "headers": raw,
            "root_path": "",
            "subprotocols": [],
        }

        async def receive():
            return {"type": "websocket.connect"}

        async def send(message, said=said):
            said.append(message)

        await web(scope, receive, send)
        assert first == said[0]["type"]
    assert 1 == len(opened)


async def test_an_answer_that_has_begun(live):
    """A refusal in the middle of an answer ends it; it is not answered twice."""
    requires_grant = RequiresGrant(live.in_redis, subject=lambda call: "ben")

    @requires_grant("prod-db-debug", resource=lambda call: "orders-db")
    async def row(): ...

    async def rows(request):
        async def body():
            yield b"first"
            await row()

        return StreamingResponse(body())

    web = GrantMiddleware(Starlette(routes=[Route("/", rows)]))
    async with calling(web) as call:
        with pytest.raises(aiohttp.ClientPayloadError):
            await call("/")


def test_half_of_it():
    """A middleware that would guard nothing is refused where it is written."""
    guard = RequiresGrant(None, subject=lambda scope: None)
    for how in (
        {"guard": guard},
        {"resource": lambda scope: "x"},
        {"action": "a"},
        {"guard": guard, "action": "a"},
        {"guard": guard, "action": "a", "resource": "x"},
        {"guard": guard, "action": "a", "resource": lambda scope: "x", "subject": "ana"},
        {"guard": guard, "action": "a", "resource": lambda scope: "x", "token": lambda scope: None},
    ):
        with pytest.raises(TypeError):
            GrantMiddleware(None, **how)
    with pytest.raises(ValueError, match="no action's name"):
        GrantMiddleware(None, guard, action="A b", resource=lambda scope: "x")
