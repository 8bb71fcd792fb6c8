"""What people see without having asked: cards, threads, direct messages.

One card for each request, in the environment's channel; its thread tells what happened; the requester hears by
direct message what they must not miss; nobody else is written to. What can never be posted keeps nothing else
from being posted.
"""

import asyncio

from app.domain.request import State
from app.playground.hands import in_channel, offers, readable, told_directly
from tests.workplace import STAGING, at_work, cards, live_markup, thread


def lapsing(seconds):
    """A policy whose production requests lapse soon."""

    def change(policy):
        policy["environments"]["production"]["lapse"] = f"{seconds}s"

    return change


async def test_the_whole_story(work):
    """One card, a thread without the facts of the card, three messages to the requester."""
    request_id = await work.goes_live()
    told = await work.told("@ana", "You have access", request_id, offering="jit_done")
    await work.clicks("@ana", told, "jit_done")
    await work.reaches(request_id, State.COMPLETED)
    state = await work.settled()

    (card,) = cards(state)
    assert [] == offers(card)
    lines = thread(state, card)
    assert 3 == len(lines)
    assert "✅ Ben Okafor approved (db-owner)." == lines[0]
    assert lines[1].startswith("🔓 Access is live until <!date^")
    assert "🔒 Access is gone: Ana Ruiz was done." == lines[2]
    assert [] == in_channel(state, "#general")
    assert {"U0ANA"} == set(state["direct"])
    direct = told_directly(state, "@ana")
    assert 3 == len(direct)
    assert "Approved by Ben Okafor" in readable(direct[0])
    assert "Given back by Ana Ruiz" in readable(direct[1])
    assert "has ended" in readable(direct[2])
    assert [[], ["jit_again"], []] == [offers(message) for message in direct]


async def test_denied(work):
    """The requester reads who denied it and why; so do the card and its thread; it can be asked again."""
    request_id = await work.asks()
    card = await work.card(request_id, offering="jit_deny")
    await work.clicks("@ben", card, "jit_deny")
    await work.hands.submits(
        "@ben", await work.view("@ben", "jit_deny_reason"), {"comment": "Not now, please"}
    )

    await work.card(request_id, "Denied by Ben Okafor", "Not now, please", without="jit_approve")
    await work.told("@ana", "Ben Okafor denied", "Not now, please")
    state = await work.settled()
    assert ["❌ Ben Okafor denied: Not now, please"] == thread(state, card)
    assert [["jit_again"], []] == [offers(message) for message in told_directly(state, "@ana")]


async def test_ends_by_itself(work):
    """A warning before, a notice after; the key is gone with the time, and the card says so."""
    request_id = await work.goes_live("/jit request prod-db-debug orders-db 2s INC-8: a look")

    await work.told("@ana", "ends in", "Save your work")
    await work.card(request_id, "Time is up", "Access is gone", without="jit_revoke")
    await work.told("@ana", "has ended")
    assert not await work.bot.store.has_grant(request_id)
    kinds = ["requested", "approved", "grant_begun", "activated", "warned", "end_begun", "ended"]
    assert kinds == await work.events(request_id)


async def test_revoked(work):
    """The requester is told by whom and why their access ended."""
    request_id = await work.goes_live()

    await work.types("@sam", f"/jit revoke {request_id} it looked wrong")

    await work.told("@ana", "has ended", "Revoked by Sam Lindqvist", "it looked wrong")


async def test_lapses(workplace):
    """A request that nobody decides lapses: card, thread and requester say so, and it can be decided no more."""
    async with at_work(workplace(lapsing(1))) as work:
        request_id = await work.asks()
        card = await work.card(request_id, "Lapsed", without="jit_approve")
        await work.told("@ana", "lapsed", "nobody decided in time")
        assert "💤 Lapsed: nobody decided in time." == thread(await work.settled(), card)[-1]

        said = await work.answer("@ben", work.forges("@ben", "jit_approve", request_id))

        assert (
            f"🚫 {request_id} has lapsed: nobody decided in time, so there is nothing to approve any more."
            == said
        )


async def test_who_is_pinged(work):
    """The approvers are pinged by the card's text; where policy says nobody, nobody is."""
    asked = await work.asks()
    assert {"<@U0BEN>", "<@U0CHLOE>"} == set(live_markup(await work.card(asked)))

    silent = await work.asks("@ana", "/jit request prod-restart-container checkout 10m It hangs")
    card = await work.card(silent, offering="jit_approve")
    assert set() == set(live_markup(card))
    await work.clicks("@dev", card, "jit_approve")
    await work.card(silent, "Approved by Dev Patel")


