"""Contract of submitting: what Slack's client checks first, what the app answers, and what is then seen.

docs: surfaces/modals, reference/interaction-payloads/view-interactions-payload
"""

import asyncio

import pytest

from tests.playground.stage import bolt, connected, modal, section, text_input

NUMBER = {
    "type": "input",
    "block_id": "n",
    "label": {"type": "plain_text", "text": "N"},
    "element": {
        "type": "number_input",
        "action_id": "n",
        "is_decimal_allowed": False,
        "min_value": "1",
        "max_value": "9",
    },
    "optional": True,
}


@pytest.fixture
async def app(playground):
    """Opens a modal on `/ask`, of the blocks in `app.blocks`; answers a submission with `app.answer`."""
    made = bolt(playground)
    made.blocks, made.more, made.answer, made.seen = [text_input()], {}, {}, asyncio.Queue()

    @made.command("/ask")
    async def ask(ack, command, client) -> None:
        await ack()
        await client.views_open(trigger_id=command["trigger_id"], view=modal(*made.blocks, **made.more))

    @made.view("ask")
    async def submitted(ack, body) -> None:
        await made.seen.put(body)
        await ack(**made.answer)

    @made.view_closed("ask")
    async def closed(ack, body) -> None:
        await made.seen.put(body)
        await ack()

    async with connected(playground, made):
        yield made


@pytest.fixture
def asked(person):
    async def opened(user="@ana"):
        await person("command", user=user, channel="#general", command="/ask", text="")
        return await topmost(person)

    return opened


async def topmost(person, within=10.0):
    for _ in range(int(within / 0.01)):
        views = (await person.state())["views"].get("U0ANA")
        if views:
            return views[-1]
        await asyncio.sleep(0.01)
    raise AssertionError("no view was opened")


def submit(person, view, **values):
    return person("submit", user="@ana", view_id=view["id"], values={"why": {"reason": "because"}} | values)


async def stack(person):
    return [view["id"] for view in (await person.state())["views"].get("U0ANA", [])]


async def test_a_submission_closes_the_modal(app, asked, person):
    """The app gets every value; with an empty acknowledgement the modal goes."""
    view = await asked()
    status, said = await submit(person, view)
    assert (200, True, None) == (status, said["acked"], said["response_action"])
    body = await app.seen.get()
    assert "view_submission" == body["type"]
    held = body["view"]["state"]["values"]["why"]["reason"]
    assert {"type": "plain_text_input", "value": "because"} == held
    assert body["view"]["hash"]
    assert [] == await stack(person)


@pytest.mark.parametrize(
    ("blocks", "values", "why"),
    [
        ([text_input()], {"why": {"reason": ""}}, "Please complete this required field."),
        (
            [text_input(min_length=10)],
            {},
            "Please lengthen this text to at least 10 characters (it has 7).",
        ),
        ([text_input(max_length=3)], {}, "Please shorten this text to 3 characters or fewer (it has 7)."),
        ([NUMBER, text_input()], {"n": {"n": "12"}}, "Please enter a number of at most 9."),
        ([NUMBER, text_input()], {"n": {"n": "1.5"}}, "Please enter a whole number."),
        ([NUMBER, text_input()], {"n": {"n": "inf"}}, "Please enter a number."),
        ([NUMBER, text_input()], {"n": {"n": "many"}}, "Please enter a number."),
    ],
)
async def test_what_slacks_client_would_not_send(app, asked, person, blocks, values, why):
    """The modal stays open with the error at the input, and the app hears nothing."""
    app.blocks = blocks
    view = await asked()
    status, said = await submit(person, view, **values)
    assert (400, [why]) == (status, list(said["errors"].values()))
    assert said["errors"] == (await topmost(person))["errors"]
    assert app.seen.empty()


async def test_an_optional_input_may_stay_empty(app, asked, person):
    """Its value is null."""
    app.blocks = [NUMBER, text_input()]
    assert 200 == (await submit(person, await asked()))[0]
    assert (await app.seen.get())["view"]["state"]["values"]["n"]["n"]["value"] is None


async def test_the_apps_own_errors(app, asked, person):
    """`errors` by block id; the modal stays with what was typed."""
    app.answer = {"response_action": "errors", "errors": {"why": "Say more"}}
    view = await asked()
    _, said = await submit(person, view)
    assert ("errors", {"why": "Say more"}) == (said["response_action"], said["errors"])
    shown = await topmost(person)
    assert ({"why": "Say more"}, "because") == (
        shown["errors"],
        shown["state"]["values"]["why"]["reason"]["value"],
    )
    app.answer = {}
    await submit(person, view)
    assert [] == await stack(person)


async def test_errors_for_what_is_no_input_are_trouble(app, asked, person):
    """Slack shows that something went wrong, and the modal stays."""
    app.answer = {"response_action": "errors", "errors": {"nope": "x"}}
    view = await asked()
    _, said = await submit(person, view)
    assert "We had some trouble connecting. Try again?" in said["error"]
    assert [view["id"]] == await stack(person)


