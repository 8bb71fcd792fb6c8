"""Contract of files, reactions and pins. docs: messaging/working-with-files, methods/reactions.add."""

import aiohttp

from tests.playground.stage import error_of


async def test_a_file_is_uploaded_and_shared_by_the_sdks_own_way(client, person, session):
    """`files_upload_v2` does its three calls; the message has the file, whose bytes can be fetched."""
    await client.files_upload_v2(
        channel="C0GENERAL", filename="log.csv", content="a,b\n", title="The log", initial_comment="Here"
    )
    (message,) = await person.messages("general")
    (file,) = message["files"]
    assert ("Here", "The log", "log.csv", "text/csv", 4) == (
        message["text"],
        *(file[key] for key in ("title", "name", "mimetype", "size")),
    )
    async with session.get(file["url_private"]) as answer:
        assert b"a,b\n" == await answer.read()
        assert "attachment" in answer.headers["Content-Disposition"]
        assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_a_page_that_was_uploaded_is_no_page_of_this_origin(client, session):
    """HTML comes back as bytes to save."""
    answer = await client.files_upload_v2(filename="x.html", content="<script>alert(1)</script>")
    async with session.get(answer["file"]["url_private"]) as got:
        assert "application/octet-stream" == got.content_type
        assert "nosniff" == got.headers["X-Content-Type-Options"]


async def test_files_that_cannot_be_shared(client, session: aiohttp.ClientSession):
    """Not uploaded, not there, shared twice, into where the bot is not."""
    ticket = await client.files_getUploadURLExternal(filename="a.txt", length=1)
    file = [{"id": ticket["file_id"]}]
    assert "file_not_found" == await error_of(client.files_completeUploadExternal(files=file))
    await session.post(ticket["upload_url"], data=b"a")
    assert "channel_not_found" == await error_of(
        client.files_completeUploadExternal(files=file, channel_id="C0NOWHERE")
    )
    assert "ok" == await error_of(client.files_completeUploadExternal(files=file))
    assert "file_update_failed" == await error_of(client.files_completeUploadExternal(files=file))
    assert "file_not_found" == await error_of(client.files_info(file="F0NONE"))
    assert "invalid_arguments" == await error_of(
        client.files_getUploadURLExternal(filename="a.txt", length=0)
    )


async def test_reactions_come_and_go(client):
    """One of each kind from each member. docs: methods/reactions.add."""
    ts = (await client.chat_postMessage(channel="C0GENERAL", text="hi"))["ts"]
    place = {"channel": "C0GENERAL", "timestamp": ts}
    await client.reactions_add(**place, name="eyes")
    assert "already_reacted" == await error_of(client.reactions_add(**place, name="eyes"))
    message = (await client.reactions_get(**place))["message"]
    assert [{"name": "eyes", "users": ["U0JIT"], "count": 1}] == message["reactions"]
    await client.reactions_remove(**place, name="eyes")
    assert "no_reaction" == await error_of(client.reactions_remove(**place, name="eyes"))
    assert "message_not_found" == await error_of(
        client.reactions_add(channel="C0GENERAL", timestamp="1.1", name="eyes")
    )


async def test_pins(client):
    """docs: methods/pins.add, conversations.history (pin_count)."""
    ts = (await client.chat_postMessage(channel="C0GENERAL", text="hi"))["ts"]
    place = {"channel": "C0GENERAL", "timestamp": ts}
    await client.pins_add(**place)
    assert "already_pinned" == await error_of(client.pins_add(**place))
    assert 1 == (await client.conversations_history(channel="C0GENERAL"))["pin_count"]
    await client.pins_remove(**place)
    assert "no_pin" == await error_of(client.pins_remove(**place))
