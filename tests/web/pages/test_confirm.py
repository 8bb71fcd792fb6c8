"""Contract of `/confirm/<token>`: what takes a factor is done by its person's proof on their own page, once.

Whoever has the link sees what it is about, as a scanner of mail does that follows links and runs scripts, and
nothing happens by that. A proof for one page is worth nothing on another's, and none at all a second time. What the
page showed must be what stands now. Each attack gets an answer to act on, and an event. Attacks first.
"""

import asyncio
import re
from datetime import timedelta

import pytest

from app.domain.request import State
from app.playground.authenticator import Authenticator
from app.playground.hands import open_view
from tests.web.pages.confirming import (
    PROVE,
    SECRET,
    Browser,
    address_of,
    asked_for_proof,
    holder,
    open_office,
    path_in,
    proved_by,
    view_now,
)
from tests.workplace import ASK


@pytest.fixture
async def office(workplace):
    async with open_office(workplace) as work:
        yield work


@pytest.fixture
async def browser(office):
    made = Browser(office)
    yield made
    await made.aclose()


async def attempts(work, request_id) -> list[str]:
    """The codes of what was refused about a request, oldest first."""
    await work.settled()
    story = await asyncio.to_thread(work.bot.audit_log.story, request_id)
    return [each.event.code for each in story if each.event.kind == "attempt_refused"]


async def form_for(work, what):
    """Wait for Ben's form about something."""

    def shown(state):
        view = open_view(state, "@ben", PROVE)
        return view if view and what in str(view["blocks"]) else None

    return await work.hands.until(f"the form for {what}", shown)


# -- attacks -------------------------------------------------------------------------------------------


async def test_a_scanner_does_nothing(office, browser):
    """Links are opened, again and again, and forms are sent without a proof: the request waits as before."""
    await holder(office, "ben").has_key()
    request_id, path = await asked_for_proof(office)
    assert [200] * 3 == [(await browser.opens(path)).status_code for _ in range(3)]
    for how in ("key", "code", "oidc", "approve", ""):
        assert (await browser.sends(path, how=how)).status_code in {400, 404, 409}
    assert State.PENDING is (await office.request(request_id)).state


async def test_a_touch_for_another_request_is_refused(office, browser):
    """What the key said of one request is sent for another: nothing is decided, and it is recorded."""
    ben = holder(office, "ben")
    await ben.has_key()
    one, page_of_one = await asked_for_proof(office)
    other, page_of_other = await asked_for_proof(office, command=ASK.replace("30m", "10m"))
    await browser.opens(page_of_one)
    touch = ben.device.get(browser.options, address_of(office))
    await browser.opens(page_of_other)
    answer = await browser.sends(page_of_other, how="key", assertion=touch)
    assert (409, True) == (answer.status_code, "something else" in answer.text)
    assert [State.PENDING] * 2 == [(await office.request(each)).state for each in (one, other)]
    assert ["other_challenge"] == await ben.refused()


async def test_a_touch_of_somebody_elses_key_is_refused(office, browser):
    """Chloe may approve too, with a key of her own; on Ben's page it proves nothing."""
    ben, chloe = holder(office, "ben"), holder(office, "chloe")
    await ben.has_key()
    await chloe.has_key()
    request_id, path = await asked_for_proof(office)
    await browser.opens(path)
    stranger = Authenticator()
    stranger.keys = dict(zip(ben.device.keys, chloe.device.keys.values(), strict=True))
    answer = await browser.sends(path, how="key", assertion=stranger.get(browser.options, address_of(office)))
    assert 409 == answer.status_code
    assert State.PENDING is (await office.request(request_id)).state


@pytest.mark.parametrize(
    ("changed", "device"),
    [
        ({"rp_id": "evil.example"}, {}),
        ({}, {"verifies": False}),
        ({"origin": "http://localhost.evil.example"}, {}),
    ],
)
async def test_a_touch_of_another_site_or_without_its_person_is_refused(office, browser, changed, device):
    """Another origin, another relying party, and a key that did not check who touched it."""
    ben = holder(office, "ben")
    ben.device = Authenticator(**device) if device else ben.device
    key = Authenticator() if device else ben.device
    await ben.has_key(device=key)
    request_id, path = await asked_for_proof(office)
    await browser.opens(path)
    changed = dict(changed)
    origin = changed.pop("origin", address_of(office))
    key.verifies = device.get("verifies", True)
    answer = await browser.sends(path, how="key", assertion=key.get(browser.options, origin, **changed))
    assert (409, State.PENDING) == (answer.status_code, (await office.request(request_id)).state)
    assert 1 == len(await ben.refused())


