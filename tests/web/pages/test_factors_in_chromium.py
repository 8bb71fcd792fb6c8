"""Contract of getting a factor: `/jit factors`, security's approval, a touch or a QR code, recovery codes once.

In a real browser with a real (virtual) key; what is added there then approves. Pictures stay in `.artifacts/`.
"""

import asyncio

import pyotp
import pytest
from playwright.async_api import expect

from app.domain.request import State
from tests.web.pages.confirming import asked_for_proof, holder
from tests.web.pages.enrolling import granted, open_enrolment, own_page
from tests.web.pages.screen import screen

THEMES = pytest.mark.parametrize("theme", ["light", "dark"])


@pytest.fixture
async def office(workplace):
    async with open_enrolment(workplace) as work:
        yield work


@THEMES
async def test_a_first_key_and_what_it_approves(office, theme):
    """Nothing yet; asked for, approved, touched, told; codes shown once; then the key approves Ana's request."""
    async with screen(office, theme) as ben:
        await ben.plugs_in()
        await ben.opens(await own_page(office, "@ben"))
        await expect(ben.page.get_by_text("You have none yet")).to_be_visible()
        await expect(ben.page.get_by_role("button")).to_have_count(0)
        await ben.picture("factors_none")
        grant = await granted(office)
        path = await own_page(office, "@ben")
        await ben.opens(path)
        await ben.picture("factors_open")
        await ben.tabs_to("What you call it")
        await ben.page.keyboard.type("Blue key")
        await ben.page.keyboard.press("Enter")
        await expect(ben.page.get_by_role("heading", name="Add a security key")).to_be_visible()
        await ben.picture("new_key")
        await ben.tabs_to("Add this key")
        await ben.page.keyboard.press("Enter")
        await expect(ben.page.get_by_role("status")).to_contain_text("Blue key is added")
        await expect(ben.page.get_by_role("listitem")).to_have_count(10)
        codes = await ben.page.get_by_role("listitem").all_inner_texts()
        await ben.picture("codes")
        await office.reaches(grant, State.COMPLETED)
        await ben.opens(path)
        await expect(ben.page.get_by_role("alert")).to_contain_text("has been used")
        await office.told("@ben", "Blue key", "second factor of yours")
        state = str(await office.settled())
        assert [] == [code for code in codes if code in state]

        await asyncio.sleep(1.1)  # the cooling-off
        request_id, path = await asked_for_proof(office)
        await ben.opens(path)
        await ben.page.get_by_role("button", name="Approve with security key").click()
        await expect(ben.page.get_by_role("heading", name="Approved")).to_be_visible()
    await office.reaches(request_id, State.ACTIVE)
    await office.card(request_id, "live", without="jit_approve")


@THEMES
async def test_an_app_by_its_qr_code(office, theme):
    """The QR code and its key are on the page and never in Slack; a wrong code is told; the right one adds the app."""
    await granted(office)
    async with screen(office, theme) as ben:
        path = await own_page(office, "@ben")
        await ben.opens(path)
        await ben.page.get_by_role("button", name="Add an app").click()
        await expect(ben.page.get_by_role("img", name="QR code of the key")).to_be_visible()
        box = await ben.page.locator(".qr svg").bounding_box()
        assert 150 < (box or {"width": 0})["width"] < 300
        secret = (await ben.page.locator("code").inner_text()).replace(" ", "")
        await ben.picture("new_app")
        right = pyotp.TOTP(secret).at(await holder(office, "ben").now())
        await ben.page.get_by_label("The 6 digits that it shows now").fill(f"{(int(right) + 7) % 10**6:06}")
        await ben.page.keyboard.press("Enter")
        await expect(ben.page.get_by_role("alert")).to_be_visible()
        await ben.picture("new_app_trouble")
        code = pyotp.TOTP(secret).at(await holder(office, "ben").now())
        await ben.page.get_by_label("The 6 digits that it shows now").fill(code)
        await ben.page.keyboard.press("Enter")
        await expect(ben.page.get_by_role("status")).to_contain_text("Authenticator app is added")
        state = str(await office.settled())
        assert (False, False) == (secret in state, "<svg" in state)
        await ben.opens(await own_page(office, "@ben"))
        await expect(ben.page.get_by_role("region")).to_contain_text("10 recovery codes left")
        await ben.picture("factors_held")
        log = str([entry.event for entry in office.bot.audit_log.story(await held_id(office))])
        assert secret not in log


async def held_id(office) -> str:
    """The id of what Ben has."""
    (held,) = (await holder(office, "ben").store.of("ben")).credentials
    return held.id


async def test_nothing_is_added_while_a_decision_waits(office):
    """Ben has nothing, and Ana's request waits for him: his page says so and offers nothing."""
    await granted(office)
    await office.asks("@ana")
    async with screen(office) as ben:
        await ben.opens(await own_page(office, "@ben"))
        await expect(ben.page.get_by_role("status")).to_contain_text("waits")
        await expect(ben.page.get_by_role("button")).to_have_count(0)
        await ben.picture("factors_waiting")
