"""Contract of response_url: five answers within half an hour, to one person or to all, new or in place.

docs: interactivity/handling-user-interaction (message responses)
"""

import json

import pytest

from tests.playground.stage import actions, bolt, button, connected, section


@pytest.fixture
async def urls(playground, person):
    """Response URLs by what was done: `command`, or `click` in a message that is named by its ts."""
    app, seen = bolt(playground), []

    @app.command("/any")
    async def command(ack, body) -> None:
        seen.append(body["response_url"])
        await ack()

    @app.action("go")
    async def click(ack, body) -> None:
        seen.append(body["response_url"])
        await ack()

    async def fresh(ts: str = "") -> str:
        if ts:
            await person("action", user="@ana", channel="#general", ts=ts, action_id="go")
        else:
            await person("command", user="@ana", channel="#general", command="/any", text="")
        return seen[-1]

    async with connected(playground, app):
        yield fresh


@pytest.fixture
def send(session):
    async def post(url, **body):
        async with session.post(url, json=body) as answer:
            return answer.status, json.loads(await answer.text())

    return post


async def card(client, **where) -> str:
    content = {"channel": "C0GENERAL", "text": "card", "blocks": [section(), actions(button())]} | where
    return (await client.chat_postMessage(**content))["ts"]


async def seen(person, who="U0ANA"):
    state = await person.state()
    general = next(each for each in state["channels"] if each["name"] == "general")
    return [m["text"] for m in general["messages"]], [m["text"] for m in state["ephemeral"].get(who, [])]


async def test_an_answer_is_for_the_one_who_asked_unless_told(urls, send, person):
    """`response_type`: ephemeral is the default, in_channel is for everybody."""
    url = await urls()
    assert 200 == (await send(url, text="psst"))[0]
    assert 200 == (await send(url, text="all", response_type="in_channel"))[0]
    assert (["all"], ["psst"]) == await seen(person)


async def test_the_sixth_answer_is_one_too_many(urls, send, person):
    """Five, whatever they say; a refused one counts too."""
    url = await urls()
    assert "no_text" == (await send(url))[1]["error"]
    assert [200] * 4 == [(await send(url, text=str(number)))[0] for number in range(4)]
    assert (404, "used_url") == ((late := await send(url, text="x"))[0], late[1]["error"])


async def test_half_an_hour_and_no_longer(urls, send, clock):
    """30 minutes after the command or click."""
    url = await urls()
    clock.advance(30 * 60)
    assert 200 == (await send(url, text="just"))[0]
    clock.advance(1)
    assert (404, "expired_url") == ((late := await send(url, text="late"))[0], late[1]["error"])


async def test_the_message_that_was_clicked_is_replaced(urls, send, client, person):
    """`replace_original`, also as a string; its blocks are those of the answer."""
    url = await urls(await card(client))
    await send(url, text="done", replace_original=True)
    assert (["done"], []) == await seen(person)
    await send(url, text="again", replace_original="true")
    assert (["again"], []) == await seen(person)


async def test_the_message_that_was_clicked_is_deleted(urls, send, client, person):
    """`delete_original`; what is gone cannot be replaced."""
    url = await urls(await card(client))
    assert 200 == (await send(url, delete_original=True))[0]
    assert ([], []) == await seen(person)
    status, body = await send(url, text="x", replace_original=True)
    assert (404, "message_not_found") == (status, body["error"])


async def test_an_ephemeral_message_can_be_replaced_and_deleted_too(urls, send, client, person):
    """The one way to change it. docs: messaging/modifying-messages."""
    blocks = [actions(button())]
    ts = (await client.chat_postEphemeral(channel="C0GENERAL", user="U0ANA", text="psst", blocks=blocks))[
        "message_ts"
    ]
    url = await urls(ts)
    await send(url, text="changed", replace_original=True)
    assert ([], ["changed"]) == await seen(person)
    await send(url, delete_original=True)
    assert ([], []) == await seen(person)


async def test_a_command_has_no_original(urls, send, person):
    """`replace_original` after a slash command says something new."""
    url = await urls()
    await send(url, text="one", response_type="in_channel")
    await send(url, text="two", response_type="in_channel", replace_original=True)
    assert (["one", "two"], []) == await seen(person)


async def test_an_answer_in_a_thread(urls, send, client, person):
    """`thread_ts` puts it there."""
    ts = await card(client)
    await send(await urls(ts), text="in thread", response_type="in_channel", thread_ts=ts)
    messages = await person.messages("general")
    assert [None, ts] == [message.get("thread_ts") for message in messages]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "no_text"),
        ({"blocks": [{"type": "nonsense"}]}, "invalid_blocks"),
        ({"text": "x", "blocks": "no"}, "invalid_blocks_format"),
    ],
)
async def test_answers_that_cannot_be_shown(urls, send, person, body, code):
    """Refused with a status of 400 or more, and nothing is shown."""
    status, answer = await send(await urls(), **body)
    assert status >= 400
    assert code == answer["error"]
    assert ([], []) == await seen(person)


async def test_a_url_that_never_was(playground, session):
    """404, and a body that is not JSON is 400."""
    url = f"{playground.url}/response/A0JIT/000000001-nothing"
    async with session.post(url, json={"text": "x"}) as answer:
        assert (404, "invalid_url") == (answer.status, json.loads(await answer.text())["error"])
    async with session.post(url, data="nonsense") as answer:
        assert 400 == answer.status


async def test_a_bad_day_hits_response_urls_too(urls, send, person):
    """Faults name it `response_url`."""
    url = await urls()
    await person("fault", kind="rate_limited", method="response_url", count=1)
    assert 429 == (await send(url, text="x"))[0]
    assert 200 == (await send(url, text="x"))[0]