async def test_a_replay_is_refused(office, browser):
    """The whole form is sent a second time, by the same browser and by another: it was used, and that is recorded."""
    ben = holder(office, "ben")
    await ben.has_key()
    request_id, path = await asked_for_proof(office)
    await browser.opens(path)
    touch = ben.device.get(browser.options, address_of(office))
    csrf = browser.csrf
    assert 200 == (await browser.sends(path, how="key", assertion=touch)).status_code
    again = await browser.client.post(path, data={"csrf": csrf, "how": "key", "assertion": touch})
    assert (410, True) == (again.status_code, "has been used" in again.text)
    assert "page_used" in await attempts(office, request_id)


async def test_two_tabs_decide_once(office):
    """Eight tabs send the page at one instant, each with a code: one approval counts."""
    await holder(office, "ben").has_app(SECRET)
    request_id, path = await asked_for_proof(office)
    browsers = [Browser(office) for _ in range(8)]
    for each in browsers:
        await each.opens(path)
    code = await holder(office, "ben").code(SECRET)
    answers = await asyncio.gather(*(each.sends(path, how="code", code=code) for each in browsers))
    assert 1 == sum(answer.status_code == 200 for answer in answers)
    assert 1 == len((await office.request(request_id)).decisions)
    for each in browsers:
        await each.aclose()


async def test_guessing_codes_ends(office, browser):
    """After five wrong codes even the right one is refused for a while."""
    ben = holder(office, "ben")
    await ben.has_app(SECRET)
    request_id, path = await asked_for_proof(office)
    await browser.opens(path)
    right = await ben.code(SECRET)
    wrong = f"{(int(right) + 500_001) % 1_000_000:06}"
    statuses = [(await browser.sends(path, how="code", code=wrong)).status_code for _ in range(5)]
    locked = await browser.sends(path, how="code", code=right)
    assert ([409] * 5, 429) == (statuses, locked.status_code)
    assert State.PENDING is (await office.request(request_id)).state


async def test_guessing_links_ends(office, browser):
    """Whoever tries one token after the other is slowed down; it is recorded once, and security reads of it."""
    statuses = {(await browser.opens(f"/confirm/{n:043}")).status_code for n in range(125)}
    assert {404, 429} == statuses
    await office.settled()
    guesses = [each.event for each in office.bot.audit_log.latest(50) if each.event.kind == "factor_refused"]
    assert [("pages_guessed", "127.0.0.1")] == [(each.code, each.ip) for each in guesses]
    await office.types("@sam", "/jit digest", "#security")
    await office.posted("#security", "Second factors", "links to which were guessed, from 127.0.0.1")


async def test_a_settled_request_is_not_decided(office, browser):
    """Chloe denied it while Ben had the page open: his touch does nothing, and the page says where it stands."""
    ben = holder(office, "ben")
    await ben.has_key()
    request_id, path = await asked_for_proof(office)
    await browser.opens(path)
    touch = ben.device.get(browser.options, address_of(office))
    people = office.bot.policy().people
    await office.bot.workflow.deny(request_id, people["chloe"], "no")
    answer = await browser.sends(path, how="key", assertion=touch)
    assert (409, True) == (answer.status_code, "denied" in answer.text)
    assert State.DENIED is (await office.request(request_id)).state


async def test_a_lapsed_request_is_not_decided(workplace):
    """Time was up while Ben had the page open."""

    def change(policies):
        proved_by("webauthn")(policies)
        policies["environments"]["production"] |= {"lapse": "6s", "remind": "never"}

    async with open_office(workplace, change) as office:
        ben, browser = holder(office, "ben"), Browser(office)
        await ben.has_key()
        request_id, path = await asked_for_proof(office)
        await browser.opens(path)
        touch = ben.device.get(browser.options, address_of(office))
        await office.reaches(request_id, State.LAPSED, within=15)
        answer = await browser.sends(path, how="key", assertion=touch)
        assert (409, True) == (answer.status_code, "lapsed" in answer.text)
        await browser.aclose()


