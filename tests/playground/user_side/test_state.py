"""Contract of `GET /workspace/state`: the shape that the page reads, and the stream beside it."""

import asyncio
import json

import pytest

from tests.playground.stage import actions, button, home, modal, section


async def test_an_empty_workspace(person):
    """Every key is there from the start."""
    state = await person.state()
    assert {"users", "channels", "direct", "ephemeral", "views", "homes"} <= set(state)
    assert [{"id": "U0ANA", "name": "ana", "is_bot": False}] == [
        {key: user[key] for key in ("id", "name", "is_bot")}
        for user in state["users"]
        if user["id"] == "U0ANA"
    ]
    assert [] == [message for channel in state["channels"] for message in channel["messages"]]
    assert ({}, {}, {}) == (state["ephemeral"], state["views"], state["homes"])


async def test_messages_are_oldest_first_with_replies_in_line(person, client):
    """Each has ts, user, text and blocks; a reply its thread_ts, a parent none."""
    parent = (await client.chat_postMessage(channel="C0GENERAL", text="a", blocks=[section()]))["ts"]
    await client.chat_postMessage(channel="C0GENERAL", text="b", thread_ts=parent)
    _, said = await person("message", user="@ana", channel="#general", text="c")
    messages = await person.messages("general")
    assert ["a", "b", "c"] == [message["text"] for message in messages]
    assert [None, parent, None] == [message.get("thread_ts") for message in messages]
    assert ["U0JIT", "U0JIT", "U0ANA"] == [message["user"] for message in messages]
    assert [1, 0, 0] == [len(message["blocks"]) for message in messages]
    assert said["ts"] == messages[-1]["ts"]


async def test_direct_messages_are_under_the_person(person, client):
    """Both what the bot said and what the person said."""
    await client.chat_postMessage(channel="U0ANA", text="hello")
    await person("message", user="@ana", channel="@jit", text="hi")
    assert {"U0ANA": ["hello", "hi"]} == {
        user: [message["text"] for message in messages]
        for user, messages in (await person.state())["direct"].items()
    }


async def test_a_direct_message_between_two_people_is_under_both(person):
    """Each sees it."""
    await person("message", user="@ana", channel="@ben", text="psst")
    direct = (await person.state())["direct"]
    assert (["psst"], ["psst"]) == tuple(
        [message["text"] for message in direct[user]] for user in ("U0ANA", "U0BEN")
    )


async def test_views_homes_and_whispers(person, client, playground):
    """By user: the stack with the topmost last, one home, what only they see."""
    from app.playground import modals

    first = modals.open_modal(playground.board, playground.apps[0], "U0ANA", modal())
    second = modals.push_modal(playground.board, playground.apps[0], "U0ANA", modal())
    await client.views_publish(user_id="U0BEN", view=home())
    await client.chat_postEphemeral(
        channel="C0GENERAL", user="U0SAM", text="psst", blocks=[actions(button())]
    )
    state = await person.state()
    assert {"U0ANA": [first.id, second.id]} == {
        user: [view["id"] for view in stack] for user, stack in state["views"].items()
    }
    assert "home" == state["homes"]["U0BEN"]["type"]
    assert {"U0SAM": ["psst"]} == {
        user: [message["text"] for message in messages] for user, messages in state["ephemeral"].items()
    }


async def test_files_are_with_their_message(person, client):
    """docs: objects/file-object."""
    await client.files_upload_v2(channel="C0GENERAL", filename="a.txt", content="a")
    (message,) = await person.messages("general")
    assert ["a.txt"] == [file["name"] for file in message["files"]]


async def test_the_stream_tells_of_every_change(person, session):
    """Server-sent events with the version; the state then has that version or a later one."""
    async with session.get(f"{person.url}/workspace/events") as stream:
        assert "text/event-stream" == stream.content_type
        seen = [await version(stream)]
        await person("message", user="@ana", channel="#general", text="hello")
        seen.append(await version(stream))
    assert seen[0] < seen[1] <= (await person.state())["version"]


async def version(stream) -> int:
    async def read() -> int:
        async for line in stream.content:
            if line.startswith(b"data: "):
                return int(json.loads(line[6:])["version"])
        raise AssertionError("the stream ended")

    return await asyncio.wait_for(read(), 10)


async def test_people_come_and_change(person, client):
    """A new account, a changed one, a new member: the app can see each."""
    status, said = await person("user", user="@zoe", real_name="Zoe Ng", email="zoe@example.com")
    assert (200, "U0ZOE") == (status, said["user"]["id"])
    assert (200, {"ok": True, "new": True}) == await person("invite", user="@zoe", channel="#general")
    assert (200, {"ok": True, "new": False}) == await person("invite", user="@zoe", channel="#general")
    assert "U0ZOE" in (await client.conversations_members(channel="C0GENERAL"))["members"]


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (
            {"user": "@ana", "shoe_size": 5},
            "Nobody has a 'shoe_size' that could be changed; there are deleted",
        ),
        ({"user": "@ana", "deleted": "yes"}, "`deleted` must be a bool, not 'yes'."),
        ({"user": "@ana", "id": "U1"}, "Nobody has a 'id'"),
    ],
)
async def test_what_cannot_be_changed_about_somebody(person, body, part):
    """A sentence that says what could be."""
    status, said = await person("user", **body)
    assert (400, True) == (status, part in said["error"]), said


async def test_reactions_of_people(person, client):
    """Once adds, twice takes back."""
    ts = (await client.chat_postMessage(channel="C0GENERAL", text="hi"))["ts"]
    how = {"user": "@ana", "channel": "#general", "ts": ts, "name": "eyes"}
    await person("reaction", **how)
    assert ["U0ANA"] == (await person.messages("general"))[0]["reactions"][0]["users"]
    await person("reaction", **how)
    assert "reactions" not in (await person.messages("general"))[0]


async def test_a_home_is_opened(person, playground):
    """`app_home_opened` goes to the app. docs: reference/events/app_home_opened."""
    from tests.playground.stage import bolt, connected

    app, heard = bolt(playground), asyncio.Queue()

    @app.event("app_home_opened")
    async def opened(event) -> None:
        await heard.put((event["user"], event["tab"]))

    async with connected(playground, app):
        assert (200, {"ok": True}) == await person("home", user="@ana")
        assert ("U0ANA", "home") == await asyncio.wait_for(heard.get(), 10)
    assert 404 == (await person("home", user="@ana", app="Nope"))[0]
