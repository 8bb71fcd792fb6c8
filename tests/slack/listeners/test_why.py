"""Contract of «Why?»: policy explains itself to those who may see the request, and to nobody else.

On the card and in the refusal: the rule, the condition, expected against actual, who may approve, and what
would have made it pass.
"""

import pytest

from app.playground.hands import offers, readable, whispered
from tests.workplace import id_in


async def test_on_the_card(work):
    """An approver reads which rule asks them, and who else may approve; so may the requester and security."""
    request_id = await work.asks()
    card = await work.card(request_id, offering="jit_why")
    for user in ("@ben", "@ana", "@sam"):
        await work.clicks(user, card, "jit_why")
        view = readable(await work.view(user, "jit_why_view"))
        assert request_id in view
        assert ("prod-db-debug* requires approvals" in view, "group engineers" in view) == (True, True)
        assert "1 of Ben Okafor, Chloe Martin" in view
    live = await work.goes_live()
    await work.clicks("@ben", await work.card(live, offering="jit_revoke"), "jit_why")


async def test_in_the_refusal(work):
    """Denied by a rule: the condition with expected against actual, and what to ask for instead."""
    said = await work.types("@ana", "/jit request prod-db-debug payments-db 2h INC-7 cards")
    assert "Policy denies" in said
    (message,) = whispered(await work.hands.look(), "@ana")
    assert ["jit_why", "jit_again"] == offers(message)
    await work.hands.clicks("@ana", message, "jit_why")
    view = readable(await work.view("@ana", "jit_why_view"))
    assert "payments-at-most-1h* denies" in view
    assert "Ask for at most 1 h" in view
    assert "Then it needs 1 of Ben Okafor, Chloe Martin (db-owner)" in view


async def test_denied_as_nothing_allows_it(work):
    """Denied by default: the rule that lacks least, with what it expects."""
    said = await work.types("@chloe", "/jit request prod-config-change routing 30m INC-7 a route")
    request_id = id_in(said)
    (message,) = whispered(await work.hands.look(), "@chloe")
    await work.hands.clicks("@chloe", message, "jit_why")
    view = readable(await work.view("@chloe", "jit_why_view"))
    assert ("no rule allows it" in view, "Be in group engineers" in view) == (True, True)
    assert "chloe, in db-owners" in view
    await work.types("@chloe", f"/jit status {request_id}")


async def test_asking_again_after_a_refusal(work):
    """The same message opens the form as it was filled in."""
    await work.types("@ana", "/jit request prod-db-debug payments-db 2h INC-7 cards")
    (message,) = whispered(await work.hands.look(), "@ana")
    await work.hands.clicks("@ana", message, "jit_again")
    form = await work.view("@ana", "jit_request", with_input="reason")
    assert "INC-7 cards" in str(form["blocks"])


@pytest.mark.parametrize("user", ["@dev", "@chloe"])
async def test_only_those_who_may_see_it(work, user):
    """A colleague who is none of requester, approver and security learns nothing, not even that it exists."""
    request_id = await work.asks("@ana", "/jit request prod-config-change routing 30m INC-7 a route")
    said = await work.answer(user, work.forges(user, "jit_why", request_id))
    assert f"no request {request_id} that you may see" in said
    unknown = await work.answer(user, work.forges(user, "jit_why", "R07-0000000"))
    assert said.replace(request_id, "") == unknown.replace("R07-0000000", "")
    assert not (await work.hands.look())["views"].get(work.user_id(user))


async def test_after_the_policy_changed(workplace):
    """Both verdicts are told: that of then, which counts, and that of now."""
    async with workplace(lambda _: None) as work:
        await work.start()
        request_id = await work.asks()
        card = await work.card(request_id, offering="jit_why")

        def renamed(policy):
            policy["rules"]["debug-by-owners"] = policy["rules"].pop("prod-db-debug")

        await work.repolicy(renamed)
        await work.clicks("@ben", card, "jit_why")
        view = readable(await work.view("@ben", "jit_why_view"))
        assert "When it was asked" in view
        assert ("prod-db-debug)" in view, "debug-by-owners* requires" in view) == (True, True)
