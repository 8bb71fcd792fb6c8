"""Contract of a gate that asks anew where its answers do not say for which deployment they are.

GitHub takes a review by run and environment, which a run keeps when it is run again. So what was asked before is
withdrawn, and what was decided about it is told to nobody: it would let through, or stop, what nobody looked at.
"""

import pytest

from app.domain.request import State
from tests.gates.vendors import DIES, event_of
from tests.workplace import thread


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr("app.gates.keeper.FIRST_AGAIN", 0.05)


def attempt(gated, number, **else_):
    """What GitHub sends for an attempt of one and the same run."""
    event = event_of(gated.vendors, "github")
    event["deployment"]["id"] = number
    return event | else_


async def said_of(gated, request_id):
    return thread(await gated.work.settled(), await gated.work.card(request_id))


async def test_while_people_decide(gated):
    """The older is withdrawn and says why; the newer alone is answered."""
    older = await gated.opens("github", attempt(gated, 900))
    newer = await gated.opens("github", attempt(gated, 1000))
    assert older != newer
    await gated.work.reaches(older, State.CANCELLED)
    await gated.settles(older, "refused")
    assert any("GitHub asked anew" in line for line in await said_of(gated, older))

    await gated.approved(newer)
    await gated.settles(newer)
    assert [f"Approved by Ben Okafor ({newer})."] == [each.comment for each in gated.vendors.final]


async def test_approved_and_not_yet_told(gated):
    """A grant whose yes waits for the vendor is taken back unused."""
    gated.vendors.fail("token", *[503] * 1000)
    older = await gated.opens("github", attempt(gated, 7))
    await gated.approved(older)
    await gated.work.reaches(older, State.ACTIVE)
    newer = await gated.opens("github", attempt(gated, 8))
    request = await gated.work.reaches(older, State.REVOKED)
    assert not request.ending.used
    gated.vendors.faults["token"].clear()
    await gated.settles(older, "refused")

    card = await gated.work.card(newer, offering="jit_deny")
    await gated.work.clicks("@ben", card, "jit_deny")
    view = await gated.work.view("@ben", "jit_deny_reason")
    await gated.work.hands.submits("@ben", view, {"comment": "SEC-9: not on a Friday"})
    await gated.settles(newer)
    assert [("github", "rejected")] == await gated.answered()
    assert newer in gated.vendors.final[0].comment


@pytest.mark.parametrize("decided", ["approved", "denied"])
async def test_an_answer_under_way(gated, decided):
    """A yes that was used, and a no, are told no more: they would be the answer to the newer."""
    gated.vendors.fail("answer", *[503] * 1000)
    older = await gated.opens("github", attempt(gated, 7))
    if decided == "approved":
        await gated.approved(older)
        await gated.work.reaches(older, State.COMPLETED)
    else:
        await gated.work.types("@ana", f"/jit cancel {older}")
        await gated.work.reaches(older, State.CANCELLED)
    newer = await gated.opens("github", attempt(gated, 8))
    await gated.settles(older, "refused")
    gated.vendors.faults["answer"].clear()
    assert any("it is not told, as GitHub asked anew" in line for line in await said_of(gated, older))

    await gated.approved(newer)
    await gated.settles(newer)
    assert [f"Approved by Ben Okafor ({newer})."] == [each.comment for each in gated.vendors.final]


async def test_asked_anew_while_the_vendor_is_looked_at(gated, monkeypatch):
    """The yes of the older is not used once the newer has come, however late that is."""
    vendor = gated.work.bot.gates.gates.all["github"]
    is_ready, came = vendor.is_ready, []

    async def meanwhile(*asked):
        await is_ready(*asked)
        if not came:
            came.append(await gated.opens("github", attempt(gated, 8)))

    monkeypatch.setattr(vendor, "is_ready", meanwhile)
    older = await gated.opens("github", attempt(gated, 7))
    await gated.approved(older)
    assert not (await gated.work.reaches(older, State.REVOKED)).ending.used
    await gated.settles(older, "refused")
    assert [] == gated.vendors.final

    await gated.approved(came[0])
    await gated.settles(came[0])
    assert [f"Approved by Ben Okafor ({came[0]})."] == [each.comment for each in gated.vendors.final]


async def test_asked_anew_once_the_yes_is_used(gated, monkeypatch):
    """The last look is right before the vendor is told."""
    store, came = gated.work.bot.gates.store, []
    begin = store.begin

    async def meanwhile(request_id):
        if not came:
            came.append(await gated.opens("github", attempt(gated, 8)))
        return await begin(request_id)

    monkeypatch.setattr(store, "begin", meanwhile)
    older = await gated.opens("github", attempt(gated, 7))
    await gated.approved(older)
    await gated.work.reaches(older, State.COMPLETED)
    await gated.settles(older, "refused")
    assert [] == gated.vendors.final


async def test_an_answer_that_may_have_been_taken(gated):
    """Nobody heard whether the vendor took it before it asked anew: that is said."""
    gated.vendors.fail("answer", DIES, *[503] * 1000)
    older = await gated.opens("github", attempt(gated, 7))
    await gated.approved(older)
    await gated.answered()
    await gated.opens("github", attempt(gated, 8))
    await gated.settles(older, "refused")
    assert any(
        "may have taken an answer that was sent before" in line for line in await said_of(gated, older)
    )


async def test_slack_is_away_as_it_asks_anew(gated):
    """Who asks cannot be verified: the vendor is told to come again, and until then the older request goes on."""
    older = await gated.opens("github", attempt(gated, 7))
    await gated.work.settled()
    gated.work.bot.announcer._identity.forget("U0ANA")
    await gated.work.fault("error:internal_error", method="users.info", count=1)
    said = await gated.send("github", attempt(gated, 8))
    assert (503, "slack_unavailable") == (said.status, said.code)
    await gated.work.settled()
    assert State.PENDING is (await gated.work.request(older)).state

    newer = await gated.opens("github", attempt(gated, 8))
    await gated.work.reaches(older, State.CANCELLED)
    await gated.approved(newer)
    await gated.settles(newer)
    assert 1 == len(gated.vendors.final)


async def test_the_older_event_comes_last(gated):
    """Events come in any order: the number of the deployment says which is the newer, and not the time."""
    newer = await gated.opens("github", attempt(gated, 1000))
    older = await gated.opens("github", attempt(gated, 999))
    await gated.work.reaches(older, State.CANCELLED)
    await gated.settles(older, "refused")
    await gated.approved(newer)
    await gated.settles(newer)
    assert 1 == len(gated.vendors.final)


async def test_another_run_or_environment(gated):
    """What has an answer of its own goes on."""
    first = await gated.opens("github", attempt(gated, 7))
    event = attempt(gated, 8)
    before, _, after = event["deployment_callback_url"].rpartition("/runs/")
    run, _, rest = after.partition("/")
    event["deployment_callback_url"] = f"{before}/runs/{int(run) + 1}/{rest}"
    second = await gated.opens("github", event)
    for each in (first, second):
        await gated.approved(each)
        await gated.settles(each)
    assert 2 == len(gated.vendors.final)
