"""Contract: where policy asks for a factor a click is answered with what it takes, and nothing is said to be done.

What waits for its requester says so everywhere, the requester is asked by a message of their own, and once they have
confirmed it begins; the story tells by what.
"""

from app.domain.proof import Proof
from app.domain.request import State
from app.playground.hands import offers, readable, told_directly
from tests.workplace import at_work, thread

KEY = Proof(kind="webauthn", credential="1a2b").seen_from("192.0.2.7")


def asks_for(**mfa):
    def change(policy):
        policy["rules"]["prod-db-debug"]["obligations"] = {"mfa": mfa}

    return change


def asking(state, button):
    """The newest direct message to Ana with a button."""
    return next((each for each in reversed(told_directly(state, "@ana")) if button in offers(each)), None)


async def test_approving_by_a_click(workplace):
    """The card says what it takes, and a click is told so; with the factor it goes on, and the thread says how."""
    async with at_work(workplace(asks_for(approver="webauthn"))) as work:
        request_id = await work.asks()
        card = await work.card(request_id, "Approving takes a security key", offering="jit_approve")
        await work.clicks("@ben", card, "jit_approve")
        assert "*Approve* takes a security key" in str((await work.view("@ben", "jit_prove"))["blocks"])
        assert ["requested"] == await work.events(request_id)
        await work.bot.workflow.approve(request_id, work.bot.policy().people["ben"], proof=KEY)
        await work.reaches(request_id, State.ACTIVE)
        lines = thread(await work.settled(), card)
        assert "✅ Ben Okafor approved with a security key (…1a2b), from 192.0.2.7 (db-owner)." in lines
        story = await work.types("@sam", f"/jit audit {request_id}")
        assert "approved with a security key (…1a2b), from 192.0.2.7 (stage db-owner)" in story


async def test_confirming(workplace):
    """Approved, it waits on the card, in the thread, in a direct message and in `/jit status`; then it begins."""
    async with at_work(workplace(asks_for(requester=["webauthn", "totp"]))) as work:
        request_id = await work.asks()
        await work.clicks("@ben", await work.card(request_id, offering="jit_approve"), "jit_approve")
        waits = "Waits for Ana Ruiz to confirm with a security key or a code of an authenticator app"
        card = await work.card(request_id, waits, offering="jit_revoke")
        asked = await work.hands.until("a message that asks", lambda state: asking(state, "jit_confirm"))
        await work.clicks("@ana", asked, "jit_confirm")
        shown = str((await work.view("@ana", "jit_prove"))["blocks"])
        assert "*Start* takes a security key or a code of an authenticator app" in shown
        assert waits in await work.types("@ana", f"/jit status {request_id}")
        assert "waits for you to confirm" in await work.types("@ana", "/jit list")
        assert State.APPROVED is (await work.request(request_id)).state
        await work.bot.workflow.confirm(request_id, work.bot.policy().people["ana"], KEY)
        await work.reaches(request_id, State.ACTIVE)
        state = await work.settled()
        lines = thread(state, card)
        assert "🔑 Ana Ruiz confirmed with a security key (…1a2b), from 192.0.2.7." in lines
        assert any(line.startswith(f"🔑 {waits}, until") for line in lines)
        told = next(each for each in told_directly(state, "@ana") if each["ts"] == asked["ts"])
        assert "You confirmed with a security key" in readable(told)
        assert "jit_confirm" not in offers(told)


async def test_a_forged_confirmation(workplace):
    """A click of somebody else on a forged button is refused and recorded; one on what asks for nothing is told so."""
    async with at_work(workplace(asks_for(requester="webauthn"))) as work:
        request_id = await work.asks()
        await work.clicks("@ben", await work.card(request_id, offering="jit_approve"), "jit_approve")
        await work.card(request_id, "to confirm with a security key")
        said = await work.answer("@chloe", work.forges("@chloe", "jit_confirm", request_id))
        assert "is not your request, so you cannot confirm it" in said
        assert "attempt_refused" in await work.events(request_id)
