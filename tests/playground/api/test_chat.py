"""Contract of chat.*: what can be said where, by whom it can be changed, and what is kept of it.

docs: reference/methods/chat.postMessage, chat.update, chat.delete, chat.postEphemeral, chat.getPermalink
"""

import pytest

from app.playground import AppRegistration
from tests.playground.stage import (
    actions,
    button,
    error_of,
    refusal_of,
    section,
    web_client,
    workspace_with,
)

META = {"event_type": "jit_card", "event_payload": {"request": "R1", "n": 3}}


async def posted(client, **content):
    answer = await client.chat_postMessage(**{"channel": "C0GENERAL", "text": "first"} | content)
    return answer["ts"]


async def only_message(client, **how):
    (message,) = (await client.conversations_history(channel="C0GENERAL", **how))["messages"]
    return message


@pytest.mark.parametrize("channel", ["C0GENERAL", "#general", "general"])
async def test_a_channel_by_id_or_name(client, channel):
    """The answer names the channel by id, whatever was given."""
    assert "C0GENERAL" == (await client.chat_postMessage(channel=channel, text="hi"))["channel"]


async def test_a_user_id_means_a_direct_message(client):
    """The same conversation each time; a deactivated person's is still there."""
    first = await client.chat_postMessage(channel="U0ANA", text="one")
    again = await client.chat_postMessage(channel="U0ANA", text="two")
    assert first["channel"] == again["channel"]
    assert first["channel"].startswith("D")


async def test_the_answer_shows_the_message(client):
    """ts, text, blocks with ids, and the bot behind it."""
    answer = await client.chat_postMessage(channel="C0GENERAL", text="hi", blocks=[section()])
    message = answer["message"]
    assert ("message", "hi", "U0JIT", "B0JIT", "A0JIT") == tuple(
        message[key] for key in ("type", "text", "user", "bot_id", "app_id")
    )
    assert message["ts"] == answer["ts"]
    assert "JIT" == message["bot_profile"]["name"]
    assert message["blocks"][0]["block_id"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"channel": "C0NOWHERE", "text": "hi"}, "channel_not_found"),
        ({"channel": "C0GENERAL"}, "no_text"),
        ({"channel": "C0GENERAL", "text": "  "}, "no_text"),
        ({"channel": "C0GENERAL", "text": "hi", "blocks": "[{"}, "invalid_blocks_format"),
        ({"channel": "C0GENERAL", "text": "hi", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"channel": "C0GENERAL", "blocks": [{"type": "nonsense"}]}, "invalid_blocks"),
        ({"channel": "C0GENERAL", "attachments": [{}] * 101}, "too_many_attachments"),
        ({"channel": "C0GENERAL", "attachments": ["x"]}, "invalid_attachments"),
        ({"channel": "C0GENERAL", "attachments": [{"blocks": [{"type": "x"}]}]}, "invalid_attachments"),
        ({"channel": "C0GENERAL", "text": "hi", "thread_ts": "1.1"}, "thread_not_found"),
        ({"channel": "C0GENERAL", "text": "a", "markdown_text": "b"}, "markdown_text_conflict"),
        ({"channel": "C0GENERAL", "markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"channel": "C0GENERAL", "text": "hi", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"channel": "C0GENERAL", "text": "hi", "metadata": "no"}, "invalid_metadata_format"),
    ],
)
async def test_what_cannot_be_posted(client, content, code):
    """Each with Slack's code, and nothing is posted."""
    assert code == await error_of(client.api_call("chat.postMessage", json=content))
    assert [] == (await client.conversations_history(channel="C0GENERAL"))["messages"]


async def test_blocks_that_are_refused_come_with_their_reasons(client):
    """`errors` and `response_metadata.messages` both say what and where."""
    body = await refusal_of(
        client.chat_postMessage(channel="C0GENERAL", text="hi", blocks=[section("x" * 3001)])
    )
    complaint = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    assert ("invalid_blocks", [complaint]) == (body["error"], body["errors"])
    assert [f"[ERROR] {complaint}"] == body["response_metadata"]["messages"]


async def test_fifty_one_blocks_are_too_many(client):
    """The limit is 50 a message."""
    divider = {"type": "divider"}
    assert "ok" == await error_of(
        client.chat_postMessage(channel="C0GENERAL", text="hi", blocks=[divider] * 50)
    )
    body = await refusal_of(client.chat_postMessage(channel="C0GENERAL", text="hi", blocks=[divider] * 51))
    assert ["no more than 50 items allowed [json-pointer:/blocks]"] == body["errors"]


