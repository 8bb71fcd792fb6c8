"""Contract of `/factors/<token>`: one's own factors are changed by oneself, proved, on one's own page, once.

A session in Slack opens the page and no more. To change something takes a factor that counts, a recovery code, or
somebody else's approval; never while a decision waits. What was proved before a change counts no more. Attacks first.
"""

import asyncio
import hashlib
import hmac
import re
from datetime import timedelta

import pytest

from app.domain.request import State
from app.mfa.proving import Asked
from app.store.proofs import ProofStore
from tests.mfa.test_enrolment import ENROL
from tests.web.pages.confirming import SECRET, Browser, address_of, asked_for_proof, holder
from tests.web.pages.enrolling import granted, open_enrolment, own_page


@pytest.fixture
async def office(workplace):
    async with open_enrolment(workplace) as work:
        yield work


@pytest.fixture
async def browser(office):
    made = Browser(office)
    yield made
    await made.aclose()


async def held(office, person="ben"):
    return (await holder(office, person).store.of(holder(office, person).by.id)).credentials


def signed(browser: Browser, path: str) -> str:
    """The form's value, made from the cookie as its holder can, where the page shows no form."""
    cookie, token = browser.client.cookies["jit"], path.rpartition("/")[2]
    return hmac.new(cookie.encode(), token.encode(), hashlib.sha256).hexdigest()


def ticket_in(browser: Browser) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', browser.page)
    assert found, browser.page
    return found[1]


# -- attacks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [True, False])
async def test_a_session_alone_changes_nothing(office, browser, first):
    """Whoever holds Ben's session in Slack sees the page: no first factor, no second, no removal, no codes."""
    ben = holder(office, "ben")
    key = None if first else await ben.has_key()
    path = await own_page(office, "@ben")
    shown = (await browser.opens(path)).text
    assert ("Before you change anything" in shown, 'value="remove"' in shown) == (True, False)
    for fields in (
        {"do": "key"},
        {"do": "app"},
        {"do": "codes"},
        {"do": "remove", "credential": key and key.id},
    ):
        said = {name: value or "x" for name, value in fields.items()}
        answer = await browser.sends(path, csrf=signed(browser, path), **said)
        assert (409, True) == (answer.status_code, 'role="alert"' in answer.text), fields
    assert ([] if first else [key.id]) == [each.id for each in await held(office)]
    assert "warrant_needed" in await ben.refused()


async def test_a_ticket_is_its_persons(office, browser):
    """Chloe's enrolment, begun on her page, is finished on Ben's: it is none of his, and none of hers by him."""
    await granted(office, "@chloe")
    await granted(office, "@ben")
    hers, his = await own_page(office, "@chloe"), await own_page(office, "@ben")
    await browser.opens(hers)
    assert 200 == (await browser.sends(hers, do="app", label="hers")).status_code
    ticket = ticket_in(browser)
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", browser.page)[1].replace(" ", "")
    await browser.opens(his)
    code = await holder(office, "chloe").code(secret)
    for forged in (ticket, "x" * 43, "", "../" + ticket):
        answer = await browser.sends(his, do="finish-app", ticket=forged, code=code)
        assert (409, True) == (answer.status_code, 'role="alert"' in answer.text)
    assert ([], []) == (list(await held(office, "ben")), list(await held(office, "chloe")))


async def test_a_form_is_one_browsers(office, browser):
    """The form comes from a browser that never opened the page, with another page's value, and from another site."""
    await granted(office)
    path, other = await own_page(office, "@ben"), await own_page(office, "@ben")
    await browser.opens(other)
    others = browser.csrf
    stranger = Browser(office)
    await browser.opens(path)
    for client, csrf, headers in (
        (stranger.client, browser.csrf, {}),
        (browser.client, others, {}),
        (browser.client, "", {}),
        (browser.client, browser.csrf, {"origin": "https://evil.example"}),
        (browser.client, browser.csrf, {"sec-fetch-site": "cross-site"}),
    ):
        answer = await client.post(path, data={"csrf": csrf, "do": "app"}, headers=headers)
        assert (400, False) == (answer.status_code, "<svg" in answer.text), headers
    await stranger.aclose()


async def test_a_page_takes_one_change(office, browser):
    """After an app was added the page is used: the grant too, and looking again says so."""
    ben = holder(office, "ben")
    request_id = await granted(office)
    path = await own_page(office, "@ben")
    await browser.opens(path)
    await browser.sends(path, do="app", label="phone")
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", browser.page)[1].replace(" ", "")
    ticket, csrf = ticket_in(browser), browser.csrf
    done = await browser.sends(path, do="finish-app", ticket=ticket, code=await ben.code(secret))
    assert (200, 10) == (done.status_code, done.text.count("<li>"))
    for fields in ({"do": "app"}, {"do": "codes"}, {"do": "finish-app", "ticket": ticket, "code": "123456"}):
        again = await browser.client.post(path, data={"csrf": csrf, **fields})
        assert (410, True) == (again.status_code, "has been used" in again.text)
    assert 410 == (await browser.opens(path)).status_code
    await office.reaches(request_id, State.COMPLETED)
    assert 1 == len(await held(office))


