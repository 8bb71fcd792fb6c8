"""Contract of what policy obliges to, as people meet it: stages in any order, and who is to be told."""

from tests.workplace import at_work, thread


def with_obligations(policies):
    policies["rules"]["prod-db-migration"]["obligations"] = {"parallel": True, "tell": ["security"]}


async def test_stages_in_any_order_and_security_told(workplace):
    """The second stage's approver may be the first to click; with the access security is mentioned, once."""
    async with at_work(workplace(with_obligations)) as work:
        request_id = await work.asks("@ana", "/jit request prod-db-migration orders-db 30m MIG-4: an index")
        card = await work.card(request_id, "Stages in any order", offering="jit_approve")
        await work.clicks("@sam", card, "jit_approve")
        await work.card(request_id, "1 of 2 so far", offering="jit_approve")
        await work.clicks("@chloe", card, "jit_approve")
        card = await work.card(request_id, "Access is live")
        await work.settled()
        story = thread(await work.hands.look(), card)
        assert 1 == sum("<@U0SAM>" in line for line in story)
