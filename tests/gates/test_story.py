"""Contract of gates: what people decide in Slack reaches the vendor, once; and nothing is let through without a yes.

The whole way: a signed event over HTTP, the card, a click, and what a vendor on loopback was told, who checks whoever
calls and takes one answer. A denial, a lapse, a revocation, a cancellation and policy's own no are all a no.
"""

import pytest

from app.domain.request import State
from app.playground.hands import readable
from tests.gates.conftest import NO, VENDORS, YES, at_gates
from tests.gates.vendors import RUN_TOKEN, event_of
from tests.workplace import thread

WHAT = {
    "github": "harbour/orders to production",
    "gitlab": "harbour/orders to production",
    "terraform": "the run of harbour/network",
}


@pytest.mark.parametrize("vendor", VENDORS)
async def test_approved(gated, vendor):
    """A card says what waits; who deploys may not approve it; another does, and the vendor reads who."""
    work = gated.work
    request_id = await gated.opens(vendor)
    card = await work.card(
        request_id, "Ana Ruiz", WHAT[vendor], "is let through, once", offering="jit_approve"
    )
    assert "no one decides on their own" in await work.refused("@ana", card, "jit_approve")
    assert [] == gated.vendors.final

    await work.clicks("@ben", card, "jit_approve")
    assert [(vendor, YES[vendor])] == await gated.answered()
    assert f"Approved by Ben Okafor ({request_id})." == gated.vendors.final[0].comment
    await gated.settles(request_id)
    await work.reaches(request_id, State.COMPLETED)
    told = await work.card(request_id, "Used to let", WHAT[vendor])
    lines = thread(await work.settled(), told)
    assert any(f"The gate {vendor} was told: approved." in line for line in lines)
    assert ["consumed", "gate_answered"] == [
        kind for kind in await work.events(request_id) if kind in {"consumed", "gate_answered"}
    ]


@pytest.mark.parametrize("vendor", VENDORS)
async def test_denied(gated, vendor):
    """A no reaches the vendor, with who said it and not why."""
    request_id = await gated.opens(vendor)
    card = await gated.work.card(request_id, offering="jit_deny")
    await gated.work.clicks("@ben", card, "jit_deny")
    view = await gated.work.view("@ben", "jit_deny_reason")
    await gated.work.hands.submits("@ben", view, {"comment": "SEC-9: not on a Friday"})

    assert [(vendor, NO[vendor])] == await gated.answered()
    assert f"Denied by Ben Okafor ({request_id})." == gated.vendors.final[0].comment
    await gated.settles(request_id)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_nobody_decides(workplace, vendors, file, vendor):
    """When it lapses the vendor hears no."""

    def soon(policies):
        policies["environments"]["production"]["lapse"] = "1m"

    async with at_gates(workplace(soon), vendors, file) as gated:
        request_id = await gated.opens(vendor)
        store, work = gated.work.bot.store, gated.work
        request, now = await store.load(request_id)
        from app.domain.events import Reminded

        hurried = request.model_copy(update={"lapses_at": now})
        await store.save(hurried, Reminded(request_id=request_id, at=now, by="system", lapses_at=now), now)

        assert [(vendor, NO[vendor])] == await gated.answered()
        assert State.LAPSED is (await work.request(request_id)).state
        assert f"Nobody decided in time ({request_id})." == vendors.final[0].comment


async def test_cancelled_by_who_asked(gated):
    """Whoever deploys takes it back: no."""
    request_id = await gated.opens("github")
    await gated.work.types("@ana", f"/jit cancel {request_id}")
    assert [("github", "rejected")] == await gated.answered()


async def test_it_is_not_asked_again_by_a_form(gated):
    """A form asks for no deployment, so an approval of what it asks would let none through: this is told instead."""
    request_id = await gated.opens("github")
    await gated.work.types("@ana", f"/jit cancel {request_id}")
    told = await gated.work.told("@ana", request_id, offering="jit_again")
    assert "run it there once more" in await gated.work.refused("@ana", told, "jit_again")


async def test_denied_by_policy(workplace, vendors, file):
    """What policy denies at once is told at once; nobody is asked."""

    def closed(policies):
        policies["rules"]["closed"] = {
            "effect": "deny", "actions": ["deploy"], "message": "Nothing is deployed now. Ask again tomorrow.",
        }  # fmt: skip

    async with at_gates(workplace(closed), vendors, file) as gated:
        request_id = await gated.opens("gitlab")
        assert [("gitlab", "rejected")] == await gated.answered()
        assert f"Denied by policy ({request_id})." == vendors.final[0].comment


