"""How many checks of a grant a bot's HTTP side answers, against a bare route on the same server stack, in one run.

    python tests/bench/bench_api.py

One process serves both: uvicorn on uvloop with FastAPI, as `jit serve --role web` does, with a real Redis beside.
The bare route takes the same three query parameters, validated alike, and answers a document of the same shape,
without a token, Redis or policy. The caller is another process on the same machine, with 32 connections that
call without a pause; turns of both alternate. Then 1,000 checks a second are sent on a schedule, and their times are
counted from when each was due, as far as the machine carries it.
"""

import asyncio
import multiprocessing
import socket
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import uvloop
from fastapi import Query
from figures import Figure, percentile, show, spread

from app.ci.jobs import Jobs
from app.connectors.grant_key import GrantKey
from app.domain.people import Principal
from app.domain.request import State
from app.domain.token import Scope
from app.handing import Handing
from app.policy import PolicySource
from app.shipped import shipped
from app.store.checks import Checks
from app.store.connection import connect
from app.store.embedded import start_server
from app.store.jobs import JobStore
from app.store.requests import RequestStore
from app.store.secrets import Secrets
from app.store.tokens import TokenStore
from app.store.watch import Watch
from app.tokens import Tokens
from app.web.api.grants import Action, Subject
from app.web.api.models import Check, Word
from app.web.api.services import Services
from app.web.limits import Limiter
from app.web.server import Health, listen, make_web, run_web
from app.workflow import Wish, Workflow

CONNECTIONS, TURN, TURNS = 32, 1.5, 5
RATE, RATE_LASTS = 1000, 5.0
QUERY = "subject=ana&action=restart-container&resource=checkout"
LEAST_RATIO, P99_AT_MOST = 0.6, 5.0
ENDS_AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


async def nobody(_: str) -> Principal:
    raise AssertionError("machines alone call here")


async def serve(redis_url: str, listening: socket.socket, tell: Any, policies: Path) -> None:
    """Serve the API over one live grant, and the bare route beside it."""
    source = PolicySource(policies)
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(aclosing(connect(redis_url)))
        store, token_store = RequestStore(connection.calls), TokenStore(connection.calls)
        workflow = Workflow(store, lambda: source.current)
        tokens = Tokens(token_store, Checks(connection.calls), lambda: source.current, nobody)
        ana = source.current.people["ana"]
        wish = Wish(
            action="restart-container", resource="checkout", duration=timedelta(minutes=30), reason="A bench"
        )
        asked = await workflow.request(wish, ana)
        begun = await workflow.begin_grant(asked.id)
        live = await workflow.activate(asked.id, (await GrantKey().grant(begun, asked.id)).lease)
        assert live.state is State.ACTIVE
        made = await tokens.make_for_machine("gateway", [Scope.CHECK], timedelta(days=1))

        async def readiness() -> Health:
            return Health({}, {}, "")

        http = await stack.enter_async_context(aiohttp.ClientSession())
        jobs = Jobs(http, lambda: source.current, JobStore(connection.calls), tokens)
        services = Services(
            workflow,
            tokens,
            Watch(connection.waits),
            Limiter(token_store),
            handing=Handing(workflow, Secrets(connection.calls, None)),
            jobs=jobs,
        )
        web = make_web(readiness, None, services)

        @web.get("/bare")
        async def bare(subject: Subject, action: Action, resource: Annotated[Word, Query()]) -> Check:
            return Check(allowed=True, grant="R07-4KX9TQZ", ends_at=ENDS_AT, single_use=False)

        tell.send(made.text)
        await run_web(web, listening)


def server(redis_url: str, listening: socket.socket, tell: Any, policies: Path) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(redis_url, listening, tell, policies))


class Line:
    """One connection: a request is a few bytes, so that the caller costs as little as can be."""

    def __init__(self, port: int, path: str, token: str) -> None:
        self._port = port
        self._sent = (
            f"GET {path}?{QUERY} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n"
        ).encode()

    async def open(self) -> "Line":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def call(self) -> None:
        """Ask, and read the whole answer. Raises RuntimeError unless it says that it is allowed."""
        self._writer.write(self._sent)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = await self._reader.readexactly(length)
        if b'"allowed":true' not in body:
            raise RuntimeError(f"{head!r} {body!r}")

    def close(self) -> None:
        self._writer.close()


