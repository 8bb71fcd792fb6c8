"""Contract of conversations.*: history and threads page by page, members, and who may see what.

docs: reference/methods/conversations.history, conversations.replies, conversations.list and siblings
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.playground import AppRegistration
from tests.playground.stage import error_of, refusal_of, web_client, workspace_with


async def say(client, *texts, **more):
    return [(await client.chat_postMessage(channel="C0GENERAL", text=text, **more))["ts"] for text in texts]


async def test_history_is_newest_first_without_replies(client):
    """A thread's replies are in conversations.replies only."""
    first, _ = await say(client, "one", "two")
    await say(client, "reply", thread_ts=first)
    answer = await client.conversations_history(channel="C0GENERAL")
    assert ["two", "one"] == [message["text"] for message in answer["messages"]]
    assert answer["has_more"] is False


async def test_history_page_by_page(client):
    """`next_cursor` leads through everything once; `has_more` says when it is over."""
    await say(client, *"abcde")
    pages, cursor = [], None
    while cursor != "":
        answer = await client.conversations_history(channel="C0GENERAL", limit=2, cursor=cursor)
        pages.append("".join(message["text"] for message in answer["messages"]))
        cursor = (answer.get("response_metadata") or {}).get("next_cursor", "")
        assert bool(cursor) == answer["has_more"]
    assert ["ed", "cb", "a"] == pages


async def test_a_page_is_not_shifted_by_what_is_posted_meanwhile(client):
    """A cursor points at a message and not at a number: nothing is seen twice."""
    await say(client, *"abcd")
    first = await client.conversations_history(channel="C0GENERAL", limit=2)
    await say(client, "new")
    cursor = first["response_metadata"]["next_cursor"]
    second = await client.conversations_history(channel="C0GENERAL", limit=2, cursor=cursor)
    assert ["b", "a"] == [message["text"] for message in second["messages"]]


async def test_a_span_of_time(client):
    """`oldest` and `latest` bound it, and belong to it when `inclusive`."""
    a, _, c = await say(client, *"abc")
    span = {"channel": "C0GENERAL", "oldest": a, "latest": c}
    without = await client.conversations_history(**span)
    within = await client.conversations_history(**span, inclusive=True)
    assert [["b"], ["c", "b", "a"]] == [
        [message["text"] for message in answer["messages"]] for answer in (without, within)
    ]


async def test_one_message_is_found_by_its_time(client):
    """The documented way: oldest, inclusive, limit 1."""
    _, b, _ = await say(client, *"abc")
    how = {"oldest": b, "latest": b, "inclusive": True, "limit": 1}
    answer = await client.conversations_history(channel="C0GENERAL", **how)
    assert ["b"] == [message["text"] for message in answer["messages"]]


@pytest.mark.parametrize("method", ["conversations.history", "conversations.replies"])
@pytest.mark.parametrize(
    ("argument", "code"),
    [
        ({"channel": "C0NOWHERE"}, "channel_not_found"),
        ({"cursor": "nonsense"}, "invalid_cursor"),
        ({"limit": -1}, "invalid_limit"),
        ({"limit": 5000}, "invalid_limit"),
        ({"limit": "many"}, "invalid_arguments"),
        ({"oldest": "yesterday"}, "invalid_ts_oldest"),
        ({"latest": "tomorrow"}, "invalid_ts_latest"),
    ],
)
async def test_what_cannot_be_asked(client, method, argument, code):
    """docs: methods/conversations.history (errors)."""
    (ts,) = await say(client, "a")
    params = {"channel": "C0GENERAL", "ts": ts} | argument
    assert code == await error_of(client.api_call(method, params=params))


async def test_a_thread_begins_with_its_parent(client):
    """Then its replies, oldest first, page by page. docs: methods/conversations.replies."""
    (parent,) = await say(client, "parent")
    await say(client, *"abc", thread_ts=parent)
    answer = await client.conversations_replies(channel="C0GENERAL", ts=parent, limit=3)
    assert ["parent", "a", "b"] == [message["text"] for message in answer["messages"]]
    cursor = answer["response_metadata"]["next_cursor"]
    rest = await client.conversations_replies(channel="C0GENERAL", ts=parent, limit=3, cursor=cursor)
    assert ["c"] == [message["text"] for message in rest["messages"]]
    assert rest["has_more"] is False


async def test_no_thread_and_no_message(client):
    """A message without replies is its own thread; a time without a message is `thread_not_found`."""
    (ts,) = await say(client, "alone")
    answer = await client.conversations_replies(channel="C0GENERAL", ts=ts)
    assert ["alone"] == [message["text"] for message in answer["messages"]]
    assert "thread_not_found" == await error_of(client.conversations_replies(channel="C0GENERAL", ts="1.1"))


