"""Contract of views.*: a click is exchanged once and within 3 s, views stack three high, races are told.

docs: reference/methods/views.open, views.push, views.update, views.publish; surfaces/modals
"""

import pytest

from app.playground import AppRegistration
from tests.playground.stage import (
    error_of,
    home,
    modal,
    refusal_of,
    section,
    text_input,
    web_client,
    workspace_with,
)


async def opened(client, trigger, *blocks, **more):
    answer = await client.views_open(trigger_id=await trigger(), view=modal(*blocks, **more))
    return answer["view"]


async def test_a_modal_opens_for_whoever_clicked(client, trigger, person):
    """The answer is the view as Slack keeps it, and the person sees it."""
    view = await opened(client, trigger, private_metadata="R1")
    assert ("modal", "ask", "R1", view["id"], None) == tuple(
        view[key] for key in ("type", "callback_id", "private_metadata", "root_view_id", "previous_view_id")
    )
    assert {"why": {"reason": {"type": "plain_text_input", "value": None}}} == view["state"]["values"]
    assert [view["id"]] == [each["id"] for each in (await person.state())["views"]["U0ANA"]]


async def test_a_trigger_lives_for_three_seconds(client, trigger, clock):
    """At 3 s it still serves, after that it is `expired_trigger_id`."""
    early, late = await trigger(), await trigger()
    clock.advance(3)
    assert "ok" == await error_of(client.views_open(trigger_id=early, view=modal()))
    clock.advance(0.001)
    assert "expired_trigger_id" == await error_of(client.views_open(trigger_id=late, view=modal()))


async def test_a_trigger_is_exchanged_once(client, trigger):
    """`exchanged_trigger_id` the second time; a view that was refused does not use it up."""
    trigger_id = await trigger()
    assert "invalid_arguments" == await error_of(client.views_open(trigger_id=trigger_id, view={}))
    assert "ok" == await error_of(client.views_open(trigger_id=trigger_id, view=modal()))
    assert "exchanged_trigger_id" == await error_of(client.views_open(trigger_id=trigger_id, view=modal()))


@pytest.mark.parametrize("trigger_id", ["nonsense", "1.2.abc"])
async def test_a_trigger_that_never_was(client, trigger_id):
    """Wrong form or unknown. docs: methods/views.open (errors)."""
    assert "invalid_trigger_id" == await error_of(client.views_open(trigger_id=trigger_id, view=modal()))


async def test_a_trigger_is_its_apps_own(trigger, playground):
    """Another app cannot exchange it."""
    async with workspace_with(AppRegistration(), AppRegistration(name="Other", key="two")) as two:
        trigger_id = two.board.triggers.issue("A0JIT", "U0ANA", two.board.clock())
        other = web_client(two, two.apps[1].bot_token)
        assert "invalid_trigger_id" == await error_of(other.views_open(trigger_id=trigger_id, view=modal()))


async def test_what_is_wrong_with_a_view_is_said_and_where(client, trigger):
    """`invalid_arguments` with every complaint. docs: apis/web-api (evaluating responses)."""
    bad = modal(section("x" * 3001), title={"type": "plain_text", "text": "x" * 25})
    body = await refusal_of(client.views_open(trigger_id=await trigger(), view=bad))
    assert [
        "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]",
        "[ERROR] must be less than 3001 characters [json-pointer:/view/blocks/0/text/text]",
    ] == body["response_metadata"]["messages"]


async def test_a_view_may_be_large_but_not_too_large(client, trigger):
    """250 KB. docs: methods/views.open (view_too_large)."""
    large = modal(*(section("x" * 2900) for _ in range(90)))
    assert "view_too_large" == await error_of(client.views_open(trigger_id=await trigger(), view=large))


async def test_a_home_is_no_modal(client, trigger):
    """views.open takes modals, views.publish homes."""
    assert "invalid_arguments" == await error_of(client.views_open(trigger_id=await trigger(), view=home()))
    assert "invalid_arguments" == await error_of(client.views_publish(user_id="U0ANA", view=modal()))


