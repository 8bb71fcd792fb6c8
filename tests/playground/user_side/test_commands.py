"""Contract of typing: slash commands with their answers, and messages with the events they bring about.

docs: interactivity/implementing-slash-commands, events/message.channels, events/app_mention
"""

import asyncio
import re

import pytest

from app.playground import AppRegistration
from tests.playground.stage import Person, bolt, connected, workspace_with


@pytest.fixture
async def app(playground):
    made = bolt(playground)
    async with connected(playground, made):
        yield made


def typed(person, command="/go", text="", user="@ana", channel="#general"):
    return person("command", user=user, channel=channel, command=command, text=text)


async def test_a_command_is_acknowledged_and_answered(app, person):
    """`{acked, ack_ms, response}`; the answer is seen by the one who typed, and by nobody else."""

    @app.command("/go")
    async def go(ack, command) -> None:
        await ack(f"gone {command['text']}")

    status, said = await typed(person, text="home")
    assert (200, True, {"text": "gone home"}) == (status, said["acked"], said["response"])
    assert 0 <= said["ack_ms"] < 3000
    assert {"acked", "ack_ms", "response"} == set(said)
    assert ["gone home"] == [each["text"] for each in (await person.state())["ephemeral"]["U0ANA"]]
    assert [] == await person.messages("general")


async def test_a_command_may_answer_for_all(app, person):
    """`response_type: in_channel`."""

    @app.command("/go")
    async def go(ack) -> None:
        await ack({"text": "all", "response_type": "in_channel"})

    await typed(person)
    assert ["all"] == [message["text"] for message in await person.messages("general")]


async def test_an_answer_that_slack_would_refuse_is_trouble(app, person):
    """The person is told the error's code."""

    @app.command("/go")
    async def go(ack) -> None:
        await ack({"blocks": [{"type": "nonsense"}]})

    _, said = await typed(person)
    assert '/go failed with the error "invalid_blocks"' == said["error"]


async def test_command_and_text_may_come_in_one(app, person):
    """`/go a b` as the command is the same as `/go` with the text `a b`; the slash may be left out."""
    seen = []

    @app.command("/go")
    async def go(ack, command) -> None:
        seen.append(command["text"])
        await ack()

    await typed(person, "/go a b")
    await typed(person, "go", "a b")
    assert ["a b", "a b"] == seen


async def test_text_is_escaped(app, person):
    """`&`, `<` and `>`, as Slack's client does. docs: messaging/formatting-message-text (escaping text)."""
    seen = []

    @app.command("/go")
    async def go(ack, command) -> None:
        seen.append(command["text"])
        await ack()

    await typed(person, text="a < b && c > d @ben")
    assert ["a &lt; b &amp;&amp; c &gt; d @ben"] == seen


async def test_mentions_become_ids_where_the_manifest_says_so(session):
    """`should_escape`. docs: interactivity/implementing-slash-commands (escaping)."""
    commands = [{"command": "/go", "should_escape": True}]
    manifest = {
        "features": {"slash_commands": commands},
        "settings": {"interactivity": {"is_enabled": True}},
        "oauth_config": {"scopes": {"bot": ["commands"]}},
    }
    async with workspace_with(AppRegistration(manifest=manifest)) as playground:
        made, seen, person = bolt(playground), [], Person(playground.url, session)

        @made.command("/go")
        async def go(ack, command) -> None:
            seen.append(command["text"])
            await ack()

        async with connected(playground, made):
            await typed(person, text="@ben in #general, not @nobody")
            status, said = await typed(person, "/nope")
    assert ["<@U0BEN|ben> in <#C0GENERAL|general>, not @nobody"] == seen
    assert 404 == status
    assert said["error"].startswith("/nope is not a valid command.")


@pytest.mark.parametrize(
    ("body", "status", "part"),
    [
        ({"user": "@zoe"}, 404, "nobody called '@zoe'; there are @ana, @ben"),
        ({"channel": "#nowhere"}, 404, "no channel '#nowhere'; there are #general"),
        ({"user": "@ana", "channel": "#security"}, 403, "@ana is not in #security."),
        ({"user": None}, 400, "`user` is missing"),
        ({"text": 5}, 400, "`text` must be a string, not 5."),
    ],
)
async def test_useful_refusals(person, body, status, part):
    """A sentence that says what is there instead."""
    asked = {"user": "@ana", "channel": "#general", "command": "/go", "text": ""} | body
    got, said = await person("command", **asked)
    assert (status, True) == (got, part in said["error"]), said


