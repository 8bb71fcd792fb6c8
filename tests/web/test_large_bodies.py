"""Bodies that are too large or do not come, at every path that takes one.

Contract: 10 MB, whether or not their size is said, are refused before they are kept, by whoever they come from; what
drips is not waited for. Paths are those that the application has, so that a new one is among them.
"""

import asyncio
import gc
import json
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from http.client import HTTPResponse
from typing import Any

import psutil
import pytest

from app.playground.hands import PATIENCE
from app.web.server import make_web
from tests.mfa.holders import KEY
from tests.web.callers import Callers
from tests.web.pages.confirming import address_of

LARGE, PART = 10_000_000, b"a" * 50_000
AT_ONCE = 20
HELD = 40_000_000
"""Bytes by which the process may grow while AT_ONCE of them come, which are five times as much."""
FILLED = {"request_id": "R07-4KX9TQZ", "grant_id": "R07-4KX9TQZ", "source": "hooks", "token": "a" * 43}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SIGNED = {"X-Slack-Request-Timestamp": "1", "X-Slack-Signature": "v0=0"}


@pytest.fixture
async def api(workplace: Any) -> AsyncIterator[Callers]:
    """The API of a bot that has pages too."""
    async with workplace() as work:
        await work.start(public_url=address_of(work), secret_keys=KEY)
        yield Callers(work)


def takes_bodies(api: Any) -> list[str]:
    """Every path that something can be sent to, of the API, of pages and of Slack, with something in its places."""
    bot = api.work.bot
    pages = [route for router in bot.pages() for route in router.routes]
    sends = [each.path for each in pages if "POST" in each.methods]
    of_api = make_web(bot.readiness, bot.slack, bot.api).openapi()["paths"]
    sends += [path for path, verbs in of_api.items() if verbs.keys() & {"post", "put", "patch"}]
    return sorted({path.format(**FILLED) for path in (*sends, "/slack/events")})


async def sent(api: Any, path: str, token: str, *, is_sized: bool) -> tuple[int, str]:
    """Send a large body by parts, as far as it is taken; gives the status, and the code of a problem document."""
    size = {"Content-Length": str(LARGE)} if is_sized else {"Transfer-Encoding": "chunked"}
    headers = {"Host": "x", "Authorization": f"Bearer {token}", **FORM, **SIGNED, **size}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    part = PART if is_sized else b"%x\r\n%s\r\n" % (len(PART), PART)
    end = b"" if is_sized else b"0\r\n\r\n"

    def send() -> tuple[int, str]:
        with socket.create_connection(("127.0.0.1", port_of(api)), PATIENCE) as link:
            with suppress(OSError):  # whoever refuses need not read all
                link.sendall(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode())
                for _ in range(LARGE // len(PART)):
                    link.sendall(part)
                link.sendall(end)
            answer = HTTPResponse(link)
            answer.begin()
            said = json.load(answer) if "problem+json" in answer.getheader("Content-Type", "") else {}
            return answer.status, said.get("code", "")

    return await asyncio.to_thread(send)


def port_of(api: Any) -> int:
    return int(api.url.rsplit(":", 1)[1])


def expected(path: str) -> tuple[int, str]:
    """A problem document at the API, Slack's own form, and a page for people."""
    if path.startswith("/v1/"):
        return 413, "too_large"
    if path.startswith("/slack/"):
        return 413, ""
    return (403 if path.startswith("/where/") else 400), ""


async def test_every_path(api):
    """Each refuses it in its own form, said or unsaid, and from whoever has a token too."""
    ana, paths = await api.person("@ana"), takes_bodies(api)
    assert {"/v1/requests", "/v1/triggers/hooks", "/slack/events", f"/confirm/{'a' * 43}"} < set(paths)
    for path in paths:
        for is_sized in (True, False):
            for token in (ana.token, "none"):
                assert (path, expected(path)) == (path, await sent(api, path, token, is_sized=is_sized))


async def test_many_at_once(api):
    """They are not kept, however many come: the process does not grow by them."""
    gc.collect()
    before = psutil.Process().memory_info().rss
    for path in takes_bodies(api):
        await asyncio.gather(*(sent(api, path, "none", is_sized=False) for _ in range(AT_ONCE)))
    assert psutil.Process().memory_info().rss - before < HELD


async def test_what_drips(api):
    """A body that comes byte by byte is refused at every path, though it never pauses for long."""
    paths = takes_bodies(api)
    answers = await asyncio.gather(*(dripped(api, path) for path in paths))
    late = {path: 408 if expected(path)[0] == 413 else expected(path)[0] for path in paths}
    assert late == dict(zip(paths, answers, strict=True))


async def dripped(api: Any, path: str) -> int:
    """Send a byte now and then until there is an answer; gives its status."""
    reader, writer = await begun(api, path)

    async def drip() -> None:
        while True:
            writer.write(b"a")
            await asyncio.sleep(0.5)

    dripping = asyncio.create_task(drip())
    try:
        line = await asyncio.wait_for(reader.readline(), 10 + PATIENCE)
        return int(line.split()[1])
    finally:
        dripping.cancel()
        writer.close()


async def test_whoever_hangs_up(api, caplog):
    """A caller who ends in the middle of a body is no bug of ours: nothing is logged as one, at any path."""
    for path in takes_bodies(api):
        _, writer = await begun(api, path)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.transport.abort()
    async with api.work.http.get(f"{api.url}/healthz") as answer:
        assert 200 == answer.status
    assert [] == [line.getMessage() for line in caplog.records if line.levelname == "ERROR"]


async def begun(api: Any, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send the head of a call whose body is to come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(api))
    headers = {"Host": "x", "Content-Length": "1000", **FORM, **SIGNED}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"POST {path} HTTP/1.1\r\n{head}\r\na".encode())
    return reader, writer
