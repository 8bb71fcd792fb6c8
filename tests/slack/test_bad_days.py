"""Slack on a bad day: what was asked of it is done once and in the end, and people are told what they can do.

429 with Retry-After, errors, nothing at all, answers that are lost, sockets that drop, deliveries that come twice.
"""

import asyncio

import pytest

from app.domain.request import State
from app.playground.hands import readable, told_directly
from tests.workplace import ASK, at_work, cards, thread


@pytest.fixture(autouse=True)
def settles_soon(monkeypatch):
    """Of what is in doubt it is known soon how it went: the local workspace takes no seconds."""
    monkeypatch.setattr("app.slack.posting.SETTLES", 0.3)
    monkeypatch.setattr("app.slack.posting.LOCKED_OUT", 0.3, raising=False)


async def test_rate_limited(work):
    """A 429 is waited out for as long as it says, and the card is there, once."""
    await work.fault("rate_limited", method="chat.postMessage", count=1, seconds=1)

    request_id = await work.asks()

    await work.card(request_id, offering="jit_approve")
    calls = [call for call in work.board.calls if call["method"] == "chat.postMessage"]
    assert "ratelimited" == calls[0]["error"]
    assert calls[1]["time"] - calls[0]["time"] >= 1
    assert 1 == len(cards(await work.settled()))


@pytest.mark.parametrize("kind", ["down", "error:internal_error", "error:service_unavailable"])
async def test_errors_that_pass(work, kind):
    """Slack that errs for a while is asked again until it posts; nothing is lost and nothing is there twice."""
    await work.fault(kind, method="chat.postMessage", count=2)

    request_id = await work.goes_live()

    state = await work.settled(20)
    assert 1 == len(cards(state))
    assert 2 == len(thread(state, cards(state)[0]))
    assert request_id in readable(cards(state)[0])


async def test_errors_while_changing_a_card(work):
    """The card ends up right though its first updates failed."""
    request_id = await work.asks()
    card = await work.card(request_id, offering="jit_approve")
    await work.settled()
    await work.fault("error:internal_error", method="chat.update", count=2)

    await work.clicks("@ben", card, "jit_approve")

    await work.card(request_id, "Access is live", without="jit_approve")


async def test_an_error_that_nobody_knows(workplace):
    """An unknown error is told to whoever runs the bot, and keeps nothing else from being done."""
    async with at_work(workplace(known_bugs=["event_passed_over"])) as work:
        await work.fault("error:brand_new_error", method="chat.postMessage", count=1)
        await work.asks()
        second = await work.asks(command="/jit request prod-db-debug users-db 30m INC-8")

        await work.card(second, offering="jit_approve")
        assert any("brand_new_error" in str(line.get("why")) for line in work.log)


async def test_a_lost_answer(work):
    """A post that happened though its answer was lost is found again, not posted twice."""
    await work.fault("lost", method="chat.postMessage", count=1)

    request_id = await work.asks()

    await work.card(request_id, offering="jit_approve")
    state = await work.settled(30)
    assert 1 == len(cards(state))
    assert 1 == len(told_directly(state, "@ana"))


async def test_slow(work):
    """While Slack takes its time to post one card, commands and clicks are acknowledged at once."""
    await work.fault("slow", method="chat.postMessage", count=1, seconds=2)
    await work.asks()

    typed = await work.hands.types("@ana", "/jit list")

    assert typed["ack_ms"] < 1000


async def test_the_answer_cannot_be_given(work):
    """Where the response_url does not answer, the person is told by direct message."""
    await work.fault("down", method="response_url", count=1)

    await work.hands.types("@ana", "/jit frobnicate")

    await work.told("@ana", "I do not know “frobnicate”")


async def test_the_socket_drops(work):
    """A dropped socket is opened again; a click meanwhile is not lost, and the story goes on."""
    request_id = await work.asks()
    card = await work.card(request_id, offering="jit_approve")

    await work.fault("disconnect")
    await work.until(lambda: work.connections() == 1, "the bot is back", within=15)

    await work.clicks("@ben", card, "jit_approve")
    await work.card(request_id, "Approved by Ben Okafor", "Access is live")


async def test_the_socket_is_refreshed(work):
    """The change of sockets that Slack asks for every few hours loses nothing."""
    request_id = await work.asks()
    card = await work.card(request_id, offering="jit_approve")

    await work.fault("refresh")
    await work.clicks("@ben", card, "jit_approve")

    await work.card(request_id, "Access is live")


async def test_a_command_twice(work):
    """A command that is delivered twice asks once."""
    await work.fault("duplicate")

    await work.hands.types("@ana", ASK)

    await work.card("INC-7", offering="jit_approve")
    assert 1 == len(cards(await work.settled()))


async def test_a_click_twice(work):
    """A click that is delivered twice counts once, and nobody is told that they were too late for themselves."""
    request_id = await work.asks("@ana", "/jit request prod-debug-session checkout 15m INC-9")
    card = await work.card(request_id, offering="jit_approve")
    await work.fault("duplicate")

    await work.clicks("@ben", card, "jit_approve")

    await work.card(request_id, "1 of 2 so far")
    await work.settled()
    assert 1 == len((await work.request(request_id)).decisions)
    assert not work.workspace.ephemerals.get("U0BEN")


async def test_a_double_click(work):
    """Two clicks of one person, each with a trigger of its own, count once; the second is told so."""
    request_id = await work.asks()
    await work.card(request_id, offering="jit_approve")

    await asyncio.gather(*(work.forges("@ben", "jit_approve", request_id) for _ in range(5)))

    await work.reaches(request_id, State.ACTIVE)
    assert ["requested", "approved", "grant_begun", "activated"] == await work.events(request_id)
    await work.until(lambda: len(work.workspace.ephemerals.get("U0BEN", [])) == 4, "four are told")
    assert all("already" in message.text for message in work.workspace.ephemerals["U0BEN"])


async def test_the_same_command_through_two_bots(workplace):
    """A command whose repetition reaches another replica, which has not seen it, asks once all the same."""
    async with at_work(workplace()) as work:
        await work.start(data=work.data / "second", working=False)
        await work.fault("duplicate")

        await work.hands.types("@ana", ASK)

        await work.card("INC-7", offering="jit_approve")
        assert 1 == len(cards(await work.settled()))


async def test_everything_at_once(work):
    """A whole story on a day on which every method fails now and then."""
    for method in ("chat.postMessage", "chat.update", "users.info", "conversations.list"):
        await work.fault("error:internal_error", method=method, count=1)
        await work.fault("down", method=method, count=1)
    for _ in range(4):
        said = await work.types("@ana", ASK)
        if "⏳ Asked" in said:
            break
        assert "Please try again" in said

    await work.card("INC-7", offering="jit_approve")
    assert 1 == len(cards(await work.settled(20)))


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive"])
async def test_the_token_does_not_work_for_a_while(work, code):
    """A token that is being replaced loses nothing: what could not be said meanwhile is said afterwards."""
    request_id = await work.asks()
    await work.settled()
    await work.fault(f"error:{code}", method="chat.postMessage", count=2)

    second = await work.asks(command="/jit request prod-db-debug users-db 30m INC-8")

    await work.card(second, offering="jit_approve")
    await work.card(request_id, offering="jit_approve")
