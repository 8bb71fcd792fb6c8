"""Contract of break-glass in Slack: deliberate, loud, short, and looked at afterwards.

The form carries no right: whoever sends it by hand, again, late or for somebody else meets policy like anyone.
"""

import asyncio
import json

import pytest

from app.domain.request import State
from app.store import keys
from tests.slack.forged import sends_form, written
from tests.workplace import PROD, SECURITY, at_work, live_markup, thread

ORDER = "/jit break-glass prod-db-debug orders-db 15m INC-7: checkout is down"
FORM, REVIEW_FORM = "jit_break_glass", "jit_review_form"
WHY = "Checkout is down and nobody answers"


def lets(policy):
    policy["rules"]["prod-db-debug"]["obligations"] = {"break_glass": True}


@pytest.fixture
async def emergency(workplace):
    """A workplace whose policy lets engineers break the glass for one action."""
    async with at_work(workplace(lets)) as work:
        yield work


async def breaks(work, user="@ana"):
    """Go through both steps; gives the request's id."""
    await work.hands.types(user, ORDER)
    form = await work.view(user, FORM)
    said = await work.answer(user, work.hands.submits(user, form, {"comment": WHY}))
    assert "The glass is broken" in said
    return (await work.bot.workflow.mine(work.bot.policy().people[user[1:]]))[0].id


def carried(**more):
    wish = {
        "action": "prod-db-debug",
        "resource": "orders-db",
        "seconds": 900,
        "reason": "INC-7",
        "answer_to": "",
    }
    return json.dumps(wish | more)


async def test_from_order_to_review(emergency):
    """Order, form, access; loud in both channels; over, reviewed with words, and out of the digest."""
    work = emergency
    request_id = await breaks(work)
    request = await work.reaches(request_id, State.ACTIVE)
    assert (900, ()) == (request.seconds, request.decisions)
    assert 900_000 >= await work.bot.connection.calls.pttl(keys.grant(request_id))
    card = await work.card(request_id, "Break-glass by Ana Ruiz", WHY, "Review open", offering="jit_revoke")
    assert f"🚨 Ana Ruiz broke the glass, for 15 min without approval: {WHY}" in thread(
        await work.settled(), card
    )
    loud = await work.posted(SECURITY, "BREAK-GLASS", "Ana Ruiz", WHY)
    assert ["<@U0SAM>"] == live_markup(loud)
    await work.types("@sam", "/jit digest")
    await work.posted(
        SECURITY, "Access digest", "Broken glass whose review is open", "1 broken glass to be reviewed"
    )
    await work.types("@ana", f"/jit done {request_id}")
    await work.reaches(request_id, State.COMPLETED)
    loud = await work.card("BREAK-GLASS", channel=SECURITY, offering="jit_review")
    await work.clicks("@sam", loud, "jit_review")
    form = await work.view("@sam", REVIEW_FORM)
    await work.hands.submits("@sam", form, {"comment": "Right call; the rota had a hole"})
    await work.card("BREAK-GLASS", "Review closed by Sam", channel=SECURITY, without="jit_review")
    await work.card(request_id, "Review closed by Sam Lindqvist: Right call")
    story = await work.types("@sam", f"/jit audit {request_id}")
    assert ("broke the glass" in story, "closed the review" in story) == (True, True)
    await work.settled()
    assert [] == work.bot.audit_log.unreviewed()


async def test_the_order_alone_gives_nothing(emergency):
    """Until the second step nothing is asked, and nobody is told."""
    work = emergency
    await work.hands.types("@ana", ORDER)
    await work.view("@ana", FORM)
    assert [] == await work.bot.workflow.mine(work.bot.policy().people["ana"])


@pytest.mark.parametrize(
    ("user", "order", "why"),
    [
        ("@ana", "/jit break-glass", "The order is"),
        ("@ana", "/jit break-glass prod-db-debug orders-db banana", "not a duration"),
        ("@ana", "/jit break-glass prod-db-debug orders-db 9h", "too long"),
        ("@ana", "/jit break-glass prod-db-debug nowhere 15m x", "not a resource"),
        ("@ana", "/jit break-glass prod-config-change routing 15m x", "does not let you break the glass"),
        ("@ana", "/jit break-glass sandbox-admin sandbox-1 15m x", "gives you this at once"),
        ("@chloe", ORDER, "Policy denies it"),
        ("@sam", ORDER, "Policy denies it"),
    ],
)
async def test_for_whom_and_what_it_is_not(emergency, user, order, why):
    """Each order that policy does not let through is answered in a sentence, and opens no form."""
    assert why in await emergency.types(user, order)


@pytest.mark.parametrize(
    ("user", "metadata", "why"),
    [
        ("@chloe", carried(), "Policy denies it"),
        ("@ana", carried(action="prod-config-change", resource="routing"), "does not let you"),
        ("@ana", carried(seconds=10**30), "too long"),
        ("@ana", carried(seconds=-5), "too short"),
        ("@ana", carried(resource="<!channel>"), "not a resource"),
        ("@ana", "banana", "No action is named"),
        ("@ana", "[]", "No action is named"),
        ("@ana", "", "No action is named"),
    ],
)
async def test_forged_forms(emergency, user, metadata, why):
    """A form that was sent by hand is judged like anything typed, and gives nothing."""
    work = emergency
    await sends_form(work, user, FORM, metadata, {"comment": written(WHY)})
    await work.told(user, why)
    assert [] == await work.bot.workflow.mine(work.bot.policy().people[user[1:]])