async def test_somebody_who_left_does_nothing(person):
    """A deactivated account cannot type."""
    await person("user", user="@dev", deleted=True)
    assert (403, {"error": "@dev is deactivated and cannot do anything."}) == await typed(person, user="@dev")


async def test_a_direct_message_is_a_place_too(app, person):
    """Named by whom it is with; payloads call it `directmessage`."""
    seen = []

    @app.command("/go")
    async def go(ack, command) -> None:
        seen.append((command["channel_name"], command["channel_id"][0]))
        await ack()

    await typed(person, channel="@jit")
    assert [("directmessage", "D")] == seen


async def test_a_message_brings_about_an_event(app, person):
    """A mention is a second event, and a reply says its thread."""
    heard: asyncio.Queue = asyncio.Queue()

    @app.event("message")
    async def message(event) -> None:
        await heard.put(("message", event["text"], event.get("thread_ts")))

    @app.event("app_mention")
    async def mention(event) -> None:
        await heard.put(("app_mention", event["text"], event.get("thread_ts")))

    status, said = await person("message", user="@ana", channel="#general", text="hello @jit")
    both = {await asyncio.wait_for(heard.get(), 10) for _ in range(2)}
    assert {("message", "hello <@U0JIT>", None), ("app_mention", "hello <@U0JIT>", None)} == both
    assert (200, "C0GENERAL") == (status, said["channel"])
    await person("message", user="@ben", channel="#general", text="yes", thread_ts=said["ts"])
    assert ("message", "yes", said["ts"]) == await asyncio.wait_for(heard.get(), 10)


async def test_messages_that_cannot_be_posted(person):
    """Empty, to a thread that is not there, to where one is not."""
    for body, status in (({"text": " "}, 400), ({"thread_ts": "1.1"}, 404), ({"channel": "#security"}, 403)):
        asked = {"user": "@ana", "channel": "#general", "text": "hi"} | body
        assert status == (await person("message", **asked))[0]


async def test_an_app_hears_only_what_it_subscribed_to_and_is_in(session):
    """A manifest's bot_events decide. docs: reference/app-manifest."""
    manifest = {
        "oauth_config": {"scopes": {"bot": ["channels:history", "chat:write"]}},
        "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}},
    }
    async with workspace_with(AppRegistration(manifest=manifest)) as playground:
        made, heard, person = bolt(playground), asyncio.Queue(), Person(playground.url, session)

        @made.event("message")
        async def message(event) -> None:
            await heard.put("message")

        @made.event("app_mention")
        async def mention(event) -> None:
            await heard.put(event["text"])

        async with connected(playground, made):
            await person("message", user="@ana", channel="#general", text="hello")
            await person("message", user="@ana", channel="#general", text="@jit there?")
            assert "<@U0JIT> there?" == await asyncio.wait_for(heard.get(), 10)
            assert heard.empty()


async def test_what_the_bot_does_is_heard_as_well(playground, client):
    """Edits and deletions are events, hidden ones. docs: reference/events/message (subtypes)."""
    made, heard = bolt(playground, ignoring_self_events_enabled=False), asyncio.Queue()

    @made.event({"type": "message", "subtype": re.compile(".*")})
    @made.event("message")
    async def note(event) -> None:
        await heard.put((event.get("subtype"), event.get("hidden")))

    async with connected(playground, made):
        ts = (await client.chat_postMessage(channel="C0GENERAL", text="one"))["ts"]
        await client.chat_update(channel="C0GENERAL", ts=ts, text="two")
        await client.chat_delete(channel="C0GENERAL", ts=ts)
        kinds = {await asyncio.wait_for(heard.get(), 10) for _ in range(3)}
    assert {(None, None), ("message_changed", True), ("message_deleted", True)} == kinds
