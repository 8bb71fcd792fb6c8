"""Contract: the main story, played by people at the page, with the real bot as a process behind it.

What a newcomer does after `jit demo`: ask by the form, become an approver and click, see the card, the
thread, the direct messages and the digest follow. Screenshots stay in `.artifacts/`.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from app.cli.bot import BotProcess, environment, running
from app.cli.demo_settings import demo_settings
from app.playground import AppRegistration, Playground, demo_workspace
from app.playground.hands import Hands
from app.shipped import shipped
from tests.playground.page.conftest import browser as browser  # noqa: PLC0414  a fixture of another folder
from tests.playground.page.reader import PHONE, Reader, Readers

pytestmark = pytest.mark.asyncio(loop_scope="module")
PICTURES = Path(__file__).parents[2] / ".artifacts"
REASON = "INC-7: checkout is slow since 14:02"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def workspace(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Playground]:
    """The demo's workspace with the bot in it, as `jit demo` runs them."""
    data = tmp_path_factory.mktemp("demo")
    PICTURES.mkdir(exist_ok=True)
    async with (
        Playground(demo_workspace(), [AppRegistration(manifest=shipped("manifest.yml"))]) as playground,
        running(BotProcess(environment(playground, data, demo_settings(data)), data / "bot.log")),
    ):
        async with aiohttp.ClientSession() as session:
            await Hands(playground.url, session).until_connected()
        yield playground


@pytest_asyncio.fixture(loop_scope="module")
async def readers(browser, workspace) -> AsyncIterator[Readers]:
    """Opens the page as somebody; nothing may have complained in a console."""
    opened = Readers(browser, workspace.url)
    yield opened
    await opened.close()
    assert [] == opened.complaints


async def become(reader: Reader, who: str, where: str) -> None:
    """Switch person at the top, then go to a conversation at the side."""
    await reader.page.locator(f'[data-be="{who}"]').click()
    await reader.page.locator("nav").get_by_role("link", name=where).click()


async def choose(reader: Reader, block: str, word: str) -> None:
    """Choose in a select of the open form."""
    await reader.dialog.locator(f'[data-block-id^="{block}"] [data-action-id]').click()
    await reader.dialog.locator(".popup-search").fill(word)
    await reader.dialog.get_by_role("option").filter(has_text=word).first.click()


def card(reader: Reader) -> Locator:
    return reader.message(REASON)


async def picture(reader: Reader, name: str) -> None:
    await reader.page.screenshot(path=PICTURES / f"{name}.png")


async def test_the_main_story(readers: Readers) -> None:
    """Ana asks by the form; she cannot approve; Ben can; Ana is done; Sam sees it all in the digest."""
    reader = await readers.open("as/ana/in/general")
    await reader.say("/jit request")
    await expect(reader.dialog).to_contain_text("Request access")
    await choose(reader, "action", "Debug a production database")
    await choose(reader, "resource", "orders-db")
    await reader.dialog.locator(".popup-search").press("Escape")
    await reader.dialog.locator('[data-block-id^="reason"] [data-action-id]').fill(REASON)
    await picture(reader, "1-form")
    await reader.dialog.get_by_role("button", name="Request", exact=True).click()
    await expect(reader.dialog).to_have_count(0)
    await expect(reader.message("Asked")).to_contain_text("Only visible to you")

    await become(reader, "ana", "prod-approvals")
    await card(reader).get_by_role("button", name="Approve").click()
    await expect(reader.message("your own request")).to_be_visible()

    await become(reader, "ben", "prod-approvals")
    await picture(reader, "2-card")
    await card(reader).get_by_role("button", name="Approve").click()
    await expect(card(reader)).to_contain_text("Approved by Ben Okafor")
    await expect(card(reader)).to_contain_text("Access is live")
    await expect(card(reader).get_by_role("button", name="Approve")).to_have_count(0)

    await become(reader, "ana", "jit")
    await expect(reader.message("You have access")).to_contain_text("orders-db")
    await picture(reader, "3-direct-message")
    await reader.message("You have access").get_by_role("button", name="Done").click()
    await expect(reader.message("has ended")).to_contain_text("Given back by Ana Ruiz")
    await expect(reader.page.locator("main").get_by_role("button", name="Done")).to_have_count(0)

    await become(reader, "ben", "prod-approvals")
    await expect(card(reader)).to_contain_text("Access is gone")
    await card(reader).get_by_role("button", name="replies").click()
    for said in ("tried to approve their own", "Ben Okafor approved", "Access is live", "Access is gone"):
        await expect(reader.thread).to_contain_text(said)
    await picture(reader, "4-thread")

    await become(reader, "sam", "security")
    await reader.say("/jit digest")
    await expect(reader.message("Access digest")).to_contain_text("Ana Ruiz")
    await picture(reader, "5-digest")


async def test_a_denial_on_a_phone(readers: Readers) -> None:
    """On a narrow screen Dev asks in one line, Chloe denies with a reason, and Dev reads it."""
    dev = await readers.open("as/dev/in/general", size=PHONE, color_scheme="dark")
    await dev.say("/jit request prod-db-debug payments-db 30m INC-8: a look at one payment")
    await expect(dev.message("Asked")).to_be_visible()
    chloe = await readers.open("as/chloe/in/prod-approvals", size=PHONE, color_scheme="dark")
    await chloe.message("INC-8").get_by_role("button", name="Deny").click()
    await chloe.dialog.locator('[data-action-id="comment"]').fill("Use the replica, please")
    await picture(chloe, "6-deny-on-a-phone")
    await chloe.dialog.get_by_role("button", name="Deny").click()
    await expect(chloe.message("INC-8")).to_contain_text("Denied by Chloe Martin: Use the replica, please")
    await picture(chloe, "7-denied-on-a-phone")
    await dev.go("as/dev/with/jit")
    await expect(dev.message("Chloe Martin denied")).to_contain_text("Use the replica, please")


