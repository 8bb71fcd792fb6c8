"""Contract of approving for less in Slack: a form with shorter times, and only time is taken away.

Forged, foreign and stale forms meet the checks of an honest approval; what was asked stays to be read.
"""

import json

import pytest

from app.domain.request import State
from app.store import keys
from tests.slack.forged import chosen, sends_form, written
from tests.workplace import at_work, thread

FORM = "jit_approve_less_form"
HOUR = "/jit request prod-db-debug orders-db 1h INC-7: checkout is slow"


async def test_from_card_to_grant(work):
    """30 min of the 1 h asked: on the card, in the thread, to the requester, and in the grant's TTL."""
    request_id = await work.asks(command=HOUR)
    card = await work.card(request_id, offering="jit_approve_less")
    await work.clicks("@ben", card, "jit_approve_less")
    form = await work.view("@ben", FORM)
    await work.hands.submits("@ben", form, {"duration": "15 min", "comment": "a quarter will do"})
    request = await work.reaches(request_id, State.ACTIVE)
    assert (900, 3600) == (request.seconds, request.asked_seconds)
    assert 900_000 >= await work.bot.connection.calls.pttl(keys.grant(request_id))
    card = await work.card("15 min of the 1 h asked", without="jit_approve_less")
    await work.told("@ana", "You have access", "15 min of the 1 h asked")
    assert "Ben Okafor approved for 15 min alone (db-owner): a quarter will do" in "\n".join(
        thread(await work.settled(), card)
    )
    story = await work.types("@sam", f"/jit audit {request_id}")
    assert "approved for 15 min alone" in story
    assert "requested" == (await work.events(request_id))[0]


async def test_only_shorter_times_are_offered(work):
    """The form holds what is below the asked time, and says that the resource stays."""
    request_id = await work.asks()
    await work.clicks("@ben", await work.card(request_id, offering="jit_approve_less"), "jit_approve_less")
    form = await work.view("@ben", FORM)
    offered = [each["text"]["text"] for each in form["blocks"][2]["element"]["options"]]
    assert ["1 min", "5 min", "10 min", "15 min"] == offered


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("3600s", "is not less"),
        ("9999h", "more than a year"),
        ("7200s", "is not less"),
        ("0s", "no time at all"),
        ("-5m", "not a duration"),
        ("", "not a duration"),
        ("<!channel>", "not a duration"),
    ],
)
async def test_forged_times(work, value, why):
    """A form that was sent by hand gives nothing that was not asked, and is answered in a sentence."""
    request_id = await work.asks(command=HOUR)
    await sends_form(work, "@ben", FORM, request_id, {"duration": chosen(value)})
    await work.told("@ben", why)
    request = await work.request(request_id)
    assert (State.PENDING, 3600, ()) == (request.state, request.seconds, request.decisions)


async def test_a_form_without_anything(work):
    """A select without a choice, or no block at all, is no bug of ours."""
    request_id = await work.asks(command=HOUR)
    await sends_form(work, "@ben", FORM, request_id, {"duration": {"selected_option": None}})
    await work.told("@ben", "not a duration")
    await sends_form(work, "@chloe", FORM, "banana", {})
    await work.told("@chloe", "not a duration")


@pytest.mark.parametrize(("user", "why"), [("@ana", "your own request"), ("@dev", "not an approver")])
async def test_by_whom_it_may_not(work, user, why):
    """Neither button nor forged form lets the requester or a stranger decide; both are recorded."""
    request_id = await work.asks(command=HOUR)
    card = await work.card(request_id, offering="jit_approve_less")
    assert why in await work.refused(user, card, "jit_approve_less")
    await sends_form(work, user, FORM, request_id, {"duration": chosen("300s"), "comment": written("")})
    await work.told(user, why)
    assert ["requested", "attempt_refused", "attempt_refused"] == await work.events(request_id)
    assert State.PENDING is (await work.request(request_id)).state


async def test_stale_and_replayed(work):
    """A form that comes after another has decided, or twice, changes nothing any more."""
    request_id = await work.asks(command=HOUR)
    await work.clicks("@chloe", await work.card(request_id, offering="jit_approve_less"), "jit_approve_less")
    form = await work.view("@chloe", FORM)
    await sends_form(work, "@ben", FORM, request_id, {"duration": chosen("1800s")})
    await work.reaches(request_id, State.ACTIVE)
    said = await work.answer("@chloe", work.hands.submits("@chloe", form, {"duration": "1 min"}))
    assert f"Ben Okafor has approved {request_id} already" in said
    await sends_form(work, "@ben", FORM, request_id, {"duration": chosen("300s")})
    await work.told("@ben", "already")
    assert 1800 == (await work.request(request_id)).seconds


async def test_the_shortest_of_two_wins(work):
    """Where two must approve, the shorter time of the two holds, whatever the second one's form offered."""
    request_id = await work.asks(command="/jit request prod-debug-session checkout 1h INC-9: heap dump")
    card = await work.card(request_id, offering="jit_approve_less")
    await work.clicks("@sam", card, "jit_approve_less")
    stale = await work.view("@sam", FORM)
    await sends_form(work, "@ben", FORM, request_id, {"duration": chosen("300s")})
    await work.card(request_id, "5 min of the 1 h asked", "1 of 2 so far")
    await work.hands.submits("@sam", stale, {"duration": "30 min"})
    request = await work.reaches(request_id, State.ACTIVE)
    assert (300, [300, 1800]) == (request.seconds, [each.seconds for each in request.decisions])