async def test_a_very_long_text_is_cut_when_posted_and_refused_when_updated(client):
    """40,000 characters: postMessage truncates, chat.update answers `msg_too_long`."""
    ts = await posted(client, text="x" * 40_001)
    assert 40_000 == len((await only_message(client))["text"])
    assert "msg_too_long" == await error_of(client.chat_update(channel="C0GENERAL", ts=ts, text="x" * 40_001))


async def test_markdown_text_becomes_a_markdown_block(client):
    """docs: chat.postMessage (markdown_text)."""
    await client.chat_postMessage(channel="C0GENERAL", markdown_text="**bold**")
    assert ["markdown"] == [block["type"] for block in (await only_message(client))["blocks"]]


async def test_where_the_bot_is_not_a_member():
    """`not_in_channel` in public, unless the app may post anywhere; a private channel does not exist."""
    for scopes, code in ((["chat:write"], "not_in_channel"), (["chat:write", "chat:write.public"], "ok")):
        manifest = {"oauth_config": {"scopes": {"bot": scopes}}}
        async with workspace_with(AppRegistration(manifest=manifest)) as playground:
            client = web_client(playground)
            playground.workspace.add_channel("late", ["U0ANA"], channel_id="C0LATE")
            playground.workspace.add_channel("secret", ["U0ANA"], channel_id="C0SECRET", kind="group")
            assert code == await error_of(client.chat_postMessage(channel="C0LATE", text="hi"))
            assert "channel_not_found" == await error_of(
                client.chat_postMessage(channel="C0SECRET", text="hi")
            )


async def test_an_archived_channel_takes_no_more(client):
    """`is_archived` to a post, `is_inactive` to an update."""
    ts = await posted(client)
    await client.conversations_archive(channel="C0GENERAL")
    assert "is_archived" == await error_of(client.chat_postMessage(channel="C0GENERAL", text="hi"))
    assert "is_inactive" == await error_of(client.chat_update(channel="C0GENERAL", ts=ts, text="new"))


async def test_metadata_is_kept_and_given_back_when_asked_for(client):
    """docs: messaging/message-metadata, conversations.history (include_all_metadata)."""
    ts = await posted(client, metadata=META)
    assert META == (await only_message(client, include_all_metadata=True))["metadata"]
    assert "metadata" not in await only_message(client)
    await client.chat_update(channel="C0GENERAL", ts=ts, text="new")
    assert META == (await only_message(client, include_all_metadata=True))["metadata"]
    await client.chat_update(channel="C0GENERAL", ts=ts, text="new", metadata={})
    assert "metadata" not in await only_message(client, include_all_metadata=True)


async def test_an_update_with_text_alone_takes_the_blocks_away(client):
    """Blocks stay only when neither is given. docs: methods/chat.update (blocks)."""
    ts = await posted(client, blocks=[section()])
    await client.api_call(
        "chat.update", json={"channel": "C0GENERAL", "ts": ts, "attachments": [{"text": "more"}]}
    )
    assert ["section"] == [block["type"] for block in (await only_message(client))["blocks"]]
    await client.chat_update(channel="C0GENERAL", ts=ts, text="plain")
    message = await only_message(client)
    assert ("plain", []) == (message["text"], message["blocks"])


async def test_only_an_update_of_the_text_is_marked_as_edited(client):
    """A message that is drawn from blocks shows no `edited`. docs: methods/chat.update (blocks)."""
    ts = await posted(client, blocks=[section("old")])
    await client.chat_update(channel="C0GENERAL", ts=ts, text="new", blocks=[section("new")])
    assert "edited" not in await only_message(client)
    await client.chat_update(channel="C0GENERAL", ts=ts, text="new")
    assert "U0JIT" == (await only_message(client))["edited"]["user"]


async def test_only_the_app_that_posted_may_change_or_delete(person):
    """Another app's and a person's messages: `cant_update_message`, `cant_delete_message`."""
    async with workspace_with(AppRegistration(), AppRegistration(name="Other", key="two")) as playground:
        own, other = (web_client(playground, app.bot_token) for app in playground.apps)
        theirs = (await other.chat_postMessage(channel="C0GENERAL", text="hi"))["ts"]
        person.url = playground.url
        _, said = await person("message", user="@ana", channel="#general", text="hello")
        for ts in (theirs, said["ts"]):
            assert "cant_update_message" == await error_of(
                own.chat_update(channel="C0GENERAL", ts=ts, text="x")
            )
            assert "cant_delete_message" == await error_of(own.chat_delete(channel="C0GENERAL", ts=ts))
        assert "ok" == await error_of(other.chat_delete(channel="C0GENERAL", ts=theirs))


