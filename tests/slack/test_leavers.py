"""Contract of people who are gone: what they hold ends, what they asked for is cancelled, and everyone sees why.

Gone is who Slack says is deactivated, and whom the policy in force would deny what they have. It happens once,
whoever hears of it and however often. Silence, errors and broken files take nothing from anybody.
"""

import asyncio

import pytest

from app.domain.request import EndCause, State
from app.playground import happenings
from tests.workplace import PROD, at_work, rewrite, thread

PENDING = "/jit request prod-db-debug users-db 30m INC-8: a look"


async def deactivate(work, user):
    await work.hands.do("user", user=user, deleted=True)


async def test_a_requester_who_is_deactivated(work):
    """Live access is taken back, the pending request cancelled; card, thread and log say why."""
    live, pending = await work.goes_live(), await work.asks("@ana", PENDING)
    await deactivate(work, "@ana")
    ended = await work.reaches(live, State.REVOKED)
    assert (EndCause.REVOKED, "system") == (ended.ending.cause, ended.ending.by)
    assert not await work.bot.store.has_grant(live)
    await work.reaches(pending, State.CANCELLED)
    card = await work.card(
        live, "Revoked by policy (Ana Ruiz was deactivated in Slack)", without="jit_revoke"
    )
    await work.card(pending, "Ana Ruiz was deactivated in Slack", without="jit_approve")
    state = await work.settled()
    assert "⛔ policy revoked the access: Ana Ruiz was deactivated in Slack." in thread(state, card)
    assert "“Ana Ruiz was deactivated in Slack”" in await work.types("@sam", f"/jit audit {live}")


async def test_once_however_often_it_is_told(work):
    """A repeated event, a look, and both at once end each grant once."""
    live, pending = await work.goes_live(), await work.asks("@ana", PENDING)
    user = work.workspace.user_named("@ana")
    user.deleted = True
    for _ in range(3):
        happenings.user_changed(work.board, user)
    await asyncio.gather(*(work.bot.leavers.look() for _ in range(3)))
    await work.reaches(live, State.REVOKED)
    await work.reaches(pending, State.CANCELLED)
    await work.bot.leavers.look()
    assert (1, 1) == (
        (await work.events(live)).count("end_begun"),
        (await work.events(pending)).count("cancelled"),
    )


async def test_an_event_that_never_came(work):
    """Somebody who was deactivated while nobody listened is found by looking."""
    live = await work.goes_live()
    work.workspace.user_named("@ana").deleted = True
    await work.bot.leavers.look()
    await work.reaches(live, State.REVOKED)


async def test_an_event_that_is_not_so(work):
    """Slack is asked once more: an event that it does not stand by takes nothing."""
    live = await work.goes_live()
    user = work.workspace.user_named("@ana")
    told = user.to_slack() | {"deleted": True}
    happenings.tell(work.board, "user_change", {"type": "user_change", "user": told, "event_ts": "1.0"})
    await asyncio.sleep(0.5)
    assert State.ACTIVE is (await work.request(live)).state


@pytest.mark.parametrize(
    "fault", ["error:user_not_found", "error:internal_error", "error:account_inactive", "down"]
)
async def test_slack_does_not_say(work, fault):
    """Silence and errors take nothing; once Slack says it, it is done."""
    live = await work.goes_live()
    await work.settled()
    await work.fault(fault, method="users.info", seconds=1.5)
    work.workspace.user_named("@ana").deleted = True
    happenings.user_changed(work.board, work.workspace.user_named("@ana"))
    await work.bot.leavers.look()
    assert State.ACTIVE is (await work.request(live)).state
    await asyncio.sleep(1.6)
    await work.bot.leavers.look()
    await work.bot.leavers.look()
    await work.reaches(live, State.REVOKED)


async def test_an_approver_who_is_deactivated(work):
    """The card that waits for them names them as gone, once; the request goes on waiting for the others."""
    request_id = await work.asks()
    await work.card(request_id, offering="jit_approve")
    await deactivate(work, "@ben")
    for _ in range(3):
        happenings.user_changed(work.board, work.workspace.user_named("@ben"))
    card = await work.card(
        request_id, "Could not be reached (left Slack): Ben Okafor", offering="jit_approve"
    )
    await deactivate(work, "@ben")
    assert ["requested", "approvers_changed"] == await work.events(request_id)
    lines = thread(await work.settled(), card)
    assert ["👥 Ben Okafor was deactivated in Slack: who may approve has changed."] == lines
    await work.clicks("@chloe", card, "jit_approve")
    await work.reaches(request_id, State.ACTIVE)


async def test_the_last_approver_is_deactivated(work):
    """The requester is told that nobody is left to decide."""
    await deactivate(work, "@chloe")
    await work.asks()
    await deactivate(work, "@ben")
    await work.told("@ana", "nobody who may approve it can be reached")


def without_ana(policy):
    policy["groups"]["engineers"].remove("ana")


def without_ana_at_all(policy):
    without_ana(policy)
    del policy["people"]["ana"]