async def test_approved_by_policy(workplace, vendors, file):
    """What policy approves at once is let through at once, by nobody's hand."""

    def open_(policies):
        policies["rules"]["deploy"] = {
            "effect": "auto_approve", "actions": ["deploy"], "sources": ["trigger"],
        }  # fmt: skip

    async with at_gates(workplace(open_), vendors, file) as gated:
        request_id = await gated.opens("terraform")
        assert [("terraform", "passed")] == await gated.answered()
        assert f"Approved by policy ({request_id})." == vendors.final[0].comment


async def test_terraform_hears_that_it_is_open(gated):
    """While people have not decided the run is told so, and its token is used for that; then nothing keeps it."""
    request_id = await gated.opens("terraform")
    await gated.work.until(lambda: gated.vendors.running, "Terraform was told that it is open")
    assert f"Waits for a decision in Slack ({request_id})." == gated.vendors.running[0].comment
    await gated.approved(request_id)
    await gated.settles(request_id)

    await gated.send("terraform")
    kept = [key async for key in gated.work.bot.connection.calls.scan_iter("jit:{gates}:token:*")]
    assert [] == kept


async def test_the_token_is_nowhere(gated, tmp_path):
    """The run's access token stands in no key in clear, no log line, no message, no event and no file of the bot's."""
    request_id = await gated.opens("terraform")
    calls = gated.work.bot.connection.calls
    await gated.work.until(lambda: gated.vendors.running, "it is used")
    stored = [await calls.get(key) for key in [k async for k in calls.scan_iter("jit:{gates}:token:*")]]
    assert 1 == len(stored)
    assert RUN_TOKEN not in stored[0]

    state = await gated.work.settled()
    everything = [str(gated.work.log), str(state), str(await gated.work.request(request_id))]
    everything += [await _content(calls, key) async for key in calls.scan_iter("*")]
    everything += [each.read_bytes().decode("latin-1") for each in tmp_path.rglob("audit*") if each.is_file()]
    assert not [True for each in everything if RUN_TOKEN in each]


async def test_a_token_in_a_text(workplace, vendors, file):
    """A policy that would put the token into a reason finds none there: nothing is opened, and nothing told."""

    def leaking(policies):
        policies["triggers"]["run-of-terraform"]["request"]["reason"] = {"cel": "event.access_token"}

    async with at_gates(workplace(leaking), vendors, file) as gated:
        said = await gated.send("terraform")
        assert (422, "nothing_opened") == (said.status, said.code)
        assert RUN_TOKEN not in str(said.body)


async def test_terraform_tries_the_address(gated):
    """The request by which a run task is set up is answered with 200 and opens nothing; unsigned it is refused."""
    greeting = event_of(gated.vendors, "terraform") | {"access_token": "test-token", "stage": "test"}
    said = await gated.send("terraform", greeting)
    assert (200, {"opened": []}) == (said.status, said.body)
    said = await gated.send("terraform", greeting, "another-secret-of-this-test")
    assert (401, "not_signed") == (said.status, said.code)
    assert [] == await gated.requests()
    assert [] == gated.vendors.calls


async def test_a_part_is_not_given(gated):
    """A deployment is let through whole: an approval for a part of the resource is refused."""
    request_id = await gated.opens("github")
    from app.domain.refusals import BadInput
    from tests.people import BEN

    with pytest.raises(BadInput, match="let through whole"):
        await gated.work.bot.workflow.approve(request_id, BEN, resource="orders/api")
    assert [] == gated.vendors.final


async def test_used_by_something_else(workplace, vendors, file):
    """A grant that a machine used elsewhere, before the gate did, lets nothing through."""

    def consuming(policies):
        policies["machines"] = {"gateway": {"scopes": ["consume"]}}

    async with at_gates(workplace(consuming), vendors, file) as gated:
        vendors.fail("token", *[503] * 500)
        request_id = await gated.opens("github")
        await gated.approved(request_id)
        await gated.work.reaches(request_id, State.ACTIVE)
        machine = await gated.callers.machine("gateway", "consume")
        said = await machine.post(f"/v1/grants/{request_id}/consume")
        assert 200 == said.status, said.body
        vendors.faults["token"].clear()

        assert [("github", "rejected")] == await gated.answered()
        assert "used for something else" in vendors.final[0].comment


async def test_the_card_names_what_is_let_through(gated):
    """Approvers see on the card where the answer goes, and that it is for one use."""
    request_id = await gated.opens("gitlab")
    card = readable(await gated.work.card(request_id, offering="jit_approve"))
    assert "harbour/orders to production is let through, once, at the gate gitlab" in card
    assert "Good for one use" in card


async def _content(calls, key):
    """What a key holds, as text, whatever its type."""
    match await calls.type(key):
        case "string":
            return str(await calls.get(key))
        case "hash":
            return str(await calls.hgetall(key))
        case "zset":
            return str(await calls.zrange(key, 0, -1))
        case "stream":
            return str(await calls.xrange(key))
        case "set":
            return str(await calls.smembers(key))
        case "list":
            return str(await calls.lrange(key, 0, -1))