async def test_an_update_needs_the_hash_of_what_it_changes(client, trigger):
    """`hash_conflict` when somebody was faster; without a hash the last one wins."""
    view = await opened(client, trigger)
    changed = (await client.views_update(view_id=view["id"], hash=view["hash"], view=modal()))["view"]
    assert changed["hash"] != view["hash"]
    stale = client.views_update(view_id=view["id"], hash=view["hash"], view=modal())
    assert "hash_conflict" == await error_of(stale)
    assert "ok" == await error_of(client.views_update(view_id=view["id"], view=modal()))


async def test_a_view_by_its_external_id(client, trigger):
    """Unique among all that are open. docs: methods/views.update."""
    await opened(client, trigger, external_id="mine")
    assert "ok" == await error_of(client.views_update(external_id="mine", view=modal(external_id="mine")))
    again = client.views_open(trigger_id=await trigger("@ben"), view=modal(external_id="mine"))
    assert "duplicate_external_id" == await error_of(again)


async def test_views_that_are_not_there(client, trigger, person):
    """`not_found` for a wrong id and for one that was closed; neither id is `invalid_arguments`."""
    view = await opened(client, trigger)
    await person("close", user="@ana", view_id=view["id"])
    assert "not_found" == await error_of(client.views_update(view_id=view["id"], view=modal()))
    assert "not_found" == await error_of(client.views_update(external_id="x", view=modal()))
    assert "invalid_arguments" == await error_of(client.api_call("views.update", json={"view": modal()}))


async def test_what_was_typed_survives_an_update(client, trigger, person):
    """Under the same block and action id. docs: surfaces/modals (updating views)."""
    blocks = [text_input() | {"dispatch_action": True}, text_input("other", "more")]
    view = await opened(client, trigger, *blocks)
    await person("action", user="@ana", view_id=view["id"], action_id="reason", value="typed")
    changed = (await client.views_update(view_id=view["id"], view=modal(text_input(), text_input("new"))))[
        "view"
    ]
    assert "typed" == changed["state"]["values"]["why"]["reason"]["value"]
    assert ["why", "new"] == list(changed["state"]["values"])


async def test_three_modals_high_and_no_more(client, trigger, person, playground):
    """`push_limit_reached` at the fourth; each knows the one below."""
    first = await opened(client, trigger)

    def click(view_id):
        return playground.board.triggers.issue("A0JIT", "U0ANA", playground.board.clock(), view_id)

    second = (await client.views_push(trigger_id=click(first["id"]), view=modal()))["view"]
    third = (await client.views_push(trigger_id=click(second["id"]), view=modal()))["view"]
    assert (first["id"], second["id"]) == (third["root_view_id"], third["previous_view_id"])
    fourth = client.views_push(trigger_id=click(third["id"]), view=modal())
    assert "push_limit_reached" == await error_of(fourth)
    assert 3 == len((await person.state())["views"]["U0ANA"])


async def test_a_push_needs_a_click_in_a_modal(client, trigger):
    """A command's trigger opens, it does not push."""
    assert "invalid_arguments" == await error_of(client.views_push(trigger_id=await trigger(), view=modal()))


async def test_a_home_is_published_for_each_person(client, person):
    """Again and again, guarded by the hash when one is given."""
    first = (await client.views_publish(user_id="U0ANA", view=home(section("one"))))["view"]
    second = (await client.views_publish(user_id="U0ANA", hash=first["hash"], view=home(section("two"))))[
        "view"
    ]
    assert first["id"] == second["id"]
    stale = client.views_publish(user_id="U0ANA", hash=first["hash"], view=home())
    assert "hash_conflict" == await error_of(stale)
    assert "two" == (await person.state())["homes"]["U0ANA"]["blocks"][0]["text"]["text"]


async def test_a_home_for_nobody(client):
    """docs: methods/views.publish (example errors)."""
    body = await refusal_of(client.views_publish(user_id="U0NOBODY", view=home()))
    assert "invalid_arguments" == body["error"]
    assert "invalid `user_id`" in body["response_metadata"]["messages"][0]


async def test_a_home_tab_that_is_switched_off():
    """`not_enabled`. docs: methods/views.publish (errors)."""
    manifest = {"features": {"app_home": {"home_tab_enabled": False}}}
    async with workspace_with(AppRegistration(manifest=manifest)) as playground:
        call = web_client(playground).views_publish(user_id="U0ANA", view=home())
        assert "not_enabled" == await error_of(call)
