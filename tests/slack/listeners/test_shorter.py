"""Contract of approving for less in Slack: a form with shorter times, and only time is taken away.

Forged, foreign and stale forms meet the checks of an honest approval; what was asked stays to be read.
"""

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