async def turn(lines: list[Line], lasts: float) -> float:
    """Call without a pause on every line; gives calls a second."""
    ends, done = time.perf_counter() + lasts, 0

    async def on(line: Line) -> None:
        nonlocal done
        while time.perf_counter() < ends:
            await line.call()
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(on(line) for line in lines))
    return done / (time.perf_counter() - began)


async def on_schedule(lines: list[Line], rate: int, lasts: float) -> tuple[list[float], float]:
    """Send calls at a rate, whether or not those before are answered.

    Gives ms from when each was due, and the rate at which they were answered from the first to the last.
    """
    free: asyncio.Queue[Line] = asyncio.Queue()
    for line in lines:
        free.put_nowait(line)
    times: list[float] = []

    async def one(due: float) -> None:
        line = await free.get()
        await line.call()
        free.put_nowait(line)
        times.append((time.perf_counter() - due) * 1000)

    began, running = time.perf_counter(), []
    for number in range(int(rate * lasts)):
        due = began + number / rate
        if (pause := due - time.perf_counter()) > 0:
            await asyncio.sleep(pause)
        running.append(asyncio.create_task(one(due)))
    await asyncio.gather(*running)
    return times, len(times) / (time.perf_counter() - began)


async def measure() -> list[Figure]:
    """Measure both, in turns."""
    with tempfile.TemporaryDirectory(prefix="jit-bench-") as temporary:
        policies = Path(temporary) / "policies"
        policies.mkdir()
        for file in shipped("policies").rglob("*.yaml"):
            if file.parent.name != "tests":
                (policies / f"{file.parent.name}-{file.name}").write_text(file.read_text())
        (policies / "machines.yaml").write_text("machines: {gateway: {scopes: [check]}}\n")
        async with start_server(Path(temporary)) as running:
            return await _measure(f"unix://{running.socket}", policies)


async def _measure(redis_url: str, policies: Path) -> list[Figure]:
    context = multiprocessing.get_context("spawn")
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    ours, theirs = context.Pipe()
    process = context.Process(target=server, args=(redis_url, listening, theirs, policies), daemon=True)
    process.start()
    try:
        token = await asyncio.to_thread(ours.recv)
        await asyncio.sleep(0.5)
        checks = [await Line(port, "/v1/grants/check", token).open() for _ in range(CONNECTIONS)]
        bare = [await Line(port, "/bare", token).open() for _ in range(CONNECTIONS)]
        await turn(checks, 0.5)
        await turn(bare, 0.5)
        rates: dict[str, list[float]] = {"check": [], "bare": []}
        for _ in range(TURNS):
            rates["bare"].append(await turn(bare, TURN))
            rates["check"].append(await turn(checks, TURN))
        carried = min(RATE, int(statistics.median(rates["check"]) * 0.6))
        times, reached = await on_schedule(checks, carried, RATE_LASTS)
        for line in (*checks, *bare):
            line.close()
    finally:
        process.terminate()
        process.join(10)
        listening.close()
    ratio = statistics.median(rates["check"]) / statistics.median(rates["bare"])
    return [
        Figure("bare route", statistics.median(rates["bare"]), "/s", None, spread(rates["bare"])),
        Figure("check", statistics.median(rates["check"]), "/s", None, spread(rates["check"])),
        Figure("check of bare", ratio, "x", LEAST_RATIO, at_least=True),
        Figure(f"check, {carried}/s sent: reached", reached, "/s"),
        Figure(f"check at {carried}/s: p50", percentile(times, 50), "ms"),
        Figure(
            f"check at {carried}/s: p99",
            percentile(times, 99),
            "ms",
            P99_AT_MOST if carried == RATE else None,
            spread(times),
        ),
    ]


def main() -> bool:
    """Print the table."""
    return show("Checks of a grant over HTTP", asyncio.run(measure()))


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
