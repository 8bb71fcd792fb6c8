"""Contract of HTTP delivery: each request is signed, stamped, shaped and retried as Slack's.

docs: authentication/verifying-requests-from-slack, apis/events-api, interactivity/implementing-slash-commands
"""

import asyncio
import json
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_sdk.signature import Clock as SdkClock
from slack_sdk.signature import SignatureVerifier

from app.playground.delivery import signed_http
from app.playground.delivery.signed_http import signature
from tests.playground.stage import START, Person, bolt, web_client, workspace_with


class Endpoint:
    """An app's request URL that keeps what it gets, and answers what it is told to."""

    def __init__(self) -> None:
        self.got: asyncio.Queue = asyncio.Queue()
        self.answers: list[web.Response] = []
        self.delay = 0.0
        self.url = ""

    async def serve(self, request: web.Request) -> web.Response:
        body = await request.text()
        if "url_verification" in body:
            return web.json_response({"challenge": json.loads(body)["challenge"]})
        await self.got.put((dict(request.headers), body))
        await asyncio.sleep(self.delay)
        return self.answers.pop(0) if self.answers else web.Response()

    async def next(self):
        return await asyncio.wait_for(self.got.get(), 10)


@asynccontextmanager
async def listening(serve):
    application = web.Application()
    application.router.add_post("/slack/events", serve)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    finally:
        await runner.cleanup()


@pytest.fixture
async def endpoint(playground, person):
    made = Endpoint()
    async with listening(made.serve) as url:
        made.url = url
        status, body = await person("request-url", url=url)
        assert (200, {"ok": True}) == (status, body)
        yield made


async def test_a_request_url_is_challenged_when_it_is_set(playground, person, endpoint):
    """One that does not echo the challenge is refused, and the old one stays."""

    async def deaf(_):
        return web.Response(text="hello")

    async with listening(deaf) as url:
        status, body = await person("request-url", url=url)
    assert 409 == status
    assert "challenge" in body["error"]
    assert endpoint.url == playground.apps[0].request_url
    assert (200, None) == ((await person("request-url", url=""))[0], playground.apps[0].request_url)


async def test_every_request_is_signed_over_its_time_and_body(person, endpoint):
    """The SDK's own verifier accepts it; another secret, another body and another time it does not."""
    await person("message", user="@ana", channel="#general", text="hello")
    headers, body = await endpoint.next()

    class Then(SdkClock):
        def now(self) -> float:
            return START

    def valid(secret="demo-signing-secret-jit", body=body, **changed) -> bool:
        return SignatureVerifier(secret, Then()).is_valid_request(body, headers | changed)

    assert str(int(START)) == headers["X-Slack-Request-Timestamp"]
    assert [True, False, False, False] == [
        valid(),
        valid(secret="other"),
        valid(body=body + " "),
        valid(**{"X-Slack-Request-Timestamp": str(int(START) + 1)}),
    ]


async def test_each_has_a_connection_of_its_own(person, endpoint):
    """One that is kept open may be closed by the app just as the next delivery goes out on it, which is then lost."""
    await person("message", user="@ana", channel="#general", text="hello")
    headers, _ = await endpoint.next()
    assert "close" == headers["Connection"]


