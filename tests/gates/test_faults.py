"""Contract of gates on a bad day: an answer that is due arrives, whoever dies; one that is not due never does.

Vendors answer with errors, slowly, or die before or after the effect; bots are stopped between any two steps; people
revoke while the vendor is away. The vendor takes one final answer, and what it takes is what the request says.
"""

import asyncio
from contextlib import asynccontextmanager

import pytest

from app.domain.request import State
from app.store.giving import Giving
from tests.gates.conftest import NO, VENDORS, YES, at_gates, how, waited
from tests.gates.vendors import CUT, DIES, SLOW, settings_of
from tests.workplace import thread

PASSING = [500, 503, (429, {"Retry-After": "1"}), 408, 401, 307, CUT]


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr("app.gates.keeper.FIRST_AGAIN", 0.05)


@pytest.mark.parametrize("fault", PASSING, ids=["500", "503", "429", "408", "401", "307", "cut"])
async def test_what_passes(gated, fault):
    """An answer that the vendor did not take for now is sent again until it does; redirects are followed nowhere."""
    gated.vendors.fail("answer", fault, fault)
    request_id = await gated.opens("github")
    await gated.approved(request_id)

    assert [("github", "approved")] == await gated.answered()
    await gated.settles(request_id)
    assert {"/github"} == {path[:7] for _, path in gated.vendors.calls}


async def test_a_vendor_that_is_slow(workplace, vendors, tmp_path):
    """A call has its time, and is made again."""
    file = settings_of(vendors, tmp_path, timeout=0.5)
    async with at_gates(workplace(), vendors, file) as gated:
        vendors.fail("answer", SLOW)
        request_id = await gated.opens("gitlab")
        await gated.approved(request_id)
        assert [("gitlab", "approved")] == await gated.answered()
        await gated.settles(request_id)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_vendor_that_dies_after_the_effect(gated, vendor):
    """It took the answer and nobody heard: it is sent again, refused as a second one, and said to be in doubt."""
    gated.vendors.fail("answer", DIES)
    request_id = await gated.opens(vendor)
    await gated.approved(request_id)

    assert [(vendor, YES[vendor])] == await gated.answered()
    await gated.settles(request_id, "refused")
    card = await gated.work.card(request_id)
    assert any("may have taken an answer" in line for line in thread(await gated.work.settled(), card))
    assert 1 == len(gated.vendors.final)


@pytest.mark.parametrize("status", [404, 410, 422])
async def test_a_vendor_that_waits_no_more(gated, status):
    """What it will never take is told in the thread, and not sent for ever."""
    gated.vendors.fail("answer", status)
    request_id = await gated.opens("gitlab")
    await gated.approved(request_id)

    await gated.settles(request_id, "refused")
    card = await gated.work.card(request_id)
    lines = thread(await gated.work.settled(), card)
    assert any(
        f"did not take “approved”: 127.0.0.1 answered {status}: fault {status}" in each for each in lines
    )
    assert [] == gated.vendors.final


async def test_a_deployment_that_is_not_blocked_any_more(gated):
    """One that was cancelled at GitLab is not approved: the grant is taken back unused."""
    request_id = await gated.opens("gitlab")
    gated.vendors.gitlab_status = "canceled"
    await gated.approved(request_id)

    await gated.settles(request_id, "refused")
    request = await gated.work.reaches(request_id, State.REVOKED)
    assert request.ending is not None
    assert (False, "GitLab waits no more: the deployment is canceled, and waits for no approval") == (
        request.ending.used, request.ending.comment,
    )  # fmt: skip
    assert [] == gated.vendors.final


async def test_a_run_that_is_gone(gated):
    """A run whose token is refused waits no more: nobody is asked in vain."""
    gated.vendors.fail("look", 401)
    request_id = await gated.opens("terraform")
    await gated.work.reaches(request_id, State.CANCELLED)
    await gated.settles(request_id, "refused")


