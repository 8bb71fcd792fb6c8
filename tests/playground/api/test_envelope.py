"""Contract of a call's outside: the token it comes with, the body it has, and how the answer is wrapped.

Refusals are HTTP 200 with `ok: false` and Slack's code, save 429 with `Retry-After`. A token is a bearer
header or a form field; in a JSON body or an address it does not count. docs: apis/web-api
"""

import asyncio
import json

import pytest
from slack_sdk.errors import SlackApiError

from app.playground import AppRegistration
from tests.playground.stage import Person, error_of, refusal_of, web_client, workspace_with


async def posted(session, playground, method, token="xoxb-demo-jit", headers=None, **request):
    """Make one raw POST: HTTP status, headers and body."""
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    address = f"{playground.api_url}{method}"
    async with session.post(address, headers=bearer | (headers or {}), **request) as answer:
        return answer.status, answer.headers, json.loads(await answer.text())


@pytest.mark.parametrize(
    ("token", "method", "code"),
    [
        ("", "auth.test", "not_authed"),
        ("xoxb-nobody", "auth.test", "invalid_auth"),
        ("xapp-demo-jit", "chat.postMessage", "not_allowed_token_type"),
        ("xoxb-demo-jit", "apps.connections.open", "not_allowed_token_type"),
        ("", "apps.connections.open", "not_authed"),
        ("xoxb-demo-jit", "chat.postMsg", "unknown_method"),
    ],
)
async def test_tokens_that_do_not_fit(playground, token, method, code):
    """A missing, a wrong and a misplaced token each have a code; so has an unknown method."""
    assert code == await error_of(web_client(playground, token).api_call(method))


async def test_each_app_has_a_token_of_its_own():
    """Two apps in one workspace are told apart by their tokens."""
    async with workspace_with(AppRegistration(), AppRegistration(name="Other", key="two")) as playground:
        own = [await web_client(playground, app.bot_token).auth_test() for app in playground.apps]
        assert ["U0JIT", "U0TWO"] == [answer["user_id"] for answer in own]
        assert ["B0JIT", "B0TWO"] == [answer["bot_id"] for answer in own]


async def test_an_app_level_token_tells_who_the_app_is(playground):
    """auth.test with an app-level token names the app and no user. docs: methods/auth.test."""
    answer = await web_client(playground, "xapp-demo-jit").auth_test()
    assert {"ok": True, "app_name": "JIT", "app_id": "A0JIT"} == answer.data


async def test_a_token_counts_in_a_form_but_not_in_json_nor_in_the_address(playground, session):
    """docs: apis/web-api (sending tokens), changelog 2020-11 (no tokens in query strings)."""
    token = "xoxb-demo-jit"
    form = await posted(session, playground, "auth.test", token="", data={"token": token})
    inside_json = await posted(session, playground, "auth.test", token="", json={"token": token})
    address = await posted(session, playground, f"auth.test?token={token}", token="")
    assert [True, "not_authed", "not_authed"] == [
        form[2]["ok"],
        inside_json[2]["error"],
        address[2]["error"],
    ]


async def test_a_socket_is_asked_for_by_post_with_the_token_in_the_header(playground, session):
    """docs: methods/apps.connections.open."""
    by_form = await posted(
        session, playground, "apps.connections.open", token="", data={"token": "xapp-demo-jit"}
    )
    assert "missing_args" == by_form[2]["error"]
    address = f"{playground.api_url}apps.connections.open"
    async with session.get(address, headers={"Authorization": "Bearer xapp-demo-jit"}) as answer:
        assert "insecure_request" == (await answer.json())["error"]


async def test_form_and_json_bodies_say_the_same(playground, session):
    """Structures are JSON in JSON, and strings of JSON in a form."""
    blocks = [{"type": "divider"}]
    as_json = {"channel": "C0GENERAL", "text": "hi", "blocks": blocks}
    as_form = as_json | {"blocks": json.dumps(blocks)}
    said = [
        (await posted(session, playground, "chat.postMessage", json=as_json))[2],
        (await posted(session, playground, "chat.postMessage", data=as_form))[2],
    ]
    assert [["divider"], ["divider"]] == [
        [block["type"] for block in answer["message"]["blocks"]] for answer in said
    ]


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"{nonsense", "application/json", "invalid_json"),
        (b"[1, 2]", "application/json", "json_not_object"),
        (b"<a/>", "application/xml", "invalid_post_type"),
    ],
)
async def test_bodies_that_cannot_be_read(playground, session, body, content_type, code):
    """docs: methods/chat.postMessage (errors)."""
    headers = {"Content-Type": content_type}
    status, _, answer = await posted(session, playground, "chat.postMessage", headers=headers, data=body)
    assert (200, False, code) == (status, answer["ok"], answer["error"])


async def test_missing_arguments_are_named(client):
    """`invalid_arguments` says which in `response_metadata.messages`. docs: apis/web-api (responses)."""
    body = await refusal_of(client.api_call("chat.update", params={"text": "hi"}))
    assert "invalid_arguments" == body["error"]
    assert ["[ERROR] missing required field: channel"] == body["response_metadata"]["messages"]


async def test_the_scopes_are_in_the_headers(session):
    """docs: apis/web-api (X-OAuth-Scopes)."""
    manifest = {"oauth_config": {"scopes": {"bot": ["chat:write", "commands"]}}}
    async with workspace_with(AppRegistration(manifest=manifest)) as playground:
        body = {"channel": "C0GENERAL", "text": "hi"}
        _, headers, _ = await posted(session, playground, "chat.postMessage", json=body)
    assert "chat:write,commands" == headers["X-OAuth-Scopes"]
    assert "chat:write" == headers["X-Accepted-OAuth-Scopes"]


async def test_too_many_calls_are_told_when_to_come_back(playground, person: Person, client):
    """429, `ratelimited`, and whole seconds that are never too few. docs: apis/web-api/rate-limits."""
    await person("fault", kind="rate_limited", method="chat.postMessage", count=1, seconds=2.3)
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel="#general", text="hi")
    response = refused.value.response
    assert (429, "ratelimited", "3") == (
        response.status_code,
        response["error"],
        response.headers["Retry-After"],
    )
    assert "ok" == await error_of(client.chat_postMessage(channel="#general", text="hi"))


async def test_a_paced_workspace_takes_about_a_message_a_second_to_a_channel(clock):
    """A short burst, then one a second; other channels and other methods have their own pace."""
    async with workspace_with(paced=True, clock=clock) as playground:
        client = web_client(playground)

        async def post(channel: str) -> str:
            return await error_of(client.chat_postMessage(channel=channel, text="hi"))

        assert ["ok"] * 5 + ["ratelimited"] == [await post("#general") for _ in range(6)]
        assert "ok" == await post("#security")
        clock.advance(1)
        assert ["ok", "ratelimited"] == [await post("#general") for _ in range(2)]


async def test_api_test_echoes(client):
    """docs: methods/api.test."""
    assert {"foo": "bar"} == (await client.api_test(foo="bar"))["args"]
    assert "my_error" == await error_of(client.api_test(error="my_error"))


async def test_a_call_of_many_at_once_is_answered_each(client):
    """Two hundred calls under way at once each get a message of their own."""
    calls = [client.chat_postMessage(channel="#general", text=str(number)) for number in range(200)]
    answers = await asyncio.gather(*calls)
    assert 200 == len({answer["ts"] for answer in answers})
