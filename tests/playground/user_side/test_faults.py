"""Contract of bad days: each fault does what Slack does, to the method named, as often or as long as told."""

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from tests.playground.stage import bolt, connected, error_of


def post(client):
    return client.chat_postMessage(channel="#general", text="hi")


async def test_down_is_a_503_without_an_envelope(person, client):
    """For so many calls, or until it is over."""
    await person("fault", kind="down", count=1)
    with pytest.raises(SlackApiError) as failed:
        await post(client)
    assert 503 == failed.value.response.status_code
    assert "ok" == await error_of(post(client))


async def test_down_for_a_while(person, client, clock):
    """`seconds` by the workspace's clock."""
    await person("fault", kind="down", seconds=10)
    for passed, fine in ((9, False), (2, True)):
        clock.advance(passed)
        assert fine is ("ok" == await down_or_ok(client))


async def down_or_ok(client) -> str:
    try:
        return await error_of(post(client))
    except aiohttp.ClientError:
        return "down"


async def test_rate_limited_for_one_method_only(person, client):
    """Others are untouched."""
    await person("fault", kind="rate_limited", method="chat.postMessage", count=2)
    assert "ok" == await error_of(client.auth_test())
    assert ["ratelimited", "ratelimited", "ok"] == [await error_of(post(client)) for _ in range(3)]


async def test_slow_holds_each_call(person, client):
    """And clearing the faults lets go of what is held."""
    await person("fault", kind="slow", seconds=30)
    held = asyncio.create_task(error_of(post(client)))
    await asyncio.sleep(0.05)
    assert not held.done()
    await person("fault", kind="none")
    assert "ok" == await asyncio.wait_for(held, 10)


async def test_an_error_of_choice(person, client):
    """`error:<code>`, once unless told otherwise."""
    await person("fault", kind="error:fatal_error", method="chat.postMessage")
    assert ["fatal_error", "ok"] == [await error_of(post(client)) for _ in range(2)]


async def test_a_lost_answer_leaves_the_message_behind(person, client):
    """The call is done and the app cannot know: the SDK's own retry says it twice."""
    await person("fault", kind="lost", method="chat.postMessage")
    assert "ok" == await error_of(post(client))
    assert ["hi", "hi"] == [message["text"] for message in await person.messages("general")]


async def test_a_duplicate_delivery(playground, person):
    """The same interaction arrives twice, and once acknowledged is acknowledged."""
    app, seen = bolt(playground), []

    @app.command("/go")
    async def go(ack, command) -> None:
        seen.append(command["trigger_id"])
        await ack()

    async with connected(playground, app):
        await person("fault", kind="duplicate")
        _, said = await person("command", user="@ana", channel="#general", command="/go", text="")
        await person("command", user="@ana", channel="#general", command="/go", text="")
    assert said["acked"] is True
    assert 3 == len(seen)
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"kind": "rain"}, "There is no fault 'rain'; there are down, slow, rate_limited"),
        ({"kind": "error:"}, "There is no fault 'error:'"),
        ({"kind": "down", "count": -1}, "`count` must be a number of 0 or more, not -1."),
        (
            {"kind": "down", "method": "chat.postMsg"},
            "There is no method 'chat.postMsg'; did you mean chat.postMessage?",
        ),
        ({}, "`kind` is missing"),
    ],
)
async def test_useful_refusals(person, body, part):
    """A sentence that says what there is."""
    status, said = await person("fault", **body)
    assert (400, True) == (status, part in said["error"]), said


async def test_the_log_of_calls(person, client, session):
    """What the apps called, with its outcome and without tokens."""
    await post(client)
    await error_of(client.chat_postMessage(channel="nowhere", text="hi"))
    async with session.get(f"{person.url}/workspace/calls?method=chat.postMessage") as answer:
        calls = (await answer.json())["calls"]
    assert [(True, None), (False, "channel_not_found")] == [(call["ok"], call["error"]) for call in calls]
    assert all("token" not in call["args"] for call in calls)