@pytest.mark.parametrize("method", ["chat.update", "chat.delete"])
async def test_what_is_not_there_cannot_be_changed(client, method):
    """`message_not_found`; a channel's name or a user's id is no place for a message."""
    ts = await posted(client)
    for channel, code in (("C0SECURITY", "message_not_found"), ("U0ANA", "channel_not_found")):
        params = {"channel": channel, "ts": ts, "text": "x"}
        assert code == await error_of(client.api_call(method, params=params))


async def test_a_deleted_message_is_gone_and_a_deleted_parent_leaves_a_tombstone(client):
    """Replies keep their place under what was deleted."""
    ts, parent = await posted(client), await posted(client)
    await posted(client, thread_ts=parent)
    await client.chat_delete(channel="C0GENERAL", ts=ts)
    await client.chat_delete(channel="C0GENERAL", ts=parent)
    message = await only_message(client)
    assert ("tombstone", "This message was deleted.") == (message["subtype"], message["text"])
    assert "message_not_found" == await error_of(client.chat_update(channel="C0GENERAL", ts=parent, text="x"))


async def test_a_reply_makes_a_thread(client):
    """The parent counts its replies, a reply names its parent; a reply to a reply joins the thread."""
    parent = await posted(client)
    reply = await posted(client, thread_ts=parent)
    await posted(client, thread_ts=reply)
    top = await only_message(client)
    assert (parent, 2, ["U0JIT"]) == (top["thread_ts"], top["reply_count"], top["reply_users"])
    thread = (await client.conversations_replies(channel="C0GENERAL", ts=parent))["messages"]
    assert [parent] * 3 == [message["thread_ts"] for message in thread]
    assert ["U0JIT"] * 2 == [message["parent_user_id"] for message in thread[1:]]
    assert top["latest_reply"] == thread[-1]["ts"]


async def test_a_reply_can_be_shown_in_the_channel_too(client):
    """docs: chat.postMessage (reply_broadcast)."""
    parent = await posted(client)
    await posted(client, thread_ts=parent, reply_broadcast=True)
    messages = (await client.conversations_history(channel="C0GENERAL"))["messages"]
    assert ["thread_broadcast", None] == [message.get("subtype") for message in messages]


async def test_an_ephemeral_message_is_one_persons_and_in_no_history(client, person):
    """It cannot be updated, nor found. docs: methods/chat.postEphemeral."""
    answer = await client.chat_postEphemeral(
        channel="C0GENERAL", user="U0ANA", text="psst", blocks=[actions(button())]
    )
    assert [] == (await client.conversations_history(channel="C0GENERAL"))["messages"]
    (shown,) = (await person.state())["ephemeral"]["U0ANA"]
    assert (answer["message_ts"], "psst") == (shown["ts"], shown["text"])
    assert "message_not_found" == await error_of(
        client.chat_update(channel="C0GENERAL", ts=answer["message_ts"], text="x")
    )


@pytest.mark.parametrize(
    ("channel", "user", "code"),
    [
        ("C0SECURITY", "U0ANA", "user_not_in_channel"),
        ("C0GENERAL", "U0NOBODY", "user_not_in_channel"),
        ("C0NOWHERE", "U0ANA", "channel_not_found"),
        ("C0GENERAL", "", "invalid_arguments"),
    ],
)
async def test_who_cannot_be_whispered_to(client, channel, user, code):
    """docs: methods/chat.postEphemeral (errors)."""
    call = client.chat_postEphemeral(channel=channel, user=user, text="psst")
    assert code == await error_of(call)


async def test_a_permalink_names_channel_and_message(client):
    """docs: methods/chat.getPermalink."""
    ts = await posted(client)
    answer = await client.chat_getPermalink(channel="C0GENERAL", message_ts=ts)
    assert answer["permalink"].endswith(f"/archives/C0GENERAL/p{ts.replace('.', '')}")
    assert "message_not_found" == await error_of(
        client.chat_getPermalink(channel="C0GENERAL", message_ts="1.1")
    )


async def test_every_message_has_a_time_of_its_own(client):
    """Even when the clock stands still, later messages have later times."""
    times = [await posted(client) for _ in range(5)]
    assert sorted(set(times)) == times
