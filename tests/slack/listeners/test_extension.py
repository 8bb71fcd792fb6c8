"""Contract of more time: the requester asks, policy and approvers decide, card and messages follow.

The end in force stays until someone decides; nobody decides on their own; every refusal is a sentence.
"""

import pytest

from app.domain.request import State
from app.store import keys
from tests.workplace import Workplace, at_work, thread


async def ends_at(work: Workplace, request_id: str) -> int:
    return int(await work.bot.connection.calls.pexpiretime(keys.grant(request_id)))


async def test_asked_by_command_and_approved_on_the_card(work):
    """The card asks with buttons of its own; with the approval the grant's TTL moves and everyone is told."""
    request_id = await work.goes_live()
    before = await ends_at(work, request_id)
    said = await work.types("@ana", f"/jit extend {request_id} 15m the index is still building")
    assert "when someone decides" in said
    card = await work.card("asks for 15 min more", "the index is still building", offering="jit_approve_more")
    assert before == await ends_at(work, request_id)
    await work.clicks("@ben", card, "jit_approve_more")
    await work.told("@ana", "gave you more time")
    card = await work.card("Access is live", without="jit_approve_more")
    assert 15 * 60_000 == await ends_at(work, request_id) - before
    story = "\n".join(thread(await work.hands.look(), card))
    assert ("Ana Ruiz asks for 15 min more" in story, "Ben Okafor approved more time" in story) == (
        True,
        True,
    )


async def test_asked_by_form_and_denied_with_a_reason(work):
    """The form offers what the action still allows; the denial asks why, and the end stays."""
    request_id = await work.goes_live()
    before = await ends_at(work, request_id)
    live = await work.told("@ana", "You have access", offering="jit_extend")
    await work.hands.clicks("@ana", live, "jit_extend")
    form = await work.view("@ana", "jit_extend_form")
    await work.hands.submits("@ana", form, {"duration": "30 min", "reason": "one more query"})
    card = await work.card("one more query", offering="jit_deny_more")
    await work.told("@ana", "waits for a decision", offering="jit_done")
    await work.hands.clicks("@ben", card, "jit_deny_more")
    form = await work.view("@ben", "jit_deny_more_reason")
    await work.hands.submits("@ben", form, {"comment": "hand over to the night shift"})
    await work.told("@ana", "denied more time", "hand over to the night shift")
    await work.card("Access is live", without="jit_deny_more")
    assert before == await ends_at(work, request_id)


async def test_a_template_gives_more_time_at_once_within_its_limit(work):
    """Policy judges the whole time: up to the template's limit it is given, beyond it people are asked."""
    request_id = await work.asks("@ana", "/jit request restart-container checkout 10m It hangs")
    await work.reaches(request_id, State.ACTIVE)
    said = await work.types("@ana", f"/jit extend {request_id} 10m still starting")
    assert "You have more time" in said
    assert 20 * 60 == (await work.request(request_id)).seconds


@pytest.mark.parametrize(
    ("user", "command", "why"),
    [
        ("@ben", "/jit extend {id} 15m", "not your grant"),
        ("@ana", "/jit extend {id}", "How much longer?"),
        ("@ana", "/jit extend {id} banana", "not a duration"),
        ("@ana", "/jit extend {id} -5m", "not a duration"),
        ("@ana", "/jit extend {id} 9h", "4 h"),
        ("@ana", "/jit extend", "Which request?"),
        ("@ana", "/jit extend R07-0000000 5m", "no request"),
    ],
)
async def test_what_cannot_be_extended_is_told_why(work, user, command, why):
    """Each wrong wish is answered in a sentence, and the end stays."""
    request_id = await work.goes_live()
    before = await ends_at(work, request_id)
    assert why in await work.types(user, command.format(id=request_id))
    assert before == await ends_at(work, request_id)


async def test_the_requester_decides_nothing_about_more_time(work):
    """A click of one's own, shown or forged, is refused and recorded."""
    request_id = await work.goes_live()
    await work.types("@ana", f"/jit extend {request_id} 15m")
    card = await work.card("asks for 15 min more", offering="jit_approve_more")
    assert "your own request" in await work.refused("@ana", card, "jit_approve_more")
    assert "your own request" in await work.refused("@ana", card, "jit_deny_more")
    assert ["attempt_refused"] * 2 == (await work.events(request_id))[-2:]
    assert (await work.request(request_id)).extension is not None


async def test_clicks_that_come_too_late(work):
    """More time that is settled, or whose access has ended, is not given; the clicker is told how it stands."""
    request_id = await work.goes_live()
    await work.types("@ana", f"/jit extend {request_id} 15m")
    card = await work.card("asks for 15 min more", offering="jit_approve_more")
    await work.types("@ana", f"/jit done {request_id}")
    await work.reaches(request_id, State.COMPLETED)
    clicked = work.forges("@ben", "jit_approve_more", request_id, card["channel"])
    said = await work.answer("@ben", clicked)
    assert "is over" in said
    assert not await work.bot.store.has_grant(request_id)


async def test_a_wish_through_two_bots_counts_once(workplace):
    """A command whose repetition reaches another replica gives more time once, also where policy gives it alone."""
    async with at_work(workplace()) as work:
        request_id = await work.asks("@ana", "/jit request restart-container checkout 5m It hangs")
        await work.reaches(request_id, State.ACTIVE)
        await work.start(data=work.data / "second", working=False)
        await work.fault("duplicate")

        await work.hands.types("@ana", f"/jit extend {request_id} 5m still starting")

        await work.told("@ana", "You have access")
        await work.until(lambda: len(work.workspace.ephemerals.get("U0ANA", [])) >= 3, "both have answered")
        assert 10 * 60 == (await work.request(request_id)).seconds


async def test_a_click_decides_what_its_card_showed(work):
    """Who clicks on a card that is behind does not approve what was asked since, and can look again."""
    request_id = await work.goes_live()
    before = await ends_at(work, request_id)
    await work.types("@ana", f"/jit extend {request_id} 15m one more query")
    shown = await work.card("asks for 15 min more", offering="jit_approve_more")
    (block_id,) = [b["block_id"] for b in shown["blocks"] if "jit_approve_more" in str(b)]
    chloe = work.bot.policy().people["chloe"]
    await work.bot.workflow.decide_extension(request_id, chloe, approved=False, comment="too vague")
    await work.types("@ana", f"/jit extend {request_id} 2h the whole evening")
    card = await work.card("asks for 2 h more", offering="jit_approve_more")

    click = work.click("@ben", "jit_approve_more", request_id, card["channel"])
    click["actions"][0]["block_id"] = block_id
    said = await work.answer("@ben", work.deliver("interactive", click))

    assert "is not what its card showed you" in said
    assert before == await ends_at(work, request_id)
    await work.clicks("@ben", card, "jit_approve_more")
    await work.told("@ana", "gave you more time")
