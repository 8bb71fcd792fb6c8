"""Contract of waiting: it goes on past a server that is away; what nobody waits for any more is taken back.

What is said of that is what is so: «cancelled» only once it is.
"""

import asyncio
import signal

import pytest

from app.domain.request import State
from tests.cli.api.proxy import everything, nothing, problem
from tests.cli.api.terminal import ended
from tests.workplace import id_in

WAITS = ("request", "prod-db-debug", "orders-db", "30m", "INC-7", "--wait")


async def waits(api, proxy, terminal, *words):
    """Start waiting; gives `jit` and the request's id once it waits."""
    running = await terminal.starts(*WAITS, *words)
    request_id = id_in((await asyncio.wait_for(running.stderr.readline(), 30)).decode())
    await api.work.until(lambda: any("wait=" in call for call in proxy.calls), "it waits")
    return running, request_id


@pytest.mark.parametrize("words", [(), ("--within", "20m")])
async def test_a_server_that_is_away_for_a_while(api, proxy, ana, words):
    """It says so, once, asks on and on, and has the access that is approved afterwards."""
    running, request_id = await waits(api, proxy, ana, *words)
    proxy.away = everything
    proxy.cut()
    calls = len(proxy.calls)
    await api.work.until(lambda: len(proxy.calls) > calls + 6, "it asks on and on", within=60)
    proxy.away = nothing
    ben = await api.person("@ben")
    assert 200 == (await ben.verb(request_id, "approve")).status
    found = await ended(running, 60)
    assert (0, True) == (found.code, "active" in found.out), found
    assert 1 == found.err.count("not known how it stands")


async def test_time_is_up_while_the_server_is_away(api, proxy, ana):
    """1, and what to do about a request that is still there."""
    running, request_id = await waits(api, proxy, ana, "--within", "3s")
    proxy.away = everything
    proxy.cut()
    found = await ended(running, 60)
    assert (1, True) == (found.code, f"`jit cancel {request_id}`" in found.err), found
    assert "cancelled" not in found.err
    assert State.PENDING is (await api.work.request(request_id)).state


@pytest.mark.parametrize(
    "words", [WAITS, ("run", "prod-db-debug", "orders-db", "--reason", "INC-7", "--", "true")]
)
async def test_what_the_server_does_not_tell(api, proxy, ana, words):
    """A refusal to tell how it stands ends the waiting with 1 and why; the request is taken back."""
    proxy.instead = {"wait=": problem(403, "not_known")}
    found = await ana.runs(*words)
    assert (1, True) == (found.code, "not_known it is" in found.err), found
    await api.work.reaches(id_in(found.err), State.CANCELLED)


async def test_stopped_while_the_server_is_away(api, proxy, ana):
    """As by the signal; it is not said that the request is cancelled, and how to do it is."""
    running, request_id = await waits(api, proxy, ana)
    proxy.away = everything
    running.send_signal(signal.SIGINT)
    found = await ended(running)
    assert (130, True) == (found.code, f"`jit cancel {request_id}`" in found.err), found
    assert "cancelled" not in found.err


async def test_an_answer_that_is_lost(api, proxy, ana):
    """What was cancelled, though the answer was lost, is said to be."""
    running, request_id = await waits(api, proxy, ana)
    proxy.lost = lambda call: call.endswith("/cancel") and len([c for c in proxy.calls if c == call]) == 1
    running.send_signal(signal.SIGINT)
    found = await ended(running)
    assert (130, True) == (found.code, f"{request_id}: cancelled" in found.err), found
    assert State.CANCELLED is (await api.work.request(request_id)).state


async def test_what_is_settled_at_the_same_moment(api, proxy, ana):
    """Denied as somebody stops waiting, it is said to be denied; approved, the access is given back."""
    ben = await api.person("@ben")
    for verb, said, state in (("deny", "denied", State.DENIED), ("approve", "given back", State.COMPLETED)):
        proxy.calls.clear()
        running, request_id = await waits(api, proxy, ana)
        proxy.away = lambda call: "wait=" in call
        proxy.cut()

        async def settle(call, verb=verb, request_id=request_id):
            if call.endswith("/cancel"):
                assert 200 == (await ben.verb(request_id, verb, {"comment": "not now"})).status
                await api.work.reaches(request_id, State.DENIED if verb == "deny" else State.ACTIVE)

        proxy.meets = settle
        running.send_signal(signal.SIGINT)
        found = await ended(running)
        assert (130, True) == (found.code, said in found.err), found
        assert "cancelled" not in found.err
        await api.work.reaches(request_id, state)
        proxy.away = nothing
