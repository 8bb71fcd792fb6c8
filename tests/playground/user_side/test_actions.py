"""Contract of clicking and choosing: only what is really there, by whoever is there, told as Slack tells it.

docs: reference/interaction-payloads/block_actions-payload
"""

import re

import pytest

from app.playground import AppRegistration
from tests.playground.stage import (
    Person,
    actions,
    bolt,
    button,
    connected,
    home,
    modal,
    section,
    web_client,
    workspace_with,
)

OPTIONS = [{"text": {"type": "plain_text", "text": word}, "value": word[0]} for word in ("Red", "Blue")]
SELECT = {"type": "static_select", "action_id": "colour", "options": OPTIONS}


@pytest.fixture
async def bodies(playground):
    """Every interaction that the app gets and acknowledges."""
    app, seen = bolt(playground), []

    @app.action(re.compile(".*"))
    async def note(body, ack) -> None:
        seen.append(body)
        await ack()

    async with connected(playground, app):
        yield seen


@pytest.fixture
async def card(client):
    blocks = [
        section("Request R1"),
        actions(button("approve", "Approve", value="R1"), button("deny", "Deny", value="R1"), block_id="row"),
        actions(SELECT, block_id="pick"),
    ]
    return (await client.chat_postMessage(channel="C0PROD", text="card", blocks=blocks))["ts"]


def click(person, ts, action_id="approve", user="@ben", channel="#prod-approvals", **more):
    return person("action", user=user, channel=channel, ts=ts, action_id=action_id, **more)


async def test_a_click(bodies, card, person):
    """Who, where, on what, with which value; a response_url and a trigger to go on with."""
    status, said = await click(person, card)
    assert (200, True, None) == (status, said["acked"], said["response"])
    (body,) = bodies
    (action,) = body["actions"]
    assert ("button", "row", "approve", "R1", "Approve") == (
        *(action[key] for key in ("type", "block_id", "action_id", "value")),
        action["text"]["text"],
    )
    assert {"id": "U0BEN", "username": "ben", "name": "ben", "team_id": "T0DEMO"} == body["user"]
    assert {"id": "C0PROD", "name": "prod-approvals"} == body["channel"]
    assert ("message", card, False) == tuple(
        body["container"][key] for key in ("type", "message_ts", "is_ephemeral")
    )
    assert "card" == body["message"]["text"]
    assert body["trigger_id"]
    assert body["response_url"]


async def test_a_choice_is_remembered(bodies, card, person):
    """By value or by what is read; the state has it."""
    await click(person, card, "colour", value="Blue")
    (action,) = bodies[0]["actions"]
    assert "B" == action["selected_option"]["value"]
    assert "B" == bodies[0]["state"]["values"]["pick"]["colour"]["selected_option"]["value"]


@pytest.mark.parametrize(
    ("more", "status", "part"),
    [
        (
            {"action_id": "nope"},
            404,
            "nothing to click with action_id 'nope'; there is button 'approve' with",
        ),
        ({"value": "R2"}, 404, "nothing to click with action_id 'approve', value 'R2'"),
        ({"block_id": "pick"}, 404, "nothing to click"),
        ({"action_id": "colour", "value": "green"}, 404, "no option 'green'; there are 'R', 'B'."),
        ({"user": "@ana", "channel": "#security"}, 403, "@ana is not in #security."),
        ({"ts": "1.1"}, 404, "no message 1.1 in #prod-approvals; the latest are"),
        ({"channel": "#general"}, 404, "in #general; the latest are none"),
    ],
)
async def test_what_is_not_there_cannot_be_clicked(bodies, card, person, more, status, part):
    """The refusal says what there is instead, and the app hears nothing."""
    got, said = await click(person, **({"ts": card} | more))
    assert (status, True) == (got, part in said["error"]), said
    assert [] == bodies


async def test_a_button_that_went_away_cannot_be_clicked(bodies, card, person, client):
    """After an update the old one is not there any more."""
    await client.chat_update(channel="C0PROD", ts=card, text="done", blocks=[section("Approved")])
    status, said = await click(person, card)
    assert (404, True) == (status, "there is nothing that can be clicked" in said["error"])
    assert [] == bodies


