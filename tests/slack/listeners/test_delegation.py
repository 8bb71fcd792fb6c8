"""Contract of `/jit delegate`: whoever is away lets another decide, in the open, and no further than policy says.

The delegate decides where the delegator may, by the same buttons; card, thread, messages and log say for whom.
Policy, time and both people are asked again at each click.
"""

import asyncio

import pytest

from app.domain.ids import partition_of
from app.domain.request import State
from app.store import keys
from tests.workplace import at_work, thread

HAND_OVER = "/jit delegate @dev for 2h"
"""Chloe, who owns databases, lets Dev decide, who does not."""


async def test_from_the_command_to_the_decision(work):
    """Said back, told to the delegate, on the card and in the thread, decided, and in the log."""
    request_id = await work.asks()
    said = await work.types("@chloe", HAND_OVER)
    assert "*Dev Patel* may decide in your place until" in said
    assert "Europe/London" in said
    await work.told("@dev", "Chloe Martin", "lets you decide in their place")
    card = await work.card(request_id, "<@U0DEV>, for Chloe Martin until", offering="jit_approve")
    assert f"`{request_id}`" in await work.types("@dev", "/jit list")
    await work.clicks("@dev", card, "jit_approve")
    request = await work.reaches(request_id, State.ACTIVE)
    assert ("dev", "chloe") == (request.decisions[0].by.id, request.decisions[0].behalf.id)
    card = await work.card(request_id, "Approved by Dev Patel (for Chloe Martin)")
    story = "\n".join(thread(await work.settled(), card))
    assert "🤝 Dev Patel may decide for Chloe Martin until" in story
    assert "✅ Dev Patel (for Chloe Martin) approved" in story
    assert "deputies_changed" in await work.events(request_id)
    told = await work.types("@sam", f"/jit audit {request_id}")
    assert "Dev Patel (dev), for Chloe Martin (chloe), approved" in told


async def test_shown_and_ended(work):
    """Without words it is shown to both; after `off` the delegate decides nothing, and is told."""
    request_id = await work.asks()
    assert "Nobody decides in your place" in await work.types("@chloe", "/jit delegate")
    await work.types("@chloe", HAND_OVER)
    assert "*Dev Patel* decides in your place" in await work.types("@chloe", "/jit delegate")
    assert "in the place of *Chloe Martin*" in await work.types("@dev", "/jit delegate")
    await work.card(request_id, "for Chloe Martin until")
    assert "Dev Patel no longer decides" in await work.types("@chloe", "/jit delegate off")
    await work.told("@dev", "You no longer decide")
    await work.settled()
    card = await work.card(request_id, offering="jit_approve")
    assert "not an approver" in await work.refused("@dev", card, "jit_approve")
    assert "for Chloe Martin" not in str(card["blocks"])
    assert "nothing to end" in await work.types("@chloe", "/jit delegate off")


async def test_one_takes_the_place_of_another(work):
    """A second delegation ends the first."""
    await work.types("@chloe", HAND_OVER)
    await work.types("@chloe", "/jit delegate @ana for 1h")
    await work.told("@dev", "You no longer decide")
    shown = await work.types("@chloe", "/jit delegate")
    assert ("Ana Ruiz" in shown, "Dev Patel" in shown) == (True, False)


@pytest.mark.parametrize(
    ("user", "command", "why"),
    [
        ("@chloe", "/jit delegate @chloe for 2h", "That is yourself"),
        ("@chloe", "/jit delegate @dev", "Until when?"),
        ("@chloe", "/jit delegate @dev until Friyay", "until Friday 18:00, until 18:00"),
        ("@chloe", "/jit delegate @dev until 2020-01-01", "is past already"),
        ("@chloe", "/jit delegate @dev for 15d", "at most 14 days"),
        ("@chloe", "/jit delegate @devv for 2h", "Did you mean @dev?"),
        ("@chloe", "/jit delegate <@U0NOBODY|dev> for 2h", "nobody whom policy names"),
        ("@chloe", "/jit delegate @sam-the-impostor for 2h", "nobody whom policy names"),
        ("@chloe", "/jit delegate off now", "nobody whom policy names"),
        ("@ana", "/jit delegate @dev for 2h", "Policy does not let you delegate to Dev Patel"),
    ],
)
async def test_what_cannot_be_delegated(work, user, command, why):
    """Each wrong order is answered in a sentence, and nothing is written."""
    assert why in await work.types(user, command)
    assert [] == await work.bot.workflow.delegations()


async def test_a_mention_by_slacks_id(work):
    """Where Slack hands over the id, the id is what counts, whatever name stands beside it."""
    assert "*Dev Patel* may decide" in await work.types(
        "@chloe", "/jit delegate <@U0DEV|chloe> until tomorrow"
    )