async def test_a_changed_request_is_not_decided(office, browser):
    """More time was asked for, taken back and asked for anew while the page showed the first: nothing is given."""
    ben, people = holder(office, "ben"), office.bot.policy().people
    await ben.has_key()
    request_id, path = await asked_for_proof(office)
    await browser.opens(path)
    await browser.sends(path, how="key", assertion=ben.device.get(browser.options, address_of(office)))
    await office.reaches(request_id, State.ACTIVE)
    workflow = office.bot.workflow
    await workflow.extend(request_id, people["ana"], timedelta(minutes=10), "a little more")
    card = await office.card(request_id, offering="jit_approve_more")
    await office.clicks("@ben", card, "jit_approve_more")
    path = path_in(await form_for(office, "Approve more time"))
    assert "10 min: a little more" in (await browser.opens(path)).text
    touch = ben.device.get(browser.options, address_of(office))
    await workflow.decide_extension(request_id, people["chloe"], approved=False, comment="no")
    await workflow.extend(request_id, people["ana"], timedelta(minutes=25), "much more")
    answer = await browser.sends(path, how="key", assertion=touch)
    request = await office.request(request_id)
    assert (409, 1800) == (answer.status_code, request.seconds)
    assert request.extension is not None
    assert "not_what_was_shown" in await attempts(office, request_id)


async def test_who_is_no_approver_any_more_does_not_decide(office, browser):
    """Policy dropped Ben between the page and the touch."""
    ben = holder(office, "ben")
    await ben.has_key()
    request_id, path = await asked_for_proof(office)
    await browser.opens(path)
    touch = ben.device.get(browser.options, address_of(office))

    def without_ben(policies):
        for members in policies["groups"].values():
            if "ben" in members:
                members.remove("ben")

    await office.repolicy(without_ben)
    assert 409 == (await browser.sends(path, how="key", assertion=touch)).status_code
    assert State.PENDING is (await office.request(request_id)).state


async def test_a_form_in_slack_is_its_persons(office):
    """Ben's form comes back with a right code of his, sent as Chloe: it is not hers to use."""
    ben = holder(office, "ben")
    await ben.has_app(SECRET)
    request_id, _ = await asked_for_proof(office)
    view = await office.view("@ben", PROVE)
    forged = {
        "type": "view_submission",
        "user": {"id": office.user_id("@chloe"), "username": "chloe", "team_id": "T0DEMO"},
        "team": {"id": "T0DEMO", "domain": "harbour-demo"},
        "api_app_id": office.app.app_id,
        "token": office.app.verification_token,
        "trigger_id": "1.1.1",
        "view": {**view, "state": {"values": {"code": {"code": {"value": await ben.code(SECRET)}}}}},
        "response_urls": [],
        "is_enterprise_install": False,
        "enterprise": None,
    }
    await office.deliver("interactive", forged)
    await office.settled()
    assert State.PENDING is (await office.request(request_id)).state
    assert "page_of_another" in await attempts(office, request_id)


# -- what it is for ------------------------------------------------------------------------------------


async def test_a_touch_approves(office, browser):
    """The page shows the request; the touch approves it; card and form say so; the log says by what."""
    ben = holder(office, "ben")
    key = await ben.has_key()
    request_id, path = await asked_for_proof(office)
    shown = (await browser.opens(path)).text
    assert all(
        part in shown for part in (request_id, "orders-db", "INC-7: checkout is slow", "30 min", "Ana")
    )
    answer = await browser.sends(
        path, how="key", assertion=ben.device.get(browser.options, address_of(office))
    )
    assert (200, True) == (answer.status_code, "Approved" in answer.text)
    await office.reaches(request_id, State.ACTIVE)
    (decision,) = (await office.request(request_id)).decisions
    assert ("webauthn", key.id, "127.0.0.1", "connection") == (
        decision.proof.kind,
        decision.proof.credential,
        decision.proof.ip,
        decision.proof.ip_told_by,
    )
    await office.card(request_id, "live")
    view = await view_now(office, "@ben")
    assert view is None or "approved" in str(view["blocks"])