FLAGS = "INC-9: checkout flickers"


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_what_people_look_at_most(readers: Readers, theme: str) -> None:
    """The card and its form for less, a refusal with «Why?», and App Home, in both themes."""
    reason = f"{FLAGS} ({theme})"
    ana = await readers.open("as/ana/in/general", color_scheme=theme)
    await ana.say(f"/jit request prod-config-change feature-flags 1h {reason}")
    await ana.say("/jit request prod-db-debug payments-db 2h INC-9: refunds are stuck")
    await expect(ana.message("Why?").last).to_contain_text("for more than 1 h at a time")
    await picture(ana, f"8-refusal-{theme}")
    await ana.message("Why?").last.get_by_role("button", name="Why?").click()
    await expect(ana.dialog).to_contain_text("What would have made it pass")
    await expect(ana.dialog).to_contain_text("Ask for at most 1 h")
    await picture(ana, f"9-why-{theme}")
    await ana.dialog.get_by_role("button", name="Close").last.click()
    await expect(ana.dialog).to_have_count(0)

    sam = await readers.open("as/sam/in/prod-approvals", color_scheme=theme)
    asked = sam.message(reason)
    await expect(asked).to_contain_text("feature-flags")
    await picture(sam, f"10-card-{theme}")
    await sam.go("as/sam/with/jit/home")
    home = sam.page.locator(".home")
    await expect(home).to_contain_text("Waiting for you")
    await picture(sam, f"11-home-that-waits-{theme}")
    await sam.go("as/sam/in/prod-approvals")
    await asked.get_by_role("button", name="For less").click()
    await expect(sam.dialog).to_contain_text("Give a shorter time, a part of the resource, or both.")
    await sam.dialog.locator('[data-action-id="resource"]').fill("feature-flags/checkout")
    await sam.dialog.locator('[data-action-id="comment"]').fill("One flag is enough")
    await picture(sam, f"12-for-less-{theme}")
    await sam.dialog.get_by_role("button", name="Approve").click()
    await expect(asked).to_contain_text("feature-flags/checkout, part of the feature-flags asked")
    await expect(asked).to_contain_text("Access is live")
    await picture(sam, f"13-card-of-a-part-{theme}")

    await ana.go("as/ana/with/jit/home")
    home = ana.page.locator(".home")
    await expect(home).to_contain_text("feature-flags/checkout")
    await picture(ana, f"14-home-{theme}")
    phone = await readers.open("as/ana/with/jit/home", size=PHONE, color_scheme=theme)
    await expect(phone.page.locator(".home")).to_contain_text("feature-flags/checkout")
    await picture(phone, f"15-home-on-a-phone-{theme}")
    await sam.go("as/sam/with/jit/home")
    await expect(sam.page.locator(".home")).to_contain_text("feature-flags/checkout")
    await picture(sam, f"16-home-of-security-{theme}")


async def test_a_key_of_ones_own(readers: Readers) -> None:
    """Links open beside the workspace: Ben enrols a key on his page, then approves with it what a click does not."""
    reader = await readers.open("as/ben/in/general")
    await reader.say("/jit request enrol-factor ben 10m My key")
    await expect(reader.message("Asked")).to_be_visible()
    await become(reader, "sam", "prod-approvals")
    await reader.message("My key").get_by_role("button", name="Approve").click()
    await expect(reader.message("My key")).to_contain_text("Access is live")

    await become(reader, "ben", "general")
    await reader.say("/jit factors")
    mine = await beside(
        reader, reader.message("You have no second factor").get_by_role("link", name="Change")
    )
    await with_a_key(mine)
    await mine.get_by_role("button", name="Add a security key").click()
    await mine.get_by_role("button", name="Add this key").click()
    await expect(mine.get_by_role("heading", name="is added")).to_be_visible()

    await become(reader, "ana", "general")
    await reader.say("/jit request prod-secrets-read payments-keys 10m INC-31: a key leaked")
    await asyncio.sleep(3)  # the demo's cooling-off
    await become(reader, "ben", "prod-approvals")
    await reader.message("INC-31").get_by_role("button", name="Approve").click()
    await expect(reader.dialog).to_contain_text("a click in Slack does not prove that it is you")
    link = reader.dialog.get_by_role("link", name="on my page")
    await (await beside(reader, link)).close()
    await mine.goto(str(await link.get_attribute("href")))  # this tab has the key
    await mine.get_by_role("button", name="with security key").click()
    await expect(mine.locator("main")).to_contain_text("Approved")
    await expect(reader.message("INC-31")).to_contain_text("Approved by Ben Okafor")
    await expect(reader.message("INC-31")).to_contain_text("Access is live")
    await expect(reader.dialog).to_contain_text("Approved")  # the form says what was done on the page


async def beside(reader: Reader, link: Locator) -> Page:
    """Follow a link that opens a tab of its own."""
    async with reader.page.context.expect_page() as opened:
        await link.click()
    page = await opened.value
    await page.wait_for_load_state()
    return page


async def with_a_key(page: Page) -> None:
    """Put a key into a tab, whose person touches it and is known to it."""
    tools = await page.context.new_cdp_session(page)
    await tools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    await tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