async def test_without_words(emergency):
    """The second why is needed, and told in the form."""
    ack = await sends_form(emergency, "@ana", FORM, carried(), {"comment": written(" \u200b ")})
    assert {"comment"} == set(ack.response["errors"])


async def test_more_than_an_hour_is_an_hour(emergency):
    """The time is cut, and everyone reads of how much."""
    work = emergency
    await sends_form(work, "@ana", FORM, carried(seconds=14400), {"comment": written(WHY)})
    await work.told("@ana", "You have access", "1 h of the 4 h asked")


async def test_replayed_and_raced(emergency):
    """The same form twice at once is one request and one broken glass."""
    work = emergency
    await work.hands.types("@ana", ORDER)
    form = await work.view("@ana", FORM)
    forged = {
        "type": "view_submission",
        "team": {"id": "T0DEMO", "domain": "harbour-demo"},
        "user": {"id": "U0ANA", "username": "ana", "name": "ana", "team_id": "T0DEMO"},
        "api_app_id": work.app.app_id,
        "token": "x",
        "view": form | {"state": {"values": {"comment": {"comment": written(WHY)}}}},
        "response_urls": [],
    }
    await asyncio.gather(
        *(work.deliver("interactive", forged | {"trigger_id": f"1.{n}.x"}) for n in range(3))
    )
    await work.posted(SECURITY, "BREAK-GLASS")
    await work.settled()
    mine = await work.bot.workflow.mine(work.bot.policy().people["ana"])
    assert 1 == len(mine)
    assert 1 == (await work.events(mine[0].id)).count("glass_broken")


async def test_policy_takes_it_back_while_the_form_is_open(emergency):
    """What policy says when the form comes back is what counts."""
    work = emergency
    await work.hands.types("@ana", ORDER)
    form = await work.view("@ana", FORM)
    await work.repolicy(lambda policy: policy["rules"]["prod-db-debug"].pop("obligations"))
    assert "does not let you" in await work.answer("@ana", work.hands.submits("@ana", form, {"comment": WHY}))
    assert [] == await work.bot.workflow.mine(work.bot.policy().people["ana"])


@pytest.mark.parametrize(
    ("user", "why"), [("@ana", "your own request"), ("@ben", "may not close the review")]
)
async def test_by_whom_it_is_not_reviewed(emergency, user, why):
    """Not by the person, not by an approver; button and forged form alike, and it is recorded."""
    work = emergency
    request_id = await breaks(work)
    await work.reaches(request_id, State.ACTIVE)
    await work.types("@ana", f"/jit done {request_id}")
    await work.reaches(request_id, State.COMPLETED)
    assert why in await work.answer(user, work.forges(user, "jit_review", request_id))
    await sends_form(work, user, REVIEW_FORM, request_id, {"comment": written("all fine")})
    await work.told(user, why)
    assert ["attempt_refused"] * 2 == (await work.events(request_id))[-2:]
    assert (await work.request(request_id)).is_to_be_reviewed


async def test_the_person_may_be_of_security(workplace):
    """Who may review, and broke the glass, does not close their own review."""

    def sam_too(policy):
        lets(policy)
        policy["groups"]["engineers"].append("sam")

    async with at_work(workplace(sam_too)) as work:
        request_id = await breaks(work, "@sam")
        await work.reaches(request_id, State.ACTIVE)
        await work.types("@sam", f"/jit done {request_id}")
        await work.reaches(request_id, State.COMPLETED)
        assert "your own request" in await work.answer("@sam", work.forges("@sam", "jit_review", request_id))
        await work.posted(SECURITY, "nobody may close it, as policy is now")


async def test_no_review_before_the_end_nor_twice(emergency):
    """While access is live it is too early; once closed it is closed."""
    work = emergency
    request_id = await breaks(work)
    await work.reaches(request_id, State.ACTIVE)
    assert "not over yet" in await work.answer("@sam", work.forges("@sam", "jit_review", request_id))
    loud = await work.card("BREAK-GLASS", channel=SECURITY, offering="jit_revoke")
    await work.clicks("@sam", loud, "jit_revoke")
    await work.reaches(request_id, State.REVOKED)
    for finding in ("seen", "again"):
        await sends_form(work, "@sam", REVIEW_FORM, request_id, {"comment": written(finding)})
    await work.told("@sam", "has closed the review")
    assert "seen" == (await work.request(request_id)).glass.review.comment
    request_ttl = await work.bot.connection.calls.ttl(keys.request(request_id))
    assert request_ttl <= 30 * 86400


async def test_what_is_to_be_reviewed_is_kept(emergency):
    """A request whose review is open stays for a year, not a month."""
    work = emergency
    request_id = await breaks(work)
    await work.reaches(request_id, State.ACTIVE)
    await work.types("@ana", f"/jit done {request_id}")
    await work.reaches(request_id, State.COMPLETED)
    assert 360 * 86400 < await work.bot.connection.calls.ttl(keys.request(request_id))
    assert PROD == (await work.request(request_id)).channel
