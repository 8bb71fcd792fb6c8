"""Buttons: who may press them, when, and what is said to whoever may not.

A button carries a request id and nothing else; state, policy and actor are read again at every click. So a
forged, foreign, stale or raced click meets the same checks as an honest one, and every click is answered.
"""

import asyncio

import pytest

from app.domain.request import State
from app.playground.hands import readable, whispered
from tests.workplace import PROD, at_work, cards, thread

VERBS = (
    "jit_approve",
    "jit_deny",
    "jit_cancel",
    "jit_done",
    "jit_revoke",
    "jit_extend",
    "jit_approve_more",
    "jit_deny_more",
)
GARBAGE = (
    "",
    " ",
    "R02",
    "R99-4KX9TQZ",
    "R02-4KX9TQZ R02-4KX9TQZ",
    "../../etc/passwd",
    "R02-4KX9TQ\n",
    "x" * 2000,
    "<!channel>",
    "Ｒ０２-4KX9TQZ",
    "R02-ΑΑΑΑΑΑΑ",
)


@pytest.mark.parametrize("verb", VERBS)
async def test_garbage(work, verb):
    """A value that is no request id is told as such, whatever the button, and mentions in it are disarmed."""
    for value in GARBAGE:
        said = await work.answer("@ben", work.forges("@ben", verb, value))
        assert "is not a request id" in said
        assert "<!channel>" not in said


@pytest.mark.parametrize("verb", VERBS)
async def test_unknown_id(work, verb):
    """An id that nobody has is not told apart from one that is not yours."""
    said = await work.answer("@ben", work.forges("@ben", verb, "R02-4KX9TQZ"))

    assert "🚫 There is no request R02-4KX9TQZ that you may see. `/jit list` shows yours." == said


async def test_no_value(work):
    """A button without a value, or with one that is no text, does nothing and is answered."""
    payload = work.click("@ben", "jit_approve", "")
    del payload["actions"][0]["value"]

    assert "is not a request id" in await work.answer("@ben", work.deliver("interactive", payload))


async def test_self_approval_by_button(work):
    """The requester's own Approve is refused, recorded, told in the thread, and changes nothing."""
    request_id = await work.asks()
    card = await work.card(request_id, offering="jit_approve")

    said = await work.refused("@ana", card, "jit_approve")

    assert (
        f"🚫 {request_id} is your own request, and no one decides on their own: someone else has to." == said
    )
    assert ["requested", "attempt_refused"] == await work.events(request_id)
    state = await work.settled()
    assert ["⚠️ Ana Ruiz tried to approve their own request; refused and recorded."] == thread(state, card)
    assert State.PENDING is (await work.request(request_id)).state


async def test_self_approval_from_elsewhere(work):
    """A payload with the id, from another channel and without a card, is the same attempt."""
    request_id = await work.asks()

    said = await work.answer("@ana", work.forges("@ana", "jit_approve", request_id, channel="#general"))

    assert "your own request" in said
    assert State.PENDING is (await work.request(request_id)).state


async def test_self_denial(work):
    """Nor does the requester deny: they cancel."""
    request_id = await work.asks()

    assert "your own request" in await work.answer("@ana", work.forges("@ana", "jit_deny", request_id))


async def test_second_account(workplace):
    """Who renames themselves in policy, keeping the Slack account, stays the same person to the request."""

    def as_another(policy):
        policy["people"]["ann"] = {"name": "Ann", "slack": "U0ANA"}
        del policy["people"]["ana"]
        policy["groups"]["db-owners"] = ["ann", "ben"]
        policy["groups"]["engineers"] = ["ann", "ben", "dev"]

    async with at_work(workplace(lambda _: None)) as work:
        request_id = await work.asks()
        await work.repolicy(as_another)
        said = await work.answer("@ana", work.forges("@ana", "jit_approve", request_id))

        assert "your own request" in said
        assert () == (await work.request(request_id)).decisions


async def test_new_account_of_the_same_person(workplace):
    """Who gets another Slack account in policy stays the same person to the request."""

    def moved(policy):
        policy["people"]["ana"]["slack"] = "U0DEV"
        policy["people"]["dev"]["slack"] = "U0OTHER"
        policy["groups"]["db-owners"] = ["ana", "ben"]

    async with at_work(workplace(lambda _: None)) as work:
        request_id = await work.asks()
        await work.repolicy(moved)
        said = await work.answer("@dev", work.forges("@dev", "jit_approve", request_id))

        assert "your own request" in said