def test_the_signature_of_slacks_own_example():
    """docs: authentication/verifying-requests-from-slack (step-by-step walk-through)."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
        b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert expected == signature("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body)


async def test_an_event_is_json(person, endpoint):
    """docs: apis/events-api (receiving events)."""
    await person("message", user="@ana", channel="#general", text="hello")
    headers, body = await endpoint.next()
    assert "application/json" == headers["Content-Type"]
    assert "X-Slack-Retry-Num" not in headers
    assert "hello" == json.loads(body)["event"]["text"]


async def test_a_command_is_a_form_and_its_answer_the_response(person, endpoint):
    """Words or JSON; an empty body says nothing."""
    everybody = {"text": "json", "response_type": "in_channel"}
    for answer, response in (
        (web.Response(text="plain words"), {"text": "plain words"}),
        (web.Response(), None),
        (web.json_response(everybody), everybody),
    ):
        endpoint.answers = [answer]
        _, said = await person("command", user="@ana", channel="#general", command="/go", text="a & b")
        headers, body = await endpoint.next()
        assert "application/x-www-form-urlencoded" == headers["Content-Type"]
        assert ["a &amp; b"] == parse_qs(body)["text"]
        assert (True, response) == (said["acked"], said["response"])
    assert ["json"] == [message["text"] for message in await person.messages("general")]


async def test_an_interaction_is_a_form_with_a_payload(person, endpoint, client):
    """docs: interactivity/handling-user-interaction (payloads)."""
    button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}, "value": "7"}
    blocks = [{"type": "actions", "elements": [button]}]
    ts = (await client.chat_postMessage(channel="C0GENERAL", text="card", blocks=blocks))["ts"]
    await endpoint.next()
    await person("action", user="@ana", channel="#general", ts=ts, action_id="go")
    headers, body = await endpoint.next()
    assert "application/x-www-form-urlencoded" == headers["Content-Type"]
    payload = json.loads(parse_qs(body)["payload"][0])
    assert ("block_actions", "7") == (payload["type"], payload["actions"][0]["value"])


async def test_an_event_that_fails_comes_again_with_its_reason(person, endpoint):
    """Three more times, numbered, whatever the reason; then no more."""
    endpoint.answers = [web.Response(status=500), web.Response(status=404), web.Response(status=503)]
    await person("message", user="@ana", channel="#general", text="hello")
    heard = [await endpoint.next() for _ in range(4)]
    assert [None, "1", "2", "3"] == [headers.get("X-Slack-Retry-Num") for headers, _ in heard]
    assert [None] + ["http_error"] * 3 == [headers.get("X-Slack-Retry-Reason") for headers, _ in heard]
    assert 1 == len({json.loads(body)["event_id"] for _, body in heard})


async def test_an_app_may_ask_not_to_be_sent_it_again(person, endpoint):
    """`X-Slack-No-Retry: 1`. docs: apis/events-api (turning retries off)."""
    endpoint.answers = [web.Response(status=500, headers={"X-Slack-No-Retry": "1"})]
    await person("message", user="@ana", channel="#general", text="hello")
    await endpoint.next()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(endpoint.got.get(), 0.2)


async def test_any_2xx_acknowledges_an_event(person, endpoint):
    """docs: apis/events-api (responding to events)."""
    endpoint.answers = [web.Response(status=204)]
    await person("message", user="@ana", channel="#general", text="hello")
    await endpoint.next()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(endpoint.got.get(), 0.2)


async def test_a_slow_app_has_timed_out(person, endpoint, monkeypatch):
    """After 3 s (here a fifth of one): `http_timeout` to an event, `operation_timeout` to a command."""
    monkeypatch.setattr(signed_http, "ACK_WITHIN", 0.2)
    endpoint.delay = 0.5
    await person("message", user="@ana", channel="#general", text="hello")
    await endpoint.next()
    headers, _ = await endpoint.next()
    assert "http_timeout" == headers["X-Slack-Retry-Reason"]
    _, said = await person("command", user="@ana", channel="#general", command="/go", text="")
    assert (False, '/go failed with the error "operation_timeout"') == (said["acked"], said["error"])


async def test_too_many_redirects(person, endpoint):
    """Two are followed, no more. docs: apis/events-api (retry reasons)."""
    endpoint.answers = [web.Response(status=307, headers={"Location": endpoint.url}) for _ in range(3)]
    await person("message", user="@ana", channel="#general", text="hello")
    heard = [(await endpoint.next())[0] for _ in range(4)]
    assert ["too_many_redirects"] == [
        headers["X-Slack-Retry-Reason"] for headers in heard if "X-Slack-Retry-Reason" in headers
    ]


async def test_an_app_that_is_not_there(playground, person, endpoint):
    """`dispatch_failed`."""
    playground.apps[0].request_url = "http://127.0.0.1:9/nothing"
    _, said = await person("command", user="@ana", channel="#general", command="/go", text="")
    assert (False, '/go failed with the error "dispatch_failed"') == (said["acked"], said["error"])


async def test_bolt_over_http_checks_and_answers(session):
    """An unmodified AsyncApp behind aiohttp takes it all: signature, challenge, event, command."""
    async with workspace_with() as playground:
        app, heard = bolt(playground), asyncio.Queue()

        @app.event("message")
        async def note(event) -> None:
            await heard.put(event["text"])

        @app.command("/go")
        async def go(ack) -> None:
            await ack("went")

        async def serve(request: web.Request) -> web.Response:
            return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

        person = Person(playground.url, session)
        async with listening(serve) as url:
            assert (200, {"ok": True}) == await person("request-url", url=url)
            await person("message", user="@ana", channel="#general", text="hello")
            assert "hello" == await asyncio.wait_for(heard.get(), 10)
            _, said = await person("command", user="@ana", channel="#general", command="/go", text="")
            assert {"text": "went"} == said["response"]
            playground.apps[0].signing_secret = "not the app's"
            _, forged = await person("command", user="@ana", channel="#general", command="/go", text="")
            assert forged["acked"] is False
            assert web_client(playground).token == playground.apps[0].bot_token