async def test_nothing_changes_while_a_decision_waits(office, browser):
    """Ben's key counts and he proves it; Ana's request waits for him, so it can be neither removed nor joined."""
    ben = holder(office, "ben")
    key = await ben.has_key()
    path = await own_page(office, "@ben")
    await browser.opens(path)
    touch = ben.device.get(browser.options, address_of(office))
    assert 303 == (await browser.sends(path, do="prove", how="key", answer=touch)).status_code
    await asked_for_proof(office)
    await browser.opens(path)
    for fields in ({"do": "remove", "credential": key.id}, {"do": "key"}, {"do": "app"}, {"do": "codes"}):
        assert 409 == (await browser.sends(path, csrf=signed(browser, path), **fields)).status_code
    assert [key.id] == [each.id for each in await held(office)]
    assert "decision_waits" in await ben.refused()


async def test_a_key_that_cools_off_proves_nothing(workplace):
    """Added a moment ago, it does not open the page; its person takes it back without more."""
    async with open_enrolment(workplace, "24h") as office:
        ben, browser = holder(office, "ben"), Browser(office)
        key = await ben.has_key(counts_in=timedelta(hours=24))
        path = await own_page(office, "@ben")
        shown = (await browser.opens(path)).text
        assert ("data-options" in shown, "counts from" in shown) == (False, True)
        forged = '{"id": "x", "type": "public-key"}'
        assert 409 == (await browser.sends(path, do="prove", how="key", answer=forged)).status_code
        assert 409 == (await browser.sends(path, do="app")).status_code
        assert 200 == (await browser.sends(path, do="remove", credential=key.id)).status_code
        assert [] == list(await held(office))
        await browser.aclose()


async def test_a_recovery_code_opens_this_page_alone(office, browser):
    """It lets one change a factor, once; on the page of a decision it is no code."""
    ben = holder(office, "ben")
    key = await ben.has_key()
    code, *_ = await ben.has_codes()
    request_id, decision = await asked_for_proof(office)
    await browser.opens(decision)
    for how in ("code", "recovery", "key"):
        answer = await browser.sends(decision, how=how, code=code, answer=code, assertion=code)
        assert answer.status_code in {400, 409}
    assert State.PENDING is (await office.request(request_id)).state
    await office.types("@ana", f"/jit cancel {request_id}")
    await office.reaches(request_id, State.CANCELLED)
    path = await own_page(office, "@ben")
    await browser.opens(path)
    assert 303 == (await browser.sends(path, do="prove", how="recovery", answer=code)).status_code
    await browser.opens(path)
    assert 200 == (await browser.sends(path, do="remove", credential=key.id)).status_code
    second = await own_page(office, "@ben")
    await browser.opens(second)
    again = {"csrf": signed(browser, second), "do": "prove", "how": "recovery", "answer": code}
    assert 409 == (await browser.sends(second, **again)).status_code
    assert [] == list(await held(office))


async def test_a_change_ends_what_was_proved_before(office, browser):
    """A proof that policy would call fresh for another decision counts no more once a factor changed."""
    ben = holder(office, "ben")
    await ben.has_app(SECRET)
    proof = await ben.proving.by_code(ben.by, await ben.code(SECRET), Asked())
    proofs = ProofStore(office.bot.connection.calls)
    await proofs.remember("ben", proof, await ben.now())
    assert 1 == len(await proofs.latest("ben"))
    await granted(office)
    path = await own_page(office, "@ben")
    await browser.opens(path)
    assert 200 == (await browser.sends(path, do="codes")).status_code
    assert [] == await proofs.latest("ben")


async def test_a_race_for_one_grant_adds_one(office):
    """Two pages, one grant, at one instant: one app is added, and the other is told why not."""
    ben = holder(office, "ben")
    await granted(office)
    tabs = [Browser(office), Browser(office)]
    sending = []
    for tab in tabs:
        path = await own_page(office, "@ben")
        await tab.opens(path)
        await tab.sends(path, do="app", label="phone")
        secret = re.search(r"<code>([A-Z2-7 ]+)</code>", tab.page)[1].replace(" ", "")
        fields = {"do": "finish-app", "ticket": ticket_in(tab), "code": await ben.code(secret)}
        sending.append(tab.sends(path, **fields))
    answers = await asyncio.gather(*sending)
    assert 1 == sum(answer.status_code == 200 for answer in answers)
    assert 1 == len(await held(office))
    for tab in tabs:
        await tab.aclose()


# -- what it is for ------------------------------------------------------------------------------------


async def test_the_page_says_what_to_ask_for(office, browser):
    """Who has nothing reads which command to type, with their own id in it."""
    shown = (await browser.opens(await own_page(office, "@ben"))).text
    assert f"<code>/jit request {ENROL} ben</code>" in shown
