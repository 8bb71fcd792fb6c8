"""Contract of `jit run` on a bad day: what the network, a proxy or the server does ends nothing in silence.

The command runs on while nobody can tell whether access has ended; it is ended, and the true reason is said, once
access has ended or nobody watches it any more.
"""

import asyncio
from datetime import timedelta

from app.domain.request import State
from tests.cli.api.proxy import everything, nothing, problem
from tests.cli.api.terminal import ended
from tests.cli.api.test_run_killed import is_gone, started, told


def is_beat(call):
    return call.endswith("/heartbeat")


def those(proxy, part):
    return [call for call in proxy.calls if part in call]


async def beats_again(api, proxy):
    """Wait until one heartbeat more has come by, and been answered."""
    seen = len(those(proxy, "/heartbeat"))
    await api.work.until(lambda: len(those(proxy, "/heartbeat")) > seen + 1, "heartbeats")


async def cut_off(api, proxy, part):
    """Wait until a call waits for its answer, and keep it from coming."""
    await api.work.until(lambda: those(proxy, part), f"a call of {part}")
    proxy.cut()


async def test_a_page_that_is_no_utf_8(api, proxy, ana):
    """A proxy's page in Latin-1 is an answer like any other that is none: it is told, and the beating goes on."""
    running, child, request_id = await started(api, ana)
    proxy.away = is_beat
    assert b"502" in await told(running, b"no heartbeat arrives")
    proxy.away = nothing
    await beats_again(api, proxy)
    running.terminate()
    assert 143 == (await ended(running)).code
    assert await is_gone(child)
    await api.work.reaches(request_id, State.COMPLETED)


async def test_an_answer_that_makes_no_sense(api, proxy, ana):
    """Where the access cannot be watched for a bug, that is said, the command is ended and the access given back."""
    proxy.instead = {"until=ended": {"odd": True}}
    running, child, request_id = await started(api, ana)
    found = await ended(running)
    assert (143, True) == (found.code, "cannot be watched, which is a bug of jit's (KeyError" in found.err), (
        found
    )
    assert await is_gone(child)
    await api.work.reaches(request_id, State.COMPLETED)


async def test_beating_that_fails(api, proxy, ana):
    """Where no heartbeat can be sent for a bug likewise."""
    proxy.changed = lambda _, document: document | ({"heartbeat": None} if "heartbeat" in document else {})
    running, child, request_id = await started(api, ana)
    found = await ended(running)
    assert (143, True) == (found.code, "no heartbeats are sent any more" in found.err), found
    assert "so the command is ended" in found.err
    assert await is_gone(child)
    await api.work.reaches(request_id, State.COMPLETED)


async def test_beating_that_fails_is_said_with_keep_too(api, proxy, ana):
    """With --keep the command runs on, and who reads it knows that the access does not."""
    proxy.changed = lambda _, document: document | ({"heartbeat": None} if "heartbeat" in document else {})
    running, _, _ = await started(api, ana, "--keep", script="echo $$; sleep 2; exit 5")
    found = await ended(running)
    assert (5, True) == (found.code, "no heartbeats are sent any more" in found.err), found


async def test_a_clock_that_is_fast(api, proxy, ana):
    """A server whose clock is an hour behind, and which is away then: access that has time left goes on."""
    proxy.behind = timedelta(hours=1)
    running, child, _ = await started(api, ana, "--silence", "5m")
    proxy.away = everything
    await cut_off(api, proxy, "until=ended")
    looks = len(those(proxy, "until=ended"))
    await api.work.until(
        lambda: len(those(proxy, "until=ended")) > looks + 4, "it looks again after all tries", within=60
    )
    assert not await is_gone(child, 0.2)
    proxy.away = nothing
    running.terminate()
    assert "has ended" not in (await ended(running)).err


async def test_a_token_that_is_revoked(api, ana):
    """It is no end by its time: the reason is the token."""
    running, child, _ = await started(api, ana)
    for token in await api.work.bot.tokens.of("ana"):
        await api.work.bot.tokens.end(token, "test")
    found = await ended(running)
    assert (143, True, False) == (found.code, "jit login" in found.err, "by its time" in found.err), found
    assert await is_gone(child)


async def test_heartbeats_that_are_refused_while_access_is_live(api, proxy, ana):
    """It is not said that access has ended, but why it is going to."""
    proxy.instead = {"/heartbeat": problem(403, "scope_missing")}
    running, _, _ = await started(api, ana)
    found = await ended(running)
    assert (143, False) == (found.code, "(active)" in found.err), found
    assert "no heartbeat of it is taken any more (scope_missing" in found.err


async def test_a_server_that_cannot_ask_slack(api, proxy, ana):
    """`slack_unavailable` passes: it is told, once, and ends nothing."""
    running, child, request_id = await started(api, ana, "--silence", "20s")
    proxy.instead = dict.fromkeys(("/heartbeat", "until=ended"), problem(503, "slack_unavailable"))
    await told(running, b"no heartbeat arrives")
    assert not await is_gone(child, 0.2)
    proxy.instead = {}
    await beats_again(api, proxy)
    running.terminate()
    assert "the command is ended" not in (await ended(running)).err
    await api.work.reaches(request_id, State.COMPLETED)


async def test_nobody_reads_what_it_says(api, ana):
    """Its stderr is closed, as by a pager that was left: the command is ended, and the access given back, alike."""
    running, child, request_id = await started(api, ana)
    running.stderr._transport.close()
    await api.work.types("@sam", f"/jit revoke {request_id} not now")
    assert 143 == await asyncio.wait_for(running.wait(), 20)
    assert await is_gone(child)