@pytest.mark.parametrize("verb", ["jit_approve", "jit_deny"])
async def test_not_an_approver(work, verb):
    """Someone in the channel who is not an approver is told who is, and it is recorded."""
    request_id = await work.asks()
    card = await work.card(request_id, offering=verb)

    said = await work.refused("@sam", card, verb)

    assert (
        f"🚫 You are not an approver of {request_id} (db-owner). Its card says who is; policy decides that."
        == said
    )
    assert ["requested", "attempt_refused"] == await work.events(request_id)


async def test_cancel_by_another(work):
    """Nobody cancels somebody else's request, an approver no more than a stranger."""
    request_id = await work.asks()
    for user in ("@ben", "@dev", "@sam"):
        said = await work.answer(user, work.forges(user, "jit_cancel", request_id))
        assert f"🚫 {request_id} is not your request, so you cannot cancel it. Approvers can deny it." == said
    assert State.PENDING is (await work.request(request_id)).state


async def test_done_by_another(work):
    """Nobody gives back somebody else's access."""
    request_id = await work.goes_live()
    for user in ("@ben", "@dev", "@sam"):
        said = await work.answer(user, work.forges(user, "jit_done", request_id))
        assert (
            f"🚫 {request_id} is not your grant, so you cannot give it back. `/jit revoke` is stronger."
            == said
        )
    assert State.ACTIVE is (await work.request(request_id)).state


async def test_revoke_by_a_stranger(work):
    """Somebody without a part in a request cannot revoke it."""
    request_id = await work.goes_live()
    card = await work.card(request_id, offering="jit_revoke")

    said = await work.refused("@dev", card, "jit_revoke")

    assert f"🚫 You may not revoke {request_id}: its requester, its approvers and security may." == said
    assert State.ACTIVE is (await work.request(request_id)).state


@pytest.mark.parametrize("user", ["@ana", "@ben", "@chloe", "@sam"])
async def test_revoke_by_those_who_may(work, user):
    """Requester, any approver and security end it at once; the key is gone and the card has no button."""
    request_id = await work.goes_live()
    card = await work.card(request_id, offering="jit_revoke")
    assert await work.bot.store.has_grant(request_id)

    await work.clicks(user, card, "jit_revoke")

    await work.card(request_id, "Revoked by", "Access is gone", without="jit_revoke")
    assert not await work.bot.store.has_grant(request_id)


async def test_two_approvers_at_once(work):
    """Of two clicks in the same instant one wins; the other is told who decided; the card names one."""
    request_id = await work.asks()
    card = await work.card(request_id, offering="jit_approve")

    await asyncio.gather(work.clicks("@ben", card, "jit_approve"), work.clicks("@chloe", card, "jit_approve"))

    await work.reaches(request_id, State.ACTIVE)
    request = await work.request(request_id)
    assert 1 == len(request.decisions)
    winner = request.decisions[0].by
    loser = "@chloe" if winner.id == "ben" else "@ben"
    await work.until(lambda: work.workspace.ephemerals.get(work.user_id(loser)), "the loser is told")
    told = [readable(m) for m in whispered(await work.hands.look(), loser)]
    assert [
        f"🚫 {winner.name} has approved {request_id} already, so there is nothing to approve any more."
    ] == told
    assert ["requested", "approved", "grant_begun", "activated"] == await work.events(request_id)


async def test_approve_and_deny_at_once(work):
    """Approve against deny: one of them holds, and the other is told."""
    request_id = await work.asks()
    card = await work.card(request_id, offering="jit_deny")
    await work.clicks("@chloe", card, "jit_deny")
    view = await work.view("@chloe", "jit_deny_reason")

    await asyncio.gather(
        work.clicks("@ben", card, "jit_approve"), work.hands.submits("@chloe", view, {"comment": "no"})
    )

    await work.until(
        lambda: work.workspace.ephemerals.get("U0BEN") or work.workspace.ephemerals.get("U0CHLOE"), "told"
    )
    assert 1 == len((await work.request(request_id)).decisions)