async def test_never_ones_own(work):
    """A delegate does not decide on their own request, nor on the delegator's."""
    own = await work.asks("@dev")
    await work.types("@chloe", HAND_OVER)
    assert "your own request" in await work.answer("@dev", work.forges("@dev", "jit_approve", own))
    hers = await work.asks("@chloe", "/jit request prod-db-migration orders-db 1h INC-9: index")
    assert "not an approver" in await work.answer("@dev", work.forges("@dev", "jit_approve", hers))
    assert "for Chloe Martin" not in str((await work.card(hers))["blocks"])
    for request_id in (own, hers):
        assert State.PENDING is (await work.request(request_id)).state


async def test_not_passed_on(workplace):
    """Whom a delegate names decides nothing, even where policy lets the delegate delegate."""

    def anyone(policy):
        policy["delegation"]["approvers"]["groups"] = ["engineers", "db-owners", "leads"]

    async with at_work(workplace(anyone)) as work:
        await work.types("@chloe", HAND_OVER)
        await work.types("@dev", "/jit delegate @sam for 1h")
        request_id = await work.asks()
        said = await work.answer("@sam", work.forges("@sam", "jit_approve", request_id))
        assert "not an approver" in said


async def test_no_second_vote(work):
    """Where two must approve, Ben and his delegate are one."""
    await work.types("@ben", "/jit delegate @dev for 2h")
    request_id = await work.asks(command="/jit request prod-debug-session checkout 15m INC-9: heap dump")
    await work.clicks("@dev", await work.card(request_id, offering="jit_approve"), "jit_approve")
    await work.card(request_id, "1 of 2 so far (Dev Patel (for Ben Okafor))")
    said = await work.answer("@ben", work.forges("@ben", "jit_approve", request_id))
    assert "already" in said
    await work.types("@ben", "/jit delegate @chloe for 2h")
    await work.types("@ben", "/jit delegate @dev for 2h")
    assert State.PENDING is (await work.request(request_id)).state


async def test_policy_takes_it_back(workplace):
    """When policy no longer lets them, or for less long, what was delegated before counts no more."""

    def none(policy):
        del policy["delegation"]

    def a_moment(policy):
        policy["delegation"] = {"approvers": {"people": ["chloe"], "longest": "1s"}}

    async with at_work(workplace(lambda _: None)) as work:
        request_id = await work.asks()
        for change in (a_moment, none):
            assert "may decide in your place" in await work.types("@chloe", HAND_OVER)
            await asyncio.sleep(1.1)
            await work.repolicy(change)
            said = await work.answer("@dev", work.forges("@dev", "jit_approve", request_id))
            assert "not an approver" in said
            await work.repolicy(lambda p: p.update(delegation={"a": {"people": ["chloe"], "longest": "1d"}}))


@pytest.mark.parametrize("leaver", ["chloe", "dev"])
async def test_who_leaves_policy(workplace, leaver):
    """Once either is no longer among the people, the delegate decides nothing."""

    def without(policy):
        del policy["people"][leaver]
        for members in policy["groups"].values():
            if leaver in members:
                members.remove(leaver)

    async with at_work(workplace(lambda _: None)) as work:
        request_id = await work.asks()
        await work.types("@chloe", HAND_OVER)
        await work.repolicy(without)
        await work.forges("@dev", "jit_approve", request_id)
        await work.settled()
        assert State.PENDING is (await work.request(request_id)).state
        assert [] == await work.bot.workflow.delegations()


async def test_who_leaves_slack(work):
    """Once the delegator is deactivated, their delegate decides nothing any more."""
    request_id = await work.asks()
    await work.types("@chloe", HAND_OVER)
    await work.card(request_id, "for Chloe Martin until")
    work.workspace.users["U0CHLOE"].deleted = True
    work.bot.workflow._delegating._is_there.__self__.forget("U0CHLOE")
    said = await work.answer("@dev", work.forges("@dev", "jit_approve", request_id))
    assert "not an approver" in said
    assert State.PENDING is (await work.request(request_id)).state


async def test_it_ends_by_itself(work):
    """After its time the key is gone and the click refused, though the card was posted before."""
    request_id = await work.asks()
    await work.types("@chloe", "/jit delegate @dev for 1s")
    key = keys.delegation(partition_of("chloe"), "chloe")
    await asyncio.sleep(1.1)
    assert not await work.bot.connection.calls.exists(key)
    assert "not an approver" in await work.answer("@dev", work.forges("@dev", "jit_approve", request_id))


async def test_the_digest_tells(work):
    """Security reads who lets whom decide, and for whom it was decided."""
    await work.types("@chloe", HAND_OVER)
    request_id = await work.asks()
    await work.clicks("@dev", await work.card(request_id, offering="jit_approve"), "jit_approve")
    await work.settled()
    await work.types("@sam", "/jit digest")
    await work.posted(
        "#security", "*Chloe Martin* lets *Dev Patel* decide until", "*Dev Patel* (for Chloe Martin)"
    )