async def test_revoked_while_the_vendor_is_away(gated):
    """Approved, and the vendor does not answer: the grant can be revoked, and then the answer is no for good."""
    work, vendors = gated.work, gated.vendors
    vendors.fail("token", *[503] * 1000)
    request_id = await gated.opens("github")
    await gated.approved(request_id)
    card = await work.card(request_id, "Access is live", offering="jit_revoke")
    await work.clicks("@ben", card, "jit_revoke")
    await work.reaches(request_id, State.REVOKED)
    vendors.faults["token"].clear()

    assert [("github", "rejected")] == await gated.answered()
    await gated.settles(request_id)
    assert f"The approval was revoked ({request_id})." == vendors.final[0].comment


async def test_revoked_once_it_was_used(gated):
    """Used, and the answer is under way: a revocation is refused, and the answer stays a yes."""
    vendors = gated.vendors
    vendors.fail("answer", *[503] * 1000)
    request_id = await gated.opens("github")
    await gated.approved(request_id)
    await gated.work.reaches(request_id, State.COMPLETED)
    said = await gated.work.types("@ben", f"/jit revoke {request_id}")
    assert "was let through" in said
    vendors.faults["answer"].clear()

    assert [("github", "approved")] == await gated.answered()
    assert 1 == len(vendors.final)


async def test_a_yes_that_comes_too_late(gated):
    """Used, and not told before the grant's time was up: the vendor hears no, and never a yes."""
    vendors, store = gated.vendors, gated.work.bot.store
    vendors.fail("answer", *[503] * 1000)
    request_id = await gated.opens("github")
    await gated.approved(request_id)
    await gated.work.reaches(request_id, State.COMPLETED)
    from app.domain.events import Drifted

    request, now = await store.load(request_id)
    event = Drifted(request_id=request_id, at=now, by="system", connector="test", comment="its time is up")
    assert await store.save(request.model_copy(update={"ends_at": now}), event, now)
    calls = len(vendors.calls)
    await gated.work.until(lambda: len(vendors.calls) >= calls + 4, "two tries that began after its end")
    vendors.faults["answer"].clear()

    assert [("github", "rejected")] == await gated.answered()
    await gated.settles(request_id)
    assert "the approval's time was up" in vendors.final[0].comment


async def test_a_vendor_that_is_away_for_long(gated):
    """From the third failure on the admin channel and /readyz say so, until it is told."""
    vendors, bot = gated.vendors, gated.work.bot
    vendors.fail("token", *[503] * 1000)
    request_id = await gated.opens("github")
    await gated.approved(request_id)

    async def told() -> bool:
        return "cannot be brought to the gate github" in (await bot.readiness()).warnings.get("gates", "")

    await waited(told, "it is a warning")
    await gated.work.posted("#security", request_id, "cannot be brought to the gate github", "503")
    vendors.faults["token"].clear()
    await gated.settles(request_id)
    assert "gates" not in (await bot.readiness()).warnings


async def test_a_wake_as_a_look_ends(gated, monkeypatch):
    """What is claimed in the moment in which a look ends is looked at once more, and not when its claim is over."""
    keeper, real, looks, ended = gated.work.bot.gates.keeper, Giving.alone, [], []
    look = keeper.look

    @asynccontextmanager
    async def alone(self, request_id):
        async with real(self, request_id):
            yield
        if not ended:
            ended.append(request_id)
            keeper._take_up(request_id)

    async def counted(request_id):
        looks.append(request_id)
        await look(request_id)

    monkeypatch.setattr(Giving, "alone", alone)
    monkeypatch.setattr(keeper, "look", counted)
    request_id = await gated.opens("github")
    await gated.work.until(lambda: len(looks) >= 2, "it is looked at once more")
    assert {request_id} == set(looks)


async def test_two_bots(workplace, vendors, file):
    """Two at one store, many gates at once: each is answered once, by whichever."""
    async with at_gates(workplace(), vendors, file) as gated:
        await gated.work.start(**how(file))
        opened = [await gated.opens(vendor) for vendor in VENDORS]
        for request_id in opened:
            await gated.approved(request_id)
        answers = await gated.answered(3)
        for request_id in opened:
            await gated.settles(request_id)

        assert sorted((vendor, YES[vendor]) for vendor in VENDORS) == sorted(answers)
        assert 3 == len(vendors.final)


