"""Contract of Socket Mode: what Slack says on a socket, how load is spread, what becomes of an envelope.

Every envelope is acknowledged by its id within 3 s, or an event is sent again and an interaction fails.
docs: apis/events-api/using-socket-mode
"""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse

from app.playground.delivery import sockets
from tests.playground.stage import Person, bolt, connected, web_client, workspace_with


class Line:
    """One raw WebSocket of an app."""

    def __init__(self, socket) -> None:
        self.socket = socket

    async def hear(self, within: float = 10.0) -> dict:
        return json.loads((await asyncio.wait_for(self.socket.receive(), within)).data)

    async def acknowledge(self, envelope, **payload) -> None:
        await self.socket.send_json(
            {"envelope_id": envelope["envelope_id"]} | ({"payload": payload} if payload else {})
        )


@pytest.fixture
def line(playground, session):
    @asynccontextmanager
    async def opened(of=None):
        where = of or playground
        client = web_client(where)
        url = (await client.apps_connections_open(app_token=where.apps[0].app_token))["url"]
        async with session.ws_connect(url) as socket:
            yield Line(socket)

    return opened


async def test_a_socket_says_hello_first(line):
    """With the app's id and how many connections it now has."""
    async with line() as first, line() as second:
        hellos = [await first.hear(), await second.hear()]
    assert ["hello", "hello"] == [each["type"] for each in hellos]
    assert [1, 2] == [each["num_connections"] for each in hellos]
    assert {"app_id": "A0JIT"} == hellos[0]["connection_info"]
    assert hellos[0]["debug_info"]["approximate_connection_time"] > 0


async def test_a_ticket_opens_one_socket(playground, client, session):
    """A URL serves once, and one that was made up serves never."""
    url = (await client.apps_connections_open(app_token="xapp-demo-jit"))["url"]
    again = url.replace("ws://", "http://")
    async with session.ws_connect(url), session.get(again) as answer:
        assert 403 == answer.status


async def test_a_command_is_an_envelope_that_takes_an_answer(line, person):
    """The acknowledgement's payload is the command's response."""
    async with line() as app:
        await app.hear()
        typing = asyncio.create_task(
            person("command", user="@ana", channel="#general", command="/go", text="now")
        )
        envelope = await app.hear()
        assert ("slash_commands", True) == (envelope["type"], envelope["accepts_response_payload"])
        payload = envelope["payload"]
        assert ("/go", "now", "U0ANA", "ana", "C0GENERAL", "general", "T0DEMO", "A0JIT") == tuple(
            payload[key]
            for key in (
                "command", "text", "user_id", "user_name",
                "channel_id", "channel_name", "team_id", "api_app_id",
            )
        )  # fmt: skip
        assert payload["response_url"]
        assert payload["trigger_id"]
        await app.acknowledge(envelope, text="done")
        status, said = await typing
    assert (200, True, {"text": "done"}) == (status, said["acked"], said["response"])


async def test_an_acknowledgement_without_a_payload_says_nothing(line, person):
    """acked, and no response."""
    async with line() as app:
        await app.hear()
        typing = asyncio.create_task(
            person("command", user="@ana", channel="#general", command="/go", text="")
        )
        await app.acknowledge(await app.hear())
        _, said = await typing
    assert (True, None) == (said["acked"], said["response"])
    assert {} == (await person.state())["ephemeral"]


async def test_an_event_is_an_envelope_with_a_retry_count(line, person):
    """It takes no answer; the first time is attempt 0."""
    async with line() as app:
        await app.hear()
        await person("message", user="@ana", channel="#general", text="hello")
        envelope = await app.hear()
        assert ("events_api", False, 0, "") == tuple(
            envelope[key] for key in ("type", "accepts_response_payload", "retry_attempt", "retry_reason")
        )
        payload = envelope["payload"]
        assert ("event_callback", "A0JIT", "T0DEMO") == tuple(
            payload[key] for key in ("type", "api_app_id", "team_id")
        )
        assert ("message", "hello", "U0ANA", "channel") == tuple(
            payload["event"][key] for key in ("type", "text", "user", "channel_type")
        )
        await app.acknowledge(envelope)


