"""Contract of the HTTP side: health says that the process lives, readiness why it cannot serve."""

import asyncio
import socket

import httpx
import pytest

from app.web.server import CannotListen, Health, listen, make_web, run_web


def client(reasons: dict[str, str]) -> httpx.AsyncClient:
    async def readiness():
        return Health(reasons, {"policy": "the changed files are not in force"}, "0" * 64)

    transport = httpx.ASGITransport(app=make_web(readiness, None))
    return httpx.AsyncClient(transport=transport, base_url="http://bot")


async def test_alive_whatever_else():
    """Health does not depend on Redis or Slack: a restart would mend neither."""
    async with client({"store": "away"}) as http:
        answer = await http.get("/healthz")
    assert (200, {"status": "alive"}) == (answer.status_code, answer.json())


@pytest.mark.parametrize(
    ("reasons", "status"), [({}, 200), ({"store": "Redis does not answer"}, 503)], ids=["ready", "not ready"]
)
async def test_ready_or_why_not(reasons, status):
    """A bot that cannot serve gives each reason by its part; warnings and the policy's digest go with it."""
    async with client(reasons) as http:
        answer = await http.get("/readyz")
    said = answer.json()
    assert (status, reasons) == (answer.status_code, said["reasons"])
    assert ("the changed files are not in force", 64) == (said["warnings"]["policy"], len(said["policy"]))


async def test_slack_has_no_door_in_socket_mode():
    """Where deliveries come by socket, nobody can post forged ones."""
    async with client({}) as http:
        assert 404 == (await http.post("/slack/events", json={})).status_code


def test_a_taken_port_is_told_with_the_way_out():
    """The error names the address and the settings that change it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=rf"port {port}.*JIT_HTTP_PORT"):
            listen("127.0.0.1", port)


def test_nobody_waits_in_accept():
    """Loops that serve one address by duplicates stay asynchronous: making one would make all of them wait."""
    with listen("127.0.0.1", 0) as listening, listening.dup() as again:
        assert (0.0, 0.0) == (listening.gettimeout(), again.gettimeout())


async def test_it_ends_when_it_is_cancelled():
    """Cancelling serves the last answers and leaves nothing behind; signals stay whose they were."""
    with listen("127.0.0.1", 0) as listening:

        async def readiness():
            return Health({}, {}, "")

        running = asyncio.create_task(run_web(make_web(readiness, None), listening))
        port = listening.getsockname()[1]
        async with httpx.AsyncClient() as http:
            assert 200 == (await http.get(f"http://127.0.0.1:{port}/healthz")).status_code
        running.cancel()
        await asyncio.wait_for(asyncio.gather(running, return_exceptions=True), 5)
    assert running.done()