def with_a_denial(policy):
    policy["rules"]["freeze"] = {
        "effect": "deny",
        "actions": ["prod-db-debug"],
        "message": "The databases are being moved.",
    }


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (without_ana, "no rule lets ana ask for prod-db-debug"),
        (without_ana_at_all, "ana is not among the people"),
        (with_a_denial, "The databases are being moved"),
    ],
)
async def test_policy_would_deny_it_now(workplace, change, why):
    """Out of the group, out of the people, or denied by a rule: live ends, pending is cancelled, with the reason."""
    async with at_work(workplace(lambda _: None)) as work:
        live, pending = await work.goes_live(), await work.asks("@ana", PENDING)
        await work.repolicy(change)
        ended = await work.reaches(live, State.REVOKED)
        cancelled = await work.reaches(pending, State.CANCELLED)
        assert (True, True) == (why in ended.ending.comment, why in cancelled.comment)
        await work.card(live, why, without="jit_revoke")
        await work.card(pending, why, without="jit_approve")
        await work.told("@ana", "has ended", why)
        assert 1 == (await work.events(live)).count("end_begun")


async def test_a_change_about_something_else(workplace):
    """What the policy in force still lets stands, and nothing is written about it."""
    async with at_work(workplace(lambda _: None)) as work:
        live, pending = await work.goes_live(), await work.asks("@ana", PENDING)
        before = [await work.events(each) for each in (live, pending)]

        def unrelated(policy):
            policy["actions"]["sandbox-admin"]["longest"] = "2h"

        await work.repolicy(unrelated)
        await judged(work)
        assert before == [await work.events(each) for each in (live, pending)]


async def judged(work):
    """Wait until every request was judged by the policy in force."""
    digest = work.bot.policy().digest
    while (noted := await work.bot.in_force.read()) is None or noted.judged != digest:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def test_a_broken_policy(workplace):
    """Files that are broken are not in force, so they take nothing from anybody."""
    async with at_work(workplace(lambda _: None)) as work:
        live = await work.goes_live()
        (work.policies / "policy.yaml").write_text("people: {}\nrules: [")
        await asyncio.to_thread(work.bot.policies.refresh)
        assert work.bot.policies.problem
        await asyncio.sleep(1.2)
        await work.bot.rejudging.tick()
        assert State.ACTIVE is (await work.request(live)).state


async def test_other_approvers(workplace):
    """A request that waits is shown with those who may decide now; those who may not any more are refused."""
    async with at_work(workplace(lambda _: None)) as work:
        request_id = await work.asks()
        before = await work.card(request_id, "U0BEN", offering="jit_approve")

        def owned_by_sam(policy):
            policy["groups"]["db-owners"] = ["sam"]

        await work.repolicy(owned_by_sam)
        card = await work.card(request_id, "U0SAM", offering="jit_approve")
        assert before["ts"] == card["ts"]
        assert "not an approver" in await work.refused("@ben", card, "jit_approve")
        assert 1 == (await work.events(request_id)).count("approvers_changed")
        await work.clicks("@sam", card, "jit_approve")
        await work.reaches(request_id, State.ACTIVE)


async def test_two_replicas(workplace):
    """Both take the changed policy; each thing is done once."""
    async with at_work(workplace(lambda _: None)) as work:
        await work.start()
        live, waits = await work.goes_live(), await work.asks("@dev")
        await work.card(waits)

        def change(policy):
            without_ana(policy)
            policy["groups"]["db-owners"] = ["sam"]

        await work.repolicy(change)
        await work.reaches(live, State.REVOKED)
        await work.card(waits, "U0SAM")
        await asyncio.sleep(1.2)
        assert (1, 1) == (
            (await work.events(live)).count("end_begun"),
            (await work.events(waits)).count("approvers_changed"),
        )


async def test_a_policy_that_changed_while_no_bot_ran(workplace):
    """The bot that comes up with other files judges what it finds."""
    async with workplace(lambda _: None) as work:
        first = await work.start()
        live = await work.goes_live()
        await judged(work)
        await work.settled()
        await first.stop()
        work.replicas.clear()
        await work.repolicy(without_ana)
        await work.start()
        await work.reaches(live, State.REVOKED)


async def test_a_replica_that_still_has_the_old_policy(workplace):
    """It judges nothing by what it has: only a change that a replica sees, or its start, is a reason to judge."""
    async with at_work(workplace(lambda _: None)) as work:
        await judged(work)
        stale = await work.start(working=False)

        def with_chloe_as_engineer(policy):
            policy["groups"]["engineers"].append("chloe")

        rewrite(work.policies, with_chloe_as_engineer)
        await asyncio.to_thread(work.bot.policies.refresh)
        await judged(work)
        live = await work.asks("@chloe")
        await work.bot.workflow.approve(
            live, by=work.bot.policy().people["ben"]
        )  # a click might reach the stale one
        await work.reaches(live, State.ACTIVE)
        assert stale.bot.policy().digest != work.bot.policy().digest
        stale.bot.rejudging._settled = stale.bot.policy()
        await stale.bot.rejudging.tick()
        assert State.ACTIVE is (await work.request(live)).state


async def test_more_time_that_waits(workplace):
    """An extension that waits is shown with those who may decide now, too."""
    async with at_work(workplace(lambda _: None)) as work:
        live = await work.goes_live()
        await work.types("@ana", f"/jit extend {live} 15m more")
        await work.card(live, "asks for 15 min more", channel=PROD)

        def owned_by_sam(policy):
            policy["groups"]["db-owners"] = ["sam"]

        await work.repolicy(owned_by_sam)
        card = await work.card(live, "U0SAM", offering="jit_approve_more")
        await work.clicks("@sam", card, "jit_approve_more")
        await work.told("@ana", "gave you more time")