async def test_where_the_bot_is_not_a_member_nothing_can_be_read(playground, client):
    """`not_in_channel` in public, and a private channel is not there at all."""
    playground.workspace.add_channel("late", ["U0ANA"], channel_id="C0LATE")
    playground.workspace.add_channel("secret", ["U0ANA"], channel_id="C0SECRET", kind="group")
    assert "not_in_channel" == await error_of(client.conversations_history(channel="C0LATE"))
    assert "channel_not_found" == await error_of(client.conversations_history(channel="C0SECRET"))
    assert "channel_not_found" == await error_of(client.conversations_info(channel="C0SECRET"))
    listed = await client.conversations_list(types="public_channel,private_channel")
    assert "secret" not in {channel["name"] for channel in listed["channels"]}


async def test_each_kind_of_conversation_has_a_scope_of_its_own():
    """With channels:* alone, direct messages are out of reach. docs: methods/conversations.history."""
    scopes = ["channels:read", "channels:history", "chat:write"]
    async with workspace_with(
        AppRegistration(manifest={"oauth_config": {"scopes": {"bot": scopes}}})
    ) as playground:
        client = web_client(playground)
        direct = (await client.chat_postMessage(channel="U0ANA", text="hi"))["channel"]
        for call, needed in (
            (client.conversations_history(channel=direct), "im:history"),
            (client.conversations_info(channel=direct), "im:read"),
            (client.conversations_list(types="public_channel,private_channel"), "groups:read"),
        ):
            body = await refusal_of(call)
            assert ("missing_scope", needed) == (body["error"], body["needed"])


async def test_channels_are_listed_by_kind_and_page(client):
    """docs: methods/conversations.list."""
    names, cursor = [], None
    while cursor != "":
        answer = await client.conversations_list(limit=2, cursor=cursor)
        names += [channel["name"] for channel in answer["channels"]]
        cursor = answer["response_metadata"]["next_cursor"]
    assert ["general", "prod-approvals", "staging-approvals", "sandbox-approvals", "security"] == names
    assert [] == (await client.conversations_list(types="im"))["channels"]
    assert "invalid_types" == await error_of(client.conversations_list(types="public"))


async def test_a_channel_tells_of_itself(client):
    """docs: objects/conversation-object."""
    channel = (await client.conversations_info(channel="C0PROD", include_num_members=True))["channel"]
    assert ("prod-approvals", True, False, 6) == tuple(
        channel[key] for key in ("name", "is_member", "is_private", "num_members")
    )
    assert "num_members" not in (await client.conversations_info(channel="C0PROD"))["channel"]


async def test_members_join_are_invited_and_leave(client):
    """docs: methods/conversations.members, conversations.invite, conversations.leave, conversations.join."""
    members = (await client.conversations_members(channel="C0SECURITY"))["members"]
    assert ["U0BEN", "U0CHLOE", "U0SAM", "U0JIT"] == members
    await client.conversations_invite(channel="C0SECURITY", users=["U0ANA"])
    assert "U0ANA" in (await client.conversations_members(channel="C0SECURITY"))["members"]
    for users, code in (
        ("U0ANA", "already_in_channel"),
        ("U0X", "user_not_found"),
        ("U0JIT", "cant_invite_self"),
    ):
        assert code == await error_of(client.conversations_invite(channel="C0SECURITY", users=users))
    await client.conversations_leave(channel="C0SECURITY")
    assert (await client.conversations_leave(channel="C0SECURITY"))["not_in_channel"] is True
    await client.conversations_join(channel="C0SECURITY")
    assert "already_in_channel" == (await client.conversations_join(channel="C0SECURITY"))["warning"]


async def test_channels_are_made_and_archived(client):
    """docs: methods/conversations.create, conversations.archive."""
    made = (await client.conversations_create(name="war-room", is_private=True))["channel"]
    assert ("war-room", True) == (made["name"], made["is_private"])
    assert "name_taken" == await error_of(client.conversations_create(name="war-room"))
    assert "invalid_name_specials" == await error_of(client.conversations_create(name="War Room"))
    await client.conversations_archive(channel=made["id"])
    assert "already_archived" == await error_of(client.conversations_archive(channel=made["id"]))


async def test_a_direct_message_is_opened_once(client):
    """docs: methods/conversations.open."""
    opened = (await client.conversations_open(users="U0ANA", return_im=True))["channel"]
    again = (await client.conversations_open(users=["U0ANA"]))["channel"]
    assert (opened["id"], "U0ANA") == (again["id"], opened["user"])
    assert "user_not_found" == await error_of(client.conversations_open(users="U0NOBODY"))


async def test_a_direct_message_to_somebody_who_left(client, person):
    """`user_disabled`. docs: methods/conversations.open (errors)."""
    await person("user", user="@dev", deleted=True)
    assert "user_disabled" == await error_of(client.conversations_open(users="U0DEV"))


@settings(max_examples=20)
@given(count=st.integers(0, 12), limit=st.integers(1, 5))
def test_pages_give_everything_once_and_in_order(count, limit):
    """However many messages and however long the page."""
    import asyncio

    async def read() -> list[str]:
        async with workspace_with() as playground:
            client = web_client(playground)
            await say(client, *map(str, range(count)))
            pages = await client.conversations_history(channel="C0GENERAL", limit=limit)
            return [message["text"] async for page in pages for message in page["messages"]]

    assert [str(number) for number in reversed(range(count))] == asyncio.run(read())