async def test_update_and_push(app, asked, person):
    """`update` changes the view in place, `push` puts one on top; a push can be closed to go back."""
    view = await asked()
    app.answer = {"response_action": "update", "view": modal(section("Sure?"), callback_id="ask")}
    _, said = await submit(person, view)
    assert ("update", view["id"]) == (said["response_action"], said["view"]["id"])
    app.answer = {"response_action": "push", "view": modal(section("Really?"))}
    _, said = await person("submit", user="@ana", view_id=view["id"], values={})
    assert [view["id"], said["view"]["id"]] == await stack(person)
    assert 409 == (await person("submit", user="@ana", view_id=view["id"], values={}))[0]
    await person("close", user="@ana", view_id=said["view"]["id"])
    assert [view["id"]] == await stack(person)


async def test_clear_closes_the_whole_stack(app, asked, person):
    """docs: surfaces/modals (closing views)."""
    view = await asked()
    app.answer = {"response_action": "push", "view": modal(section("More"))}
    _, pushed = await submit(person, view)
    app.answer = {"response_action": "clear"}
    await person("submit", user="@ana", view_id=pushed["view"]["id"], values={})
    assert [] == await stack(person)


async def test_a_view_that_slack_would_refuse_is_trouble(app, asked, person):
    """The reasons are in the answer for whoever tests."""
    app.answer = {"response_action": "update", "view": modal(section("x" * 3001))}
    _, said = await submit(person, await asked())
    assert "must be less than 3001 characters [json-pointer:/view/blocks/0/text/text]" in said["error"]


async def test_no_acknowledgement_is_trouble(app, asked, person, monkeypatch):
    """After 3 s (here a tenth of one) the modal says so and stays."""
    from app.playground.delivery import sockets

    view = await asked()
    monkeypatch.setattr(sockets, "ACK_WITHIN", 0.1)
    handlers = app._async_listeners
    app._async_listeners = []
    _, said = await submit(person, view)
    app._async_listeners = handlers
    assert (False, True) == (said["acked"], "did not acknowledge" in said["error"])
    assert [view["id"]] == await stack(person)


async def test_closing_tells_the_app_that_asked_to_know(app, asked, person):
    """`notify_on_close`. docs: view-interactions-payload (view_closed)."""
    app.more = {"notify_on_close": True}
    view = await asked()
    assert (200, {"ok": True}) == await person("close", user="@ana", view_id=view["id"])
    body = await asyncio.wait_for(app.seen.get(), 10)
    assert ("view_closed", False, view["id"]) == (body["type"], body["is_cleared"], body["view"]["id"])


@pytest.mark.parametrize(
    ("body", "status", "part"),
    [
        ({"view_id": "V0NONE"}, 404, "View V0NONE is not open for @ana; there is"),
        ({"user": "@ben"}, 404, "is not open for @ben; there is no view."),
        ({"values": []}, 400, "`values` must be {block_id: {action_id: value}}."),
        ({"values": {"x": {"y": "z"}}}, 404, "There is no input x.y; there are why.reason."),
        ({"values": {"why": {"reason": {}}}}, 404, "A text is wanted, not {}."),
    ],
)
async def test_useful_refusals(app, asked, person, body, status, part):
    """A sentence that says what is there instead."""
    view = await asked()
    got, said = await person("submit", **({"user": "@ana", "view_id": view["id"], "values": {}} | body))
    assert (status, True) == (got, part in said["error"]), said


async def test_a_modal_without_a_submit_button(app, asked, person):
    """It can only be closed."""
    app.blocks, app.more = [section("Read this")], {"submit": None}
    view = await asked()
    status, said = await person("submit", user="@ana", view_id=view["id"], values={})
    assert (409, f"View {view['id']} has no submit button.") == (status, said["error"])


async def test_closing_everything_says_so(app, asked, person):
    """`is_cleared`, once for each view that wanted to know."""
    app.more = {"notify_on_close": True}
    view = await asked()
    app.answer = {"response_action": "push", "view": modal(section("More"), notify_on_close=True)}
    _, pushed = await submit(person, view)
    await app.seen.get()
    await person("close", user="@ana", view_id=pushed["view"]["id"], all=True)
    closed = [await asyncio.wait_for(app.seen.get(), 10) for _ in range(2)]
    assert [("view_closed", True)] * 2 == [(body["type"], body["is_cleared"]) for body in closed]
    assert {view["id"], pushed["view"]["id"]} == {body["view"]["id"] for body in closed}


async def test_a_conversation_that_is_chosen_can_be_answered_into(app, asked, person, session):
    """`response_url_enabled`. docs: view-interactions-payload (response_urls)."""
    element = {"type": "conversations_select", "action_id": "where", "response_url_enabled": True}
    label = {"type": "plain_text", "text": "Where"}
    app.blocks = [text_input(), {"type": "input", "block_id": "to", "label": label, "element": element}]
    await submit(person, await asked(), to={"where": "#prod-approvals"})
    (url,) = (await app.seen.get())["response_urls"]
    assert ("to", "where", "C0PROD") == (url["block_id"], url["action_id"], url["channel_id"])
    await session.post(url["response_url"], json={"text": "here", "response_type": "in_channel"})
    assert ["here"] == [message["text"] for message in await person.messages("prod-approvals")]