STEPS = ["at the event", "decided", "ready", "used", "told"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("decision", ["approve", "deny"])
async def test_a_bot_that_is_stopped(workplace, vendors, file, step, decision, monkeypatch):
    """Stopped at any step, and another goes on: one final answer, and the one that was decided."""
    reached = asyncio.Event()
    real = {}

    def stops_at(target: str, name: str, *, after: bool) -> None:
        module, _, kind = target.rpartition(".")
        owner = getattr(__import__(module, fromlist=[kind]), kind)
        real[name] = getattr(owner, name)

        async def stopping(self, *args, **more):
            if after:
                await real[name](self, *args, **more)
            reached.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(owner, name, stopping)

    if step == "at the event":
        stops_at("app.gates.keeper.Keeper", "handle", after=False)
    async with at_gates(workplace(), vendors, file) as gated:
        work = gated.work
        request_id = await gated.opens("github")
        if step == "at the event":
            await asyncio.wait_for(reached.wait(), 20)
        else:
            await work.card(request_id, offering="jit_approve")
            match step:
                case "decided":
                    stops_at("app.gates.keeper.Keeper", "look", after=False)
                case "ready":
                    stops_at("app.gates.github.Github", "_token", after=True)
                case "used":
                    stops_at("app.gates.github.Github", "tell", after=False)
                case "told":
                    stops_at("app.gates.github.Github", "tell", after=True)
        from tests.people import BEN

        if decision == "approve":
            await work.bot.workflow.approve(request_id, BEN)
        else:
            await work.bot.workflow.deny(request_id, BEN, "Not today.")
        await asyncio.wait_for(reached.wait(), 20)
        await work.replicas.pop(0).stop()
        monkeypatch.undo()
        monkeypatch.setattr("app.gates.keeper.FIRST_AGAIN", 0.05)
        monkeypatch.setattr("app.store.giving.ASKED_EVERY", 0.05)
        async for key in _calls(file, work).scan_iter("jit:{gates}:due"):
            await _calls(file, work).zadd(key, {request_id: 0})  # as if the claim of the dead one were over
        await work.start(**how(file))

        expected = "approved" if decision == "approve" else "rejected"
        assert [("github", expected)] == await gated.answered()

        async def settled() -> bool:
            return await work.bot.gates.store.fate(request_id) in {"answered", "refused"}

        await waited(settled, "it is settled")
        assert 1 == len(vendors.final)


def _calls(file, work):
    import redis.asyncio

    return redis.asyncio.Redis.from_url(work.redis_url, decode_responses=True)


async def test_a_gate_that_is_set_up_no_more(workplace, vendors, file, tmp_path):
    """What waits at a gate that the settings lost is not answered, and said to be so."""
    async with at_gates(workplace(), vendors, file) as gated:
        request_id = await gated.opens("gitlab")
        await gated.work.replicas.pop().stop()
        lines = (
            file.read_text()
            .replace("gitlab:", "elsewhere:")
            .replace("  elsewhere:", "  elsewhere:\n    kind: gitlab")
        )
        file.write_text(lines)
        await gated.work.start(**how(file))
        await gated.approved(request_id)

        async def told() -> bool:
            return "no gate gitlab is set up any more" in (await gated.work.bot.readiness()).warnings.get(
                "gates", ""
            )

        await waited(told, "it is a warning")
        assert "gitlab" in (await gated.work.bot.readiness()).warnings["triggers"]
        assert [] == vendors.final


async def test_an_hour_is_over(workplace, vendors, file, monkeypatch):
    """A run whose time is nearly up is withdrawn, and failed, before Terraform gives up."""
    from datetime import timedelta

    async with at_gates(workplace(), vendors, file) as gated:
        request_id = await gated.opens("terraform")
        await gated.work.until(lambda: vendors.running, "it was told that it is open")
        monkeypatch.setattr("app.gates.terraform.Terraform.waits", timedelta(seconds=0))
        await gated.work.bot.gates.store.wake(request_id)

        assert [("terraform", "failed")] == await gated.answered()
        request = await gated.work.request(request_id)
        assert State.CANCELLED is request.state
        assert "Terraform waits for" in request.comment
        assert NO["terraform"] == vendors.final[0].status