async def test_an_ephemeral_message_is_clicked_by_the_one_who_sees_it(bodies, client, person):
    """`is_ephemeral`; to others it is not there."""
    blocks = [actions(button())]
    posted = await client.chat_postEphemeral(channel="C0PROD", user="U0BEN", text="psst", blocks=blocks)
    assert 200 == (await click(person, posted["message_ts"], "go"))[0]
    assert bodies[0]["container"]["is_ephemeral"] is True
    assert 404 == (await click(person, posted["message_ts"], "go", user="@ana"))[0]


async def test_a_click_in_a_direct_message(bodies, client, person):
    """Named by the other's name, or by the conversation's id."""
    posted = await client.chat_postMessage(channel="U0ANA", text="hi", blocks=[actions(button())])
    for channel in ("@jit", posted["channel"]):
        assert 200 == (await click(person, posted["ts"], "go", user="@ana", channel=channel))[0]
    assert 404 == (await click(person, posted["ts"], "go", user="@ben", channel=posted["channel"]))[0]
    assert ["directmessage"] * 2 == [body["channel"]["name"] for body in bodies]


async def test_guests_bots_and_strangers_can_click(bodies, card, person):
    """Slack lets them; it is the app that must look who it is."""
    await person("user", user="@ben", is_restricted=True)
    assert 200 == (await click(person, card))[0]
    await person("user", user="@sam", is_stranger=True, team_id="T0OTHER")
    assert 200 == (await click(person, card, user="@sam"))[0]
    assert "T0OTHER" == bodies[1]["user"]["team_id"]


async def test_a_click_in_a_home(bodies, client, person):
    """A home has a view and no message, and no response_url."""
    await client.views_publish(user_id="U0ANA", view=home(actions(button())))
    view = (await person.state())["homes"]["U0ANA"]
    assert 200 == (await person("action", user="@ana", view_id=view["id"], action_id="go"))[0]
    assert (view["id"], "view") == (bodies[0]["view"]["id"], bodies[0]["container"]["type"])
    assert "response_url" not in bodies[0]


async def test_typing_into_an_input_is_silent_unless_it_dispatches(bodies, playground, person):
    """The app hears of it at submission. docs: block-kit/blocks/input-block (dispatch_action)."""
    from app.playground import modals
    from tests.playground.stage import text_input

    loud = text_input("loud", "b") | {"dispatch_action": True}
    view = modals.open_modal(
        playground.board, playground.apps[0], "U0ANA", modal(text_input("quiet", "a"), loud)
    )
    for action_id in ("a", "b"):
        typed = {"action_id": action_id, "value": "x"}
        assert 200 == (await person("action", user="@ana", view_id=view.id, **typed))[0]
    assert ["b"] == [body["actions"][0]["action_id"] for body in bodies]
    values = bodies[0]["view"]["state"]["values"]
    assert ("x", "x") == (values["quiet"]["a"]["value"], values["loud"]["b"]["value"])


async def test_an_external_select_asks_the_app(playground, client, person):
    """`block_suggestion`; the options are the app's. docs: interaction-payloads/block_suggestion-payload."""
    app = bolt(playground)

    @app.options("who")
    async def suggest(ack, payload) -> None:
        await ack(options=[{"text": {"type": "plain_text", "text": payload["value"]}, "value": "v"}])

    element = {"type": "external_select", "action_id": "who", "min_query_length": 1}
    posted = await client.chat_postMessage(channel="C0GENERAL", text="x", blocks=[actions(element)])
    async with connected(playground, app):
        asked = {"user": "@ana", "channel": "#general", "ts": posted["ts"], "action_id": "who", "value": "be"}
        _, said = await person("suggest", **asked)
    assert ["be"] == [option["text"]["text"] for option in said["options"]]


async def test_an_app_without_interactivity(session):
    """Slack says that the app is not configured for it. docs: reference/app-manifest (interactivity)."""
    manifest = {"oauth_config": {"scopes": {"bot": ["chat:write"]}}}
    async with workspace_with(AppRegistration(manifest=manifest)) as playground:
        client, person = web_client(playground), Person(playground.url, session)
        posted = await client.chat_postMessage(channel="C0PROD", text="x", blocks=[actions(button())])
        status, said = await click(person, posted["ts"], "go")
    assert (409, "JIT is not configured to handle interactive responses.") == (status, said["error"])
