"""Contract of `/confirm/<token>` as approvers live it: Slack, a page on a phone, a touch, and a card that is green.

A real browser asks a real (virtual) key. What goes wrong there is told on the page, which can be tried again.
Pictures stay in `.artifacts/`.
"""

import pytest
from playwright.async_api import expect

from app.domain.request import State
from app.playground.authenticator import Authenticator
from tests.web.pages.confirming import (
    PROVE,
    SECRET,
    asked_for_proof,
    holder,
    open_office,
    proved_by,
    view_now,
)
from tests.web.pages.screen import screen

THEMES = pytest.mark.parametrize("theme", ["light", "dark"])
BUTTON = "Approve with security key"


@pytest.fixture
async def office(workplace):
    async with open_office(workplace) as work:
        yield work


async def keyed(office, person="ben") -> Authenticator:
    """Somebody has a key that counts; gives it."""
    made = holder(office, person)
    await made.has_key()
    return made.device


@THEMES
async def test_a_touch_turns_the_card_green(office, theme):
    """By keyboard alone: Tab to the button, Enter, a touch; the page, the form in Slack and the card say so."""
    device = await keyed(office)
    await holder(office, "ben").has_app(SECRET)
    request_id, path = await asked_for_proof(office)
    async with screen(office, theme) as ben:
        await ben.plugs_in(device)
        await ben.opens(path)
        await expect(ben.page.get_by_role("heading", name=f"Approve {request_id}")).to_be_visible()
        for part in ("Ana", "orders-db", "INC-7: checkout is slow", "30 min"):
            await expect(ben.page.get_by_role("region", name=request_id)).to_contain_text(part)
        await expect(ben.page.get_by_label("The 6 digits it shows now")).to_be_visible()
        await ben.picture("confirm")
        await ben.tabs_to(BUTTON)
        assert State.PENDING is (await office.request(request_id)).state
        await ben.page.keyboard.press("Enter")
        await expect(ben.page.get_by_role("status")).to_contain_text(f"{request_id} is approved")
        await ben.picture("told_yes")
    request = await office.reaches(request_id, State.ACTIVE)
    assert ("webauthn", "127.0.0.1") == (request.decisions[0].proof.kind, request.decisions[0].proof.ip)
    await office.card(request_id, "live", without="jit_approve")
    view = await view_now(office, "@ben")
    assert view is None or "approved" in str(view["blocks"])


@THEMES
async def test_a_second_tab_is_too_late(office, theme):
    """The page was open twice: the touch in the second tab decides nothing, is recorded, and says what to do."""
    device = await keyed(office)
    request_id, path = await asked_for_proof(office)
    async with screen(office, theme) as ben:
        await ben.opens(path)
        first, second = ben.page, await ben.other_tab()
        await second.goto(ben.root + path)
        await ben.plugs_in(device)
        await first.get_by_role("button", name=BUTTON).click()
        await expect(first.get_by_role("heading", name="Approved")).to_be_visible()
        ben.page = second
        device.keys[next(iter(device.keys))].count = 9
        await ben.plugs_in(device)
        await second.get_by_role("button", name=BUTTON).click()
        await expect(second.get_by_role("alert")).to_contain_text("has been used")
        await ben.picture("told_no")
        await second.goto(ben.root + path)
        await expect(second.get_by_role("alert")).to_contain_text("has been used")
    assert 1 == len((await office.request(request_id)).decisions)
    assert "attempt_refused" in await office.events(request_id)


@THEMES
async def test_what_goes_wrong_at_the_key(office, theme):
    """A strange key, and a wrong PIN, are told on the page; then the right key and person still approve."""
    device = await keyed(office)
    request_id, path = await asked_for_proof(office)
    async with screen(office, theme) as ben:
        await ben.plugs_in()
        await ben.opens(path)
        button, trouble = ben.page.get_by_role("button", name=BUTTON), ben.page.get_by_role("alert")
        await button.click()
        await expect(trouble).to_contain_text("Try again")
        await expect(button).to_be_focused()
        await ben.picture("confirm_no_key")
        await ben.unplugs()
        await ben.plugs_in(device, verifies=False)
        await button.click()
        await expect(button).to_be_enabled()
        await expect(trouble).to_contain_text("Try again")
        assert State.PENDING is (await office.request(request_id)).state
        await ben.tells_who(verified=True)
        await button.click()
        await expect(ben.page.get_by_role("heading", name="Approved")).to_be_visible()
    await office.reaches(request_id, State.ACTIVE)


async def test_nobody_touches_it(office):
    """Nobody touches the key until the browser gives up: the page says so, and nothing was sent."""
    device = await keyed(office)
    request_id, path = await asked_for_proof(office)
    async with screen(office) as ben:
        await ben.plugs_in(device)
        await ben.is_not_touched()
        await ben.opens(path)
        await ben.gives_up_after(1000)
        await ben.page.get_by_role("button", name=BUTTON).click()
        await expect(ben.page.get_by_role("status")).to_contain_text("Touch your key now")
        await expect(ben.page.get_by_role("alert")).to_contain_text("did not answer", timeout=20_000)
        await expect(ben.page.get_by_role("status")).to_have_count(0)
    assert State.PENDING is (await office.request(request_id)).state


@THEMES
async def test_who_has_nothing_to_prove_it_with(office, theme):
    """The page says what it takes in words, where it is added, and why not now."""
    _, path = await asked_for_proof(office)
    async with screen(office, theme) as ben:
        await ben.opens(path)
        await expect(ben.page.get_by_role("alert")).to_contain_text("This takes a security key")
        await ben.picture("confirm_nothing")
        await expect(ben.page.get_by_role("button")).to_have_count(0)


@THEMES
async def test_a_code_that_is_wrong(office, theme):
    """It is told above the page, which can be tried again; what the page is about still stands there."""
    ben_holder = holder(office, "ben")
    await ben_holder.has_app(SECRET)
    request_id, path = await asked_for_proof(office)
    async with screen(office, theme) as ben:
        await ben.opens(path)
        await ben.page.get_by_label("The 6 digits it shows now").fill("000001")
        await ben.page.keyboard.press("Enter")
        await expect(ben.page.get_by_role("alert")).to_be_visible()
        await expect(ben.page.get_by_role("heading", name=f"Approve {request_id}")).to_be_visible()
        await ben.picture("confirm_trouble")
        await ben.page.get_by_label("The 6 digits it shows now").fill(await ben_holder.code(SECRET))
        await ben.page.keyboard.press("Enter")
        await expect(ben.page.get_by_role("heading", name="Approved")).to_be_visible()
    await office.reaches(request_id, State.ACTIVE)


async def test_a_link_that_is_none(office):
    """The page says so, and where one gets another."""
    async with screen(office) as ben:
        await ben.opens("/confirm/" + "x" * 43)
        await expect(ben.page.get_by_role("alert")).to_contain_text("Click again in Slack")
        await ben.picture("told_gone")


async def test_the_form_in_slack_has_no_secret(workplace):
    """The link's token is in the form of the person alone: no channel, no thread, no other's form has it."""
    async with open_office(workplace, proved_by("webauthn")) as office:
        await keyed(office)
        _, path = await asked_for_proof(office)
        token, state = path.rpartition("/")[2], await office.settled()
        own = state["views"].pop(office.user_id("@ben"))
        assert (True, False) == (token in str(own), token in str(state))
        assert PROVE in str(own)
