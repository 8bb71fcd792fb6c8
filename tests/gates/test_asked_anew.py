"""Contract of a gate that asks anew where its answers do not say for which deployment they are.

GitHub takes a review by run and environment, which a run keeps when it is run again. So what was asked before is
withdrawn, and what was decided about it is told to nobody: it would let through, or stop, what nobody looked at.
"""

import pytest

from app.domain.request import State
from tests.gates.vendors import event_of
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