async def test_deny_after_the_form_was_opened(work):
    """A deny whose form was opened before somebody approved is refused, with who approved."""
    request_id = await work.asks()
    card = await work.card(request_id, offering="jit_deny")
    await work.clicks("@chloe", card, "jit_deny")
    view = await work.view("@chloe", "jit_deny_reason")
    await work.clicks("@ben", card, "jit_approve")
    await work.reaches(request_id, State.ACTIVE)

    said = await work.answer("@chloe", work.hands.submits("@chloe", view, {"comment": "no"}))

    assert f"🚫 Ben Okafor has approved {request_id} already" in said
    assert "revoke" in said


@pytest.mark.parametrize("verb", ["jit_approve", "jit_deny", "jit_cancel"])
async def test_settled(work, verb):
    """A click on a request that is over is told so, with who ended it."""
    request_id = await work.asks()
    await work.types("@ana", f"/jit cancel {request_id}")
    user = "@ana" if verb == "jit_cancel" else "@ben"

    said = await work.answer(user, work.forges(user, verb, request_id))

    assert f"{request_id}" in said
    assert "cancelled" in said
    assert State.CANCELLED is (await work.request(request_id)).state


@pytest.mark.parametrize(("verb", "user"), [("jit_done", "@ana"), ("jit_revoke", "@ben")])
async def test_nothing_to_end(work, verb, user):
    """Done and Revoke on what is not live say where the request stands."""
    request_id = await work.asks()

    said = await work.answer(user, work.forges(user, verb, request_id))

    assert request_id in said
    assert "still waits for a decision" in said


async def test_twice_by_one_approver(workplace):
    """Where two must approve, one person counts once, and is told that it waits for another."""
    async with at_work(workplace()) as work:
        request_id = await work.asks(command="/jit request prod-debug-session checkout 15m INC-9: heap dump")
        card = await work.card(request_id, offering="jit_approve")
        await work.clicks("@ben", card, "jit_approve")
        card = await work.card(request_id, "1 of 2 so far (Ben Okafor)", offering="jit_approve")

        said = await work.refused("@ben", card, "jit_approve")

        assert f"🚫 You have approved {request_id} already; it waits for someone else now." == said
        await work.clicks("@sam", card, "jit_approve")
        await work.card(request_id, "Approved by Ben Okafor and Sam Lindqvist", "Access is live")


async def test_left_the_group(workplace):
    """Who left the approvers between card and click is no approver any more; the card follows."""

    def without_ben(policy):
        policy["groups"]["db-owners"] = ["chloe"]

    async with at_work(workplace(lambda _: None)) as work:
        request_id = await work.asks()
        card = await work.card(request_id, offering="jit_approve")
        await work.repolicy(without_ben)

        said = await work.refused("@ben", card, "jit_approve")

        assert f"You are not an approver of {request_id}" in said
        assert State.PENDING is (await work.request(request_id)).state


async def test_approved_and_left(workplace):
    """The approval of someone whom policy does not name any more counts no more: another one is needed."""

    def without_ben(policy):
        del policy["people"]["ben"]
        policy["people"]["eli"] = {"name": "Eli", "slack": "U0ELI"}
        for group in policy["groups"].values():
            members = group if isinstance(group, list) else group["people"]
            members[:] = ["eli" if each == "ben" else each for each in members]

    async with at_work(workplace(lambda _: None)) as work:
        request_id = await work.asks("@ana", "/jit request prod-debug-session checkout 15m INC-9")
        card = await work.card(request_id, offering="jit_approve")
        await work.clicks("@ben", card, "jit_approve")
        await work.card(request_id, "1 of 2 so far (Ben Okafor)")
        await work.repolicy(without_ben)

        await work.clicks("@chloe", card, "jit_approve")

        await work.card(request_id, "1 of 2 so far (Chloe Martin)", offering="jit_approve")
        assert State.PENDING is (await work.request(request_id)).state