async def test_policy_may_have_changed_meanwhile(workplace):
    """The least that policy gives is asked when the form comes back."""

    def at_least_20(policy):
        policy["actions"]["prod-db-debug"]["shortest"] = "20m"

    async with at_work(workplace(lambda _: None)) as work:
        request_id = await work.asks()
        await work.clicks(
            "@ben", await work.card(request_id, offering="jit_approve_less"), "jit_approve_less"
        )
        form = await work.view("@ben", FORM)
        await work.repolicy(at_least_20)
        said = await work.answer("@ben", work.hands.submits("@ben", form, {"duration": "5 min"}))
        assert "at least 20 min" in said
        assert State.PENDING is (await work.request(request_id)).state


FLAGS = "/jit request prod-config-change feature-flags 1h INC-7: checkout flickers"


async def test_a_part_from_card_to_grant(work):
    """One flag of all: on the card, in the thread, to the requester, in the audit log, and in the grant."""
    request_id = await work.asks(command=FLAGS)
    card = await work.card(request_id, offering="jit_approve_less")
    await work.clicks("@sam", card, "jit_approve_less")
    form = await work.view("@sam", FORM)
    await work.hands.submits(
        "@sam", form, {"resource": "feature-flags/checkout", "comment": "this one will do"}
    )
    request = await work.reaches(request_id, State.ACTIVE)
    assert ("feature-flags/checkout", "feature-flags", 3600) == (
        request.resource, request.asked_resource, request.seconds,
    )  # fmt: skip
    given = await work.bot.connection.calls.get(keys.grant(request_id))
    assert "feature-flags/checkout" == json.loads(given)["resource"]
    held = keys.held("ana", "prod-config-change", "feature-flags/checkout")
    assert 1 == await work.bot.connection.calls.zcard(held)
    assert 0 == await work.bot.connection.calls.exists(keys.held("ana", request.action, "feature-flags"))
    card = await work.card(
        "feature-flags/checkout`, part of the `feature-flags` asked", without="jit_approve_less"
    )
    await work.told("@ana", "You have access", "feature-flags/checkout`, part of the `feature-flags` asked")
    assert "Sam Lindqvist approved on `feature-flags/checkout` alone (lead): this one will do" in "\n".join(
        thread(await work.settled(), card)
    )
    assert "approved on feature-flags/checkout alone" in await work.types("@sam", f"/jit audit {request_id}")


async def test_a_part_for_a_shorter_time(work):
    """Both at once, and access to the part is all that ends."""
    request_id = await work.asks(command=FLAGS)
    await work.clicks("@sam", await work.card(request_id, offering="jit_approve_less"), "jit_approve_less")
    form = await work.view("@sam", FORM)
    await work.hands.submits("@sam", form, {"resource": "feature-flags/checkout", "duration": "15 min"})
    request = await work.reaches(request_id, State.ACTIVE)
    assert ("feature-flags/checkout", 900) == (request.resource, request.seconds)
    await work.told("@ana", "15 min of the 1 h asked", "feature-flags` asked")
    await work.types("@ana", f"/jit done {request_id}")
    await work.reaches(request_id, State.COMPLETED)
    assert not await work.bot.connection.calls.exists(keys.held("ana", request.action, request.resource))


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ("feature-flags", "not a part of feature-flags"),
        ("routing", "not a part of feature-flags"),
        ("feature-flags/../routing", "not a part of feature-flags"),
        ("feature-flags/", "not a part of feature-flags"),
        ("feature-flags/<!channel>", "not a resource"),
        ("feature-flags/" + "x" * 200, "not a resource"),
    ],
)
async def test_forged_parts(work, part, why):
    """What is wider, another, or no resource gives nothing, and is answered in a sentence."""
    request_id = await work.asks(command=FLAGS)
    await sends_form(work, "@sam", FORM, request_id, {"resource": written(part)})
    await work.told("@sam", why)
    request = await work.request(request_id)
    assert (State.PENDING, "feature-flags", ()) == (request.state, request.resource, request.decisions)


async def test_a_forged_part_of_what_has_none(work):
    """A part that the catalogue does not have, though its name lies within what was asked."""
    request_id = await work.asks(command=HOUR)
    await sends_form(work, "@ben", FORM, request_id, {"resource": written("orders-db/invoices")})
    await work.told("@ben", "not a resource of prod-db-debug")
    assert State.PENDING is (await work.request(request_id)).state


async def test_a_part_by_whom_it_may_not(work):
    """Neither the requester nor a stranger learns whether there is such a part."""
    request_id = await work.asks(command=FLAGS)
    for user, why in (("@ana", "your own request"), ("@chloe", "not an approver")):
        await sends_form(work, user, FORM, request_id, {"resource": written("feature-flags/a")})
        await work.told(user, why)
    assert ["requested", "attempt_refused", "attempt_refused"] == await work.events(request_id)


async def test_policy_denies_the_whole_or_the_part(workplace):
    """Both are asked again: giving a part goes round no rule about the whole, nor past one about the part."""

    def denying(resource):
        return lambda policy: policy["rules"].update(
            closed={
                "effect": "deny",
                "actions": ["prod-config-change"],
                "resources": [resource],
                "message": f"{resource} is closed.",
            }
        )

    async with at_work(workplace(lambda _: None)) as work:
        request_id = await work.asks(command=FLAGS)
        await work.repolicy(denying("feature-flags/a"))
        await sends_form(work, "@sam", FORM, request_id, {"resource": written("feature-flags/a")})
        await work.told("@sam", "feature-flags/a is closed")
        await work.repolicy(denying("feature-flags"))
        await sends_form(work, "@sam", FORM, request_id, {"resource": written("feature-flags/b")})
        await work.told("@sam", "feature-flags is closed")
        assert (await work.request(request_id)).state in {State.PENDING, State.CANCELLED}
