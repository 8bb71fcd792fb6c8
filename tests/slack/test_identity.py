"""Who is behind a Slack user id: whoever cannot be verified now is no one, whatever policy says of the id."""

import asyncio

import pytest

from app.domain.refusals import NotKnown
from app.domain.request import State
from app.playground.hands import readable
from tests.workplace import at_work, live_markup

CASES = [
    ({"is_restricted": True}, "a guest of this workspace"),
    ({"is_ultra_restricted": True}, "a guest of this workspace"),
    ({"is_bot": True}, "a bot"),
    ({"is_stranger": True}, "someone of another workspace"),
    ({"team_id": "T0OTHER"}, "someone of another workspace"),
]


@pytest.mark.parametrize(("change", "told"), CASES, ids=lambda case: str(case)[:30])
async def test_an_approver_who_is_no_member(work, change, told):
    """An approver by policy who is a guest, a bot or of another workspace decides nothing, and is told why."""
    request_id = await work.asks()
    card = await work.card(request_id, offering="jit_approve")
    await work.hands.do("user", user="@ben", **change)

    said = await work.refused("@ben", card, "jit_approve")

    assert f"🚫 I do not take this from {told}. Ask security if that is not right." == said
    assert State.PENDING is (await work.request(request_id)).state


@pytest.mark.parametrize(("change", "told"), CASES, ids=lambda case: str(case)[:30])
async def test_a_requester_who_is_no_member(work, change, told):
    """Nor does such a one ask."""
    await work.hands.do("user", user="@ana", **change)

    assert told in await work.types("@ana", "/jit request prod-db-debug orders-db 30m why")


@pytest.mark.parametrize("verb", ["jit_approve", "jit_deny", "jit_revoke"])
async def test_deactivated(work, verb):
    """A deactivated approver's click, forged or left over, counts for nothing: Slack says so at once."""
    request_id = await (work.goes_live() if verb == "jit_revoke" else work.asks())
    before = (await work.request(request_id)).state
    await work.hands.do("user", user="@ben", deleted=True)
    await work.forges("U0BEN", verb, request_id)

    await work.until(lambda: any(line["event"] == "refused" for line in work.log), "it is refused")
    refusals = [line["why"] for line in work.log if line["event"] == "refused"]
    assert [
        "I do not take this from a deactivated Slack user. Ask security if that is not right."
    ] == refusals
    assert before is (await work.request(request_id)).state


async def test_deactivated_after_having_acted(work):
    """What was known of somebody who acted a moment ago is forgotten as soon as Slack says that it changed."""
    first = await work.asks()
    card = await work.card(first, offering="jit_approve")
    await work.clicks("@ben", card, "jit_approve")
    await work.reaches(first, State.ACTIVE)
    second = await work.asks(command="/jit request prod-db-debug users-db 30m INC-8")
    await work.hands.do("user", user="@ben", deleted=True)
    await work.until(lambda: work.bot.announcer._identity._changes, "Slack's word of it has arrived")

    await work.forges("U0BEN", "jit_approve", second)

    await work.until(lambda: any(line["event"] == "refused" for line in work.log), "it is refused")
    assert State.PENDING is (await work.request(second)).state


async def test_an_answer_older_than_the_change(work):
    """What Slack said of somebody before they were deactivated, and arrives after, is not believed for long."""
    identity = work.bot.announcer._identity
    asking = asyncio.create_task(identity._user("U0BEN"))
    await asyncio.sleep(0)
    identity.forget("U0BEN")
    await asking

    work.workspace.users["U0BEN"].deleted = True  # and no word of it: what is kept is what counts

    with pytest.raises(NotKnown, match="deactivated"):
        await identity.of("U0BEN")


@pytest.mark.parametrize("kind", ["down", "rate_limited", "error:internal_error", "error:user_not_found"])
async def test_slack_does_not_say(work, kind):
    """Whom Slack does not vouch for just now is told so, does nothing, and can try again."""
    request_id = await work.asks()
    card = await work.card(request_id, offering="jit_approve")
    await work.settled()
    work.bot.announcer._identity.forget("U0BEN")
    await work.fault(kind, method="users.info", count=1)

    said = await work.refused("@ben", card, "jit_approve")

    assert (
        "🚫 I could not verify with Slack who you are just now, so I did nothing. Please try again." == said
    )
    assert State.PENDING is (await work.request(request_id)).state
    await work.clicks("@ben", card, "jit_approve")
    await work.reaches(request_id, State.ACTIVE)


async def test_names_do_not_count(workplace):
    """Who takes the name of an approver is not the approver: the id counts."""
    async with at_work(workplace()) as work:
        request_id = await work.asks()
        await work.hands.do("user", user="@eve", real_name="Ben Okafor", email="ben@example.com")

        said = await work.answer("@eve", work.forges("@eve", "jit_approve", request_id))

        assert "Policy does not know you (Slack user U0EVE)" in said


async def test_an_approver_left_slack(work):
    """The card names who could not be reached, and the others still decide."""
    await work.hands.do("user", user="@ben", deleted=True)

    request_id = await work.asks()

    card = await work.card(
        request_id, "Could not be reached (left Slack): Ben Okafor", offering="jit_approve"
    )
    assert ["<@U0CHLOE>"] == live_markup(card)
    await work.clicks("@chloe", card, "jit_approve")
    await work.card(request_id, "Approved by Chloe Martin", "Access is live")


async def test_every_approver_left_slack(work):
    """Where nobody can be reached the requester is told, instead of waiting in vain."""
    for user in ("@ben", "@chloe"):
        await work.hands.do("user", user=user, deleted=True)

    request_id = await work.asks()

    told = await work.told("@ana", request_id, "nobody who may approve it can be reached")
    assert "Ask security" in readable(told)
