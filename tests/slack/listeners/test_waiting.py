"""Contract of a request that nobody decides: a reminder in its thread, then others who may decide too.

Those who are to act are pinged by a line of the thread; who has decided is left alone; each line comes once.
"""

import asyncio

from app.domain.request import State
from app.playground.hands import in_channel
from tests.workplace import PROD, at_work, thread

SESSION = "/jit request prod-debug-session checkout 15m INC-9: heap dump"


def soon(policy):
    policy["environments"]["production"]["remind"] = "1s"


def ladder(policy):
    policy["environments"]["production"]["remind"] = "never"
    policy["rules"]["prod-db-debug"]["obligations"] = {
        "escalation": [{"after": "1s", "to": {"groups": ["security"]}}]
    }


async def test_approvers_are_reminded_once(workplace):
    """A line of the thread mentions those who may decide; the requester is not one of them."""
    async with at_work(workplace(soon)) as work:
        request_id = await work.asks()
        await work.posted(PROD, "⏰ Nobody has decided yet", "<@U0BEN>", "<@U0CHLOE>")
        state = await work.settled()
        card = await work.card(request_id)
        lines = [line for line in thread(state, card) if "⏰" in line]
        assert (1, False) == (len(lines), "U0ANA" in lines[0])
        assert ["requested", "reminded"] == await work.events(request_id)


async def test_who_has_decided_is_not_reminded(workplace):
    """Of two who must approve, the one who has is left alone."""
    async with at_work(workplace(soon)) as work:
        request_id = await work.asks(command=SESSION)
        await work.clicks("@ben", await work.card(request_id, offering="jit_approve"), "jit_approve")
        line = await work.posted(PROD, "⏰ Nobody has decided yet")
        assert ("<@U0BEN>" in line["text"], "<@U0SAM>" in line["text"]) == (False, True)


async def test_nothing_is_said_of_what_is_decided(workplace):
    """A decision in time leaves no reminder."""
    async with at_work(workplace(soon)) as work:
        request_id = await work.goes_live()
        await asyncio.sleep(1.5)
        events = await work.events(request_id)
        assert "reminded" not in events[events.index("approved") :]


async def test_others_may_decide_after_a_while(workplace):
    """Security, who could not, is pinged and can; the card names them."""
    async with at_work(workplace(ladder)) as work:
        request_id = await work.asks()
        line = await work.posted(PROD, "⏫ Nobody has decided for 1 s: security may decide too", "<@U0SAM>")
        card = await work.card(request_id, "Sam Lindqvist", "escalated", offering="jit_approve")
        assert line["thread_ts"] == card["ts"]
        await work.clicks("@sam", card, "jit_approve")
        request = await work.reaches(request_id, State.ACTIVE)
        assert "sam" == request.decisions[0].by.id
        story = await work.types("@sam", f"/jit audit {request_id}")
        assert "security may decide too (step 1)" in story
        lines = [m for m in in_channel(await work.settled(), PROD) if "⏫" in m.get("text", "")]
        assert 1 == len(lines)


async def test_a_ladder_is_no_way_to_ones_own(workplace):
    """Who asks and stands on a rung decides nothing."""

    def to_engineers(policy):
        ladder(policy)
        rungs = policy["rules"]["prod-db-debug"]["obligations"]["escalation"]
        rungs[0]["to"] = {"groups": ["engineers"]}

    async with at_work(workplace(to_engineers)) as work:
        request_id = await work.asks()
        line = await work.posted(PROD, "⏫")
        assert "<@U0ANA>" not in line["text"]
        said = await work.answer("@ana", work.forges("@ana", "jit_approve", request_id))
        assert "your own request" in said
        assert State.PENDING is (await work.request(request_id)).state