async def test_connections_take_turns(line, person):
    """Load is spread over all of an app's sockets."""
    async with line() as first, line() as second:
        for each in (first, second):
            await each.hear()
        for text in ("one", "two"):
            await person("message", user="@ana", channel="#general", text=text)
        heard = {(await each.hear())["payload"]["event"]["text"] for each in (first, second)}
    assert {"one", "two"} == heard


async def test_ten_connections_and_no_more(line):
    """The eleventh is told `too_many_websockets`."""
    async with asyncio.TaskGroup() as group:
        release = asyncio.Event()
        open_now = asyncio.Semaphore(0)

        async def hold() -> None:
            async with line() as each:
                await each.hear()
                open_now.release()
                await release.wait()

        for _ in range(10):
            group.create_task(hold())
        for _ in range(10):
            await open_now.acquire()
        async with line() as eleventh:
            said = await eleventh.hear()
        release.set()
    assert ("disconnect", "too_many_websockets") == (said["type"], said["reason"])


@pytest.fixture
def impatient(monkeypatch):
    """3 seconds pass in a fifth of one."""
    monkeypatch.setattr(sockets, "ACK_WITHIN", 0.2)


async def test_an_event_that_is_not_acknowledged_comes_again(line, person, impatient):
    """Three more times, with the attempt and the reason, and the same event id."""
    async with line() as app:
        await app.hear()
        await person("message", user="@ana", channel="#general", text="hello")
        heard = [await app.hear() for _ in range(4)]
    assert [(0, ""), (1, "timeout"), (2, "timeout"), (3, "timeout")] == [
        (each["retry_attempt"], each["retry_reason"]) for each in heard
    ]
    assert 1 == len({each["payload"]["event_id"] for each in heard})
    assert 4 == len({each["envelope_id"] for each in heard})


async def test_a_command_that_is_not_acknowledged_fails_once(line, person, impatient):
    """The person is told, and nothing is sent again."""
    async with line() as app:
        await app.hear()
        _, said = await person("command", user="@ana", channel="#general", command="/go", text="")
        assert '/go failed with the error "operation_timeout"' == said["error"]
        assert said["acked"] is False
        await app.hear()
        with pytest.raises(TimeoutError):
            await app.hear(within=0.3)
    (told,) = (await person.state())["ephemeral"]["U0ANA"]
    assert ("USLACKBOT", said["error"]) == (told["user"], told["text"])


async def test_without_a_socket_a_command_cannot_be_dispatched(person, impatient):
    """`dispatch_failed`, not a timeout of the app's."""
    _, said = await person("command", user="@ana", channel="#general", command="/go", text="")
    assert '/go failed with the error "dispatch_failed"' == said["error"]


async def test_an_app_that_comes_back_in_time_gets_what_waits(line, person):
    """An envelope waits up to 3 s for a socket."""
    typing = asyncio.create_task(person("command", user="@ana", channel="#general", command="/go", text=""))
    await asyncio.sleep(0.05)
    async with line() as app:
        await app.hear()
        await app.acknowledge(await app.hear())
        _, said = await typing
    assert said["acked"] is True


async def test_a_refresh_warns_first_and_lets_what_is_under_way_finish(line, person, monkeypatch):
    """warning, some time later refresh_requested, and the envelope in flight can still be acknowledged."""
    monkeypatch.setattr(sockets, "WARN_BEFORE", 0.05)
    async with line() as app:
        await app.hear()
        typing = asyncio.create_task(
            person("command", user="@ana", channel="#general", command="/go", text="")
        )
        envelope = await app.hear()
        assert (200, {"ok": True, "dropped": 1}) == await person("fault", kind="refresh")
        said = [await app.hear(), await app.hear()]
        await app.acknowledge(envelope, text="late but there")
        assert ["warning", "refresh_requested"] == [each["reason"] for each in said]
        assert {"text": "late but there"} == (await typing)[1]["response"]