async def test_notify_apart_from_approvers(workplace):
    """Whom policy notifies is pinged and may not decide for that; who may decide is not pinged."""

    def notify_security(policy):
        policy["rules"]["prod-db-debug"]["stages"][0]["notify"] = ["security"]

    async with at_work(workplace(notify_security)) as work:
        request_id = await work.asks()
        card = await work.card(request_id, offering="jit_approve")

        assert {"<@U0SAM>"} == set(live_markup(card))
        assert "You are not an approver" in await work.refused("@sam", card, "jit_approve")
        await work.clicks("@chloe", card, "jit_approve")
        await work.card(request_id, "Approved by Chloe Martin")


async def test_a_settled_card_pings_nobody(work):
    """Once decided, the card's text mentions nobody."""
    request_id = await work.goes_live()
    await work.settled()

    assert set() == set(live_markup(await work.card(request_id, "Access is live")))


async def test_approved_by_template(work):
    """What no one is asked for is seen by all the same, with the rule that let it."""
    request_id = await work.asks("@dev", "/jit request restart-container checkout 10m It hangs")

    card = await work.card(request_id, "Approved automatically", "Access is live", channel=STAGING)
    assert "staging-restart" in readable(card)
    assert set() == set(live_markup(card))
    await work.told("@dev", "You have access", request_id, offering="jit_done")


async def test_the_card_was_deleted(work):
    """A card that somebody deletes ends nothing: the next event brings a new one, with a thread of its own."""
    request_id = await work.asks()
    card = await work.card(request_id, offering="jit_approve")
    channel = work.workspace.channels[card["channel"]]
    work.workspace.remove(channel.message(card["ts"]))

    await work.answer("@dev", work.forges("@dev", "jit_approve", request_id))
    await work.forges("@ben", "jit_approve", request_id)

    await work.told("@ana", "You have access", request_id)
    new = await work.card(request_id, "Access is live", offering="jit_revoke")
    assert card["ts"] != new["ts"]
    assert thread(await work.settled(), new)[-1].startswith("🔓 Access is live")


async def test_the_channel_is_archived(workplace):
    """Approvers who cannot be reached are told of to the requester; others' requests go on; it lapses."""
    async with at_work(workplace(lapsing(2), known_bugs=["event_passed_over"])) as work:
        work.workspace.channel_named("#prod-approvals").is_archived = True

        request_id = await work.asks()

        await work.told("@ana", request_id, "could not be posted", "#prod-approvals")
        await work.asks("@dev", "/jit request restart-container checkout 10m It hangs")
        await work.card("It hangs", "Access is live", channel=STAGING)
        await work.reaches(request_id, State.LAPSED)
        await work.told("@ana", request_id, "lapsed")


async def test_the_bot_is_not_in_the_channel(workplace):
    """The same where nobody invited the app."""
    async with at_work(workplace(known_bugs=["event_passed_over"])) as work:
        channel = work.workspace.channel_named("#prod-approvals")
        channel.members.remove(work.app.bot_user_id)
        channel.kind = "group"

        request_id = await work.asks()

        told = await work.told("@ana", request_id, "could not be posted")
        assert "invite" in readable(told)
        assert f"`/jit cancel {request_id}`" in readable(told) or "jit_cancel" in str(told)


async def test_many_at_once(work):
    """Thirty requests at once are thirty cards, and each of their deciders gets through."""
    ids = await asyncio.gather(
        *(work.bot.workflow.request(_wish(number), work.bot.policy().people["ana"]) for number in range(30))
    )
    await asyncio.gather(*(work.bot.workflow.approve(r.id, work.bot.policy().people["ben"]) for r in ids))
    for request in ids:
        await work.reaches(request.id, State.ACTIVE)
    state = await work.settled(30)

    assert sorted(r.id for r in ids) == sorted(r.id for r in ids for c in cards(state) if r.id in readable(c))


def _wish(number):
    from app.workflow import Wish

    return Wish(
        action="prod-db-debug", resource="orders-db", reason=f"INC-{number}", delivery=f"test:{number}"
    )