async def test_left_while_the_form_was_open(workplace):
    """The right to deny is looked at when the form comes back, not when it was opened."""

    def without_ben(policy):
        policy["groups"]["db-owners"] = ["chloe"]

    async with at_work(workplace(lambda _: None)) as work:
        request_id = await work.asks()
        await work.clicks("@ben", await work.card(request_id, offering="jit_deny"), "jit_deny")
        view = await work.view("@ben", "jit_deny_reason")
        await work.repolicy(without_ben)

        said = await work.answer("@ben", work.hands.submits("@ben", view, {"comment": "no"}))

        assert f"You are not an approver of {request_id}" in said
        assert State.PENDING is (await work.request(request_id)).state


async def test_a_rule_that_denies_came_in(workplace):
    """An approval is refused once a rule denies, and the approver reads which."""

    def freeze(policy):
        policy["rules"]["freeze"] = {
            "effect": "deny",
            "environments": ["production"],
            "message": "Change freeze until Monday",
        }

    async with at_work(workplace(lambda _: None)) as work:
        request_id = await work.asks()
        card = await work.card(request_id, offering="jit_approve")
        await work.repolicy(freeze)

        said = await work.refused("@ben", card, "jit_approve")

        assert f"🚫 Policy denies {request_id} by now: Change freeze until Monday." == said


@pytest.mark.parametrize("by_rules", [True, False])
async def test_nothing_lets_it_be_asked_any_more(workplace, by_rules):
    """An approval is refused once no rule matches, whether a rule is gone or the requester out of its group."""

    def change(policy):
        if by_rules:
            policy["rules"].pop("prod-db-debug")
        else:
            policy["groups"]["engineers"].remove("ana")

    async with workplace(lambda _: None) as work:
        await work.start(working=False)
        request_id = await work.asks()
        await work.repolicy(change)
        forged = await work.answer("@ben", work.forges("@ben", "jit_approve", request_id))

        assert (
            f"Policy denies {request_id} by now: no rule lets ana ask for prod-db-debug on orders-db."
            in forged
        )
        assert State.PENDING is (await work.request(request_id)).state


async def test_more_time_that_nothing_lets_be_asked_any_more(workplace):
    """The same holds for more time."""
    async with workplace(lambda _: None) as work:
        first = await work.start()
        live = await work.goes_live()
        await work.types("@ana", f"/jit extend {live} 15m more")
        card = await work.card(live, "asks for 15 min more", offering="jit_approve_more")
        await work.settled()
        await first.stop()
        work.replicas.clear()
        await work.start(working=False)
        await work.repolicy(lambda policy: policy["rules"].pop("prod-db-debug"))
        said = await work.refused("@ben", card, "jit_approve_more")

        assert f"Policy denies {live} by now: no rule lets ana ask for prod-db-debug on orders-db." in said


async def test_blank_denial(work):
    """A deny without words, which the form alone would not keep out, is refused in the form."""
    request_id = await work.asks()
    await work.clicks("@ben", await work.card(request_id, offering="jit_deny"), "jit_deny")
    view = await work.view("@ben", "jit_deny_reason")

    answered = await work.hands.submits("@ben", view, {"comment": "   \n "})

    assert {"comment": "Say why you deny it: the requester is told."} == answered["errors"]
    assert State.PENDING is (await work.request(request_id)).state


async def test_forged_denial(work):
    """A deny form that was sent by hand, for a request of another's stage, is refused as a click would be."""
    request_id = await work.asks()
    await work.clicks("@ben", await work.card(request_id, offering="jit_deny"), "jit_deny")
    view = await work.view("@ben", "jit_deny_reason")
    forged = {
        "type": "view_submission",
        "team": {"id": "T0DEMO", "domain": "harbour-demo"},
        "user": {"id": "U0SAM", "username": "sam", "name": "sam", "team_id": "T0DEMO"},
        "api_app_id": work.app.app_id,
        "token": "x",
        "trigger_id": "1.1.forged",
        "view": view | {"state": {"values": {"comment": {"comment": {"type": "x", "value": "no"}}}}},
        "response_urls": [],
    }
    forged["view"]["private_metadata"] = request_id

    await work.deliver("interactive", forged)

    told = await work.told("@sam", "not an approver")
    assert request_id in readable(told)
    assert State.PENDING is (await work.request(request_id)).state


async def test_one_card_and_no_flood(work):
    """Approvers get one card in their channel, and no direct messages."""
    await work.goes_live()
    state = await work.settled()

    assert 1 == len(cards(state, PROD))
    assert {"U0ANA"} == set(state["direct"])