async def test_an_acknowledgement_counts_on_whichever_socket_it_comes(line, person, monkeypatch):
    """An app that changes sockets acknowledges on the new one what it got on the old."""
    monkeypatch.setattr(sockets, "MOVE_WITHIN", 2.5)
    async with line() as old:
        await old.hear()
        typing = asyncio.create_task(
            person("command", user="@ana", channel="#general", command="/go", text="")
        )
        envelope = await old.hear()
    async with line() as new:
        await new.hear()
        await new.acknowledge(envelope)
        assert (await typing)[1]["acked"] is True


async def test_an_app_that_dies_with_an_envelope_has_not_acknowledged_it(line, person):
    """Known well before the 3 s are over; an event goes out again as soon as there is a socket."""
    async with line() as app:
        await app.hear()
        await person("message", user="@ana", channel="#general", text="hello")
        await app.hear()
    async with line() as again:
        await again.hear()
        assert 1 == (await again.hear())["retry_attempt"]


async def test_a_connection_ends_with_a_warning(session):
    """Near its end a socket is warned, then asked to refresh, then closed."""
    async with workspace_with(connection_seconds=0.1) as playground:
        url = (await web_client(playground).apps_connections_open(app_token="xapp-demo-jit"))["url"]
        async with session.ws_connect(url) as socket:
            said = [json.loads((await socket.receive()).data) for _ in range(3)]
            assert (await socket.receive()).type.name in {"CLOSE", "CLOSED", "CLOSING"}
    assert ["hello", "disconnect", "disconnect"] == [each["type"] for each in said]
    assert ["warning", "refresh_requested"] == [each["reason"] for each in said[1:]]


@pytest.mark.parametrize("kind", ["disconnect", "refresh"])
async def test_the_sdk_reconnects_and_misses_nothing(playground, person: Person, kind):
    """After the line is cut, or politely taken, the same app is there again for the next command."""
    app, heard = bolt(playground), []

    @app.command("/go")
    async def go(ack, command) -> None:
        heard.append(command["text"])
        await ack()

    async with connected(playground, app) as handler:
        handler.client.ping_interval = 0.1
        _, before = await person("command", user="@ana", channel="#general", command="/go", text="1")
        assert 1 == (await person("fault", kind=kind))[1]["dropped"]
        _, after = await person("command", user="@ana", channel="#general", command="/go", text="2")
    assert (True, True) == (before["acked"], after["acked"])
    assert ["1", "2"] == heard


async def test_while_sockets_are_refused_the_sdk_keeps_trying(playground, person: Person, clock):
    """`disconnect` with `seconds`: nobody gets in until then."""
    app = bolt(playground)
    async with connected(playground, app) as handler:
        handler.client.ping_interval = 0.1
        await person("fault", kind="disconnect", seconds=60)
        await asyncio.sleep(0.3)
        assert 0 == playground.sockets.connected(playground.apps[0])
        clock.advance(61)
        await asyncio.wait_for(playground.sockets.until_connected(playground.apps[0]), 15)


async def test_the_plain_sdk_client_sees_envelopes_too(playground, person: Person):
    """`slack_sdk`'s own Socket Mode client, without Bolt."""
    client = SocketModeClient(app_token="xapp-demo-jit", web_client=web_client(playground, "xapp-demo-jit"))
    seen = []

    async def listen(_, request) -> None:
        seen.append(request.type)
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    client.socket_mode_request_listeners.append(listen)
    await client.connect()
    _, said = await person("command", user="@ana", channel="#general", command="/go", text="")
    await client.close()
    assert (["slash_commands"], True) == (seen, said["acked"])
