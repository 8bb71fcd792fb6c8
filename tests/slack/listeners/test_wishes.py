"""Contract of larger wishes: several resources at once, and a start that is yet to come.

Each resource is a request of its own, judged by itself; if one cannot be asked, none is. What is scheduled starts
when it was asked to and not before, lasts its whole time from there, and can be stopped until then.
"""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.request import State
from tests.workplace import PROD, at_work, cards


async def form(work, user="@ana", action="prod-db-debug"):
    await work.hands.types(user, "/jit request")
    view = await work.view(user, "jit_request")
    await work.hands.chooses(user, view, "action", action)
    return await work.view(user, "jit_request", with_input="reason")


def epoch(after: timedelta) -> str:
    return str(int((datetime.now(UTC) + after).timestamp()))


async def test_several_resources_are_judged_one_by_one(work):
    """Three resources make three requests and three cards, each of which names the others."""
    view = await form(work)
    answers = {"resource": ["orders-db", "payments-db", "users-db"], "reason": "INC-7: all of them"}
    await work.hands.submits("@ana", view, answers)
    card = await work.card("payments-db", "Asked together with orders-db, users-db", offering="jit_approve")
    await work.clicks("@ben", card, "jit_approve")
    await work.card("payments-db", "Access is live")
    shown = cards(await work.settled(), PROD)
    assert (3, 2) == (len(shown), sum("Waiting for approval" in str(card) for card in shown))


async def test_several_resources_by_command(work):
    """Commas do what the form does; the answer has a line for each."""
    said = await work.types("@ana", "/jit request prod-db-debug orders-db,users-db 30m INC-7")
    assert 2 == said.count("⏳ Asked:")


async def test_one_wrong_resource_asks_for_none(work):
    """A mistake in one is told, and nothing is half asked."""
    said = await work.types("@ana", "/jit request prod-db-debug orders-db,user-db 30m INC-7")
    assert "users-db" in said
    assert [] == cards(await work.settled())


async def test_too_many_at_once(work):
    """More than ten are refused in a sentence."""
    many = ",".join(f"sandbox-{number}" for number in range(11))
    assert "more than 10 at once" in await work.types("@ana", f"/jit request sandbox-admin {many} 30m")


async def test_a_form_delivered_twice_asks_once(work):
    """Slack repeats what it believes lost; each resource still counts once."""
    await work.fault("duplicate", count=1)
    view = await form(work)
    await work.fault("duplicate", count=1)
    answers = {"resource": ["orders-db", "users-db"], "reason": "INC-7"}
    await work.hands.submits("@ana", view, answers)
    await work.card("users-db", offering="jit_approve")
    assert 2 == len(cards(await work.settled()))


async def test_a_scheduled_start(work):
    """Approved before its start, it waits, says so, starts by itself, and lasts its whole time from there."""
    view = await form(work)
    answers = {"resource": "orders-db", "reason": "MIG-4", "start": epoch(timedelta(seconds=3))}
    await work.hands.submits("@ana", view, answers)
    card = await work.card("MIG-4", "30 min, from", offering="jit_approve")
    await work.clicks("@ben", card, "jit_approve")
    card = await work.card("MIG-4", "Access starts", offering="jit_revoke")
    (waiting,) = await work.bot.store.live()
    assert (State.SCHEDULED, False) == (waiting.state, await work.bot.store.has_grant(waiting.id))
    live = await work.reaches(waiting.id, State.ACTIVE)
    assert waiting.start_at <= live.starts_at < waiting.start_at + timedelta(seconds=2)
    assert live.duration == live.ends_at - live.starts_at
    assert ["requested", "approved", "scheduled", "grant_begun", "activated"] == await work.events(waiting.id)


@pytest.mark.parametrize(("user", "button"), [("@ana", "jit_cancel"), ("@ben", "jit_revoke")])
async def test_stopped_before_its_start(work, user, button):
    """Until it starts the requester may cancel it, and its approvers may revoke it."""
    view = await form(work)
    answers = {"resource": "orders-db", "reason": "MIG-4", "start": epoch(timedelta(minutes=10))}
    await work.hands.submits("@ana", view, answers)
    await work.clicks("@ben", await work.card("MIG-4", offering="jit_approve"), "jit_approve")
    if button == "jit_cancel":
        message = await work.told("@ana", "Access starts", offering=button)
    else:
        message = await work.card("MIG-4", "Access starts", offering=button)
    await work.hands.clicks(user, message, button)
    await work.card("MIG-4", "Cancelled by", without="jit_revoke")
    assert [] == await work.bot.store.live()


async def test_policy_is_asked_again_at_the_start(workplace):
    """A rule that denies and came into force meanwhile stops what was approved."""

    def freeze(policies):
        policies["rules"]["freeze"] = {"effect": "deny", "actions": ["prod-*"], "message": "a freeze began"}

    async with at_work(workplace(lambda _: None)) as work:
        view = await form(work)
        answers = {"resource": "orders-db", "reason": "MIG-4", "start": epoch(timedelta(seconds=3))}
        await work.hands.submits("@ana", view, answers)
        await work.clicks("@ben", await work.card("MIG-4", offering="jit_approve"), "jit_approve")
        await work.card("MIG-4", "Access starts")
        await work.repolicy(freeze)
        await work.card("MIG-4", "Stopped by policy before it started", "a freeze began")


@pytest.mark.parametrize(
    ("after", "why"),
    [(timedelta(days=-1), "lies in the past"), (timedelta(days=15), "more than 14 days ahead")],
)
async def test_a_start_that_cannot_be(work, after, why):
    """The form says what is wrong with it, at the field."""
    view = await form(work)
    answers = {"resource": "orders-db", "reason": "MIG-4", "start": epoch(after)}
    answered = await work.hands.submits("@ana", view, answers)
    assert why in answered["errors"]["start"]
    assert [] == cards(await work.settled())


async def test_the_store_goes_away_in_the_middle(work, monkeypatch):
    """What was asked before is told as asked, and what was not as not asked."""
    calls, create = work.bot.connection.calls, work.bot.store.create

    async def create_once(*given):
        found = await create(*given)
        await calls.config_set("min-replicas-to-write", 1)
        return found

    monkeypatch.setattr(work.bot.store, "create", create_once)
    try:
        said = await work.types("@ana", "/jit request prod-db-debug orders-db,users-db,payments-db 30m INC-7")
    finally:
        await calls.config_set("min-replicas-to-write", 0)

    assert (1, True) == (said.count("⏳ Asked:"), "Not asked for: users-db, payments-db" in said)
    assert "did nothing" not in said