async def test_a_code_in_slack_approves(office):
    """A code that is typed into the form does it too; a wrong one is told, and the form stays."""
    ben = holder(office, "ben")
    await ben.has_app(SECRET)
    request_id, _ = await asked_for_proof(office)
    view = await office.view("@ben", PROVE)
    await office.hands.do("submit", user="@ben", view_id=view["id"], values={"code": {"code": "000001"}})
    again = await office.view("@ben", PROVE, with_input="code")
    code = await ben.code(SECRET)
    await office.hands.do("submit", user="@ben", view_id=again["id"], values={"code": {"code": code}})
    await office.reaches(request_id, State.ACTIVE)
    assert "totp" == (await office.request(request_id)).decisions[0].proof.kind


async def test_who_has_no_factor_is_told(office, browser):
    """The page says what it takes, and that nothing can be added while the decision waits."""
    _, path = await asked_for_proof(office)
    shown = (await browser.opens(path)).text
    assert "You have nothing to prove it with" in shown
    assert not re.search(r'name="how"', shown)


async def test_less_time_by_a_touch(office, browser):
    """What the approver chose in the form before is what the page does."""
    ben = holder(office, "ben")
    await ben.has_key()
    request_id = await office.asks("@ana")
    card = await office.card(request_id, offering="jit_approve_less")
    await office.clicks("@ben", card, "jit_approve_less")
    view = await office.view("@ben", "jit_approve_less_form")
    chosen = {"duration": {"duration": "600s"}, "comment": {"comment": "ten will do"}}
    await office.hands.do("submit", user="@ben", view_id=view["id"], values=chosen)
    path = path_in(await office.view("@ben", PROVE))
    assert "10 min" in (await browser.opens(path)).text
    await browser.sends(path, how="key", assertion=ben.device.get(browser.options, address_of(office)))
    request = await office.reaches(request_id, State.ACTIVE)
    assert (600, "ten will do") == (request.seconds, request.decisions[0].comment)


async def test_a_fresh_proof_spares_the_next(workplace):
    """Where policy lets a proof count for a while, the next click is enough, and the log says how old it was."""
    async with open_office(workplace, proved_by("webauthn", fresh="10m")) as office:
        ben, browser = holder(office, "ben"), Browser(office)
        await ben.has_key()
        first, path = await asked_for_proof(office)
        await browser.opens(path)
        await browser.sends(path, how="key", assertion=ben.device.get(browser.options, address_of(office)))
        await office.reaches(first, State.ACTIVE)
        second = await office.asks("@ana", ASK.replace("orders-db", "users-db"))
        await office.clicks("@ben", await office.card(second, offering="jit_approve"), "jit_approve")
        request = await office.reaches(second, State.ACTIVE)
        assert "webauthn" == request.decisions[0].proof.kind
        await browser.aclose()


async def test_the_requester_confirms(workplace):
    """Where policy asks the requester, access begins once they have touched their key."""
    async with open_office(workplace, proved_by("webauthn", requester=True)) as office:
        ana, browser = holder(office, "ana"), Browser(office)
        await ana.has_key()
        request_id = await office.asks("@ana")
        await office.clicks("@ben", await office.card(request_id, offering="jit_approve"), "jit_approve")
        told = await office.told("@ana", request_id, offering="jit_confirm")
        assert State.APPROVED is (await office.request(request_id)).state
        await office.clicks("@ana", told, "jit_confirm")
        path = path_in(await office.view("@ana", PROVE))
        await browser.opens(path)
        await browser.sends(path, how="key", assertion=ana.device.get(browser.options, address_of(office)))
        await office.reaches(request_id, State.ACTIVE)
        await browser.aclose()


async def test_without_an_address_a_key_cannot_be_asked(workplace):
    """Fails closed: the form says that nobody can, and what has to be set."""
    work = workplace(proved_by("webauthn"))
    async with work:
        await work.start()
        request_id = await work.asks("@ana")
        await work.clicks("@ben", await work.card(request_id, offering="jit_approve"), "jit_approve")
        view = await work.view("@ben", PROVE)
        assert "JIT_PUBLIC_URL" in str(view["blocks"])
        assert State.PENDING is (await work.request(request_id)).state
