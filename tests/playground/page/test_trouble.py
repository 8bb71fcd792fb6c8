"""Contract: what goes wrong is told in words, where it went wrong, with what to do; nothing typed is lost."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from app.playground import Playground, demo_workspace
from tests.playground.page.bot import Every, request_card
from tests.playground.page.reader import Reader, Readers
from tests.playground.stage import connected

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_command_that_nobody_acknowledges(readers: Readers) -> None:
    """After 3 s the page says that the app did not answer, and gives the text back."""
    reader = await readers.open()
    await reader.say("/every silent")
    await expect(reader.page.locator(".composer-tip")).to_contain_text("Waiting for every…")
    trouble = reader.page.locator(".composer .trouble")
    await expect(trouble).to_contain_text("did not acknowledge within 3 seconds")
    await expect(reader.composer).to_have_value("/every silent")
    await expect(reader.messages().last).to_contain_text('failed with the error "operation_timeout"')
    await reader.page.get_by_role("button", name="Dismiss this message").click()
    await expect(reader.page.locator(".trouble")).to_have_count(0)


async def test_what_is_sent_while_a_command_is_under_way(readers: Readers) -> None:
    """Enter is never lost: it goes out after the command, in the order in which it was typed."""
    reader = await readers.open()
    await reader.say("/every silent")
    await expect(reader.page.locator(".composer-tip")).to_contain_text("Waiting for every…")
    await reader.say("the first")
    await reader.say("the second")
    await expect(reader.messages().last).to_contain_text("the second")
    await expect(reader.messages().nth(-2)).to_contain_text("the first")
    await expect(reader.composer).to_have_value("/every silent")
    await expect(reader.page.locator(".composer-tip")).to_contain_text("sends")


async def test_a_command_that_does_not_exist(readers: Readers) -> None:
    """Slackbot's sentence says so, and the text comes back to be mended."""
    reader = await readers.open()
    await reader.say("/evry hello")
    await expect(reader.page.locator(".composer .trouble")).to_contain_text("/evry is not a valid command")
    await expect(reader.composer).to_have_value("/evry hello")
    await reader.say("/every hello")
    await expect(reader.page.locator(".trouble")).to_have_count(0)
    await expect(reader.message("You said hello")).to_be_visible()


async def test_an_app_that_is_not_connected(readers: Readers, every: Every) -> None:
    """The page says so at the click and above; once the app is back, the click works and the words go."""
    await every.client.chat_postMessage(channel="#general", text="Card", blocks=request_card())
    reader = await readers.open("as/ben/in/general")
    await expect(reader.page.locator(".banner.wrong")).to_have_count(0)
    assert every.handler is not None
    await every.handler.close_async()
    await reader.act("approve").click()
    trouble = reader.messages().first.locator(".trouble")
    await expect(trouble).to_contain_text("not connected, so nothing was done")
    await expect(reader.page.locator(".banner.wrong")).to_contain_text("every is not connected")
    async with connected(every.playground, every.app):
        await expect(reader.page.locator(".banner.wrong")).to_have_count(0)
        await reader.act("approve").click()
        await expect(reader.messages().first).to_contain_text("Approved by @Ben Okafor")
        await expect(reader.page.locator(".trouble")).to_have_count(0)


async def test_a_button_that_is_gone(readers: Readers, every: Every) -> None:
    """A click that comes too late is refused in words, beside the message."""
    ts = await every.post_card()
    reader = await readers.open("as/ben/in/prod-approvals")
    released = asyncio.Event()

    async def lag(route) -> None:
        await released.wait()
        await route.continue_()

    await reader.page.route("**/workspace/state", lag)
    await every.client.chat_update(channel="C0PROD", ts=ts, text="done", blocks=request_card("Done"))
    await reader.act("approve").click()
    await expect(reader.messages().first.locator(".trouble")).to_contain_text("no longer there")
    released.set()
    await expect(reader.act("approve")).to_have_count(0)
    assert [] == every.heard


async def test_a_modal_that_nobody_acknowledges(readers: Readers, every: Every) -> None:
    """The modal stays, says that there was trouble, and keeps what was typed for another try."""
    reader = await readers.open()
    await reader.say("/every form")
    await reader.input("words").fill("keep this")
    await reader.page.wait_for_timeout(100)
    assert every.handler is not None
    await every.handler.close_async()
    await reader.dialog.get_by_role("button", name="Send").click()
    await expect(reader.dialog.locator(".trouble")).to_contain_text("We had some trouble connecting")
    await expect(reader.input("words")).to_have_value("keep this")
    async with connected(every.playground, every.app):
        await reader.dialog.get_by_role("button", name="Send").click()
        await expect(reader.dialog).to_have_count(0)
    assert "keep this" == every.submitted[0]["words"]["it"]["value"]


async def test_a_workspace_that_stops_and_comes_back(browser) -> None:
    """The page says that nobody answers, keeps the draft, and goes on by itself afterwards."""
    async with Playground(demo_workspace()) as first:
        port = int(first.url.rpartition(":")[2])
        readers = Readers(browser, first.url)
        reader: Reader = await readers.open()
        await reader.composer.fill("unsent")
    banner = reader.page.locator(".banner.wrong")
    await expect(banner).to_contain_text("The workspace does not answer")
    await reader.composer.press("Enter")
    await expect(reader.page.locator(".composer .trouble")).to_contain_text("Your text is kept")
    await expect(reader.composer).to_have_value("unsent")
    async with Playground(demo_workspace(), port=port):
        await expect(banner).not_to_contain_text("The workspace does not answer", timeout=15_000)
        await reader.composer.press("Enter")
        await expect(reader.message("unsent")).to_be_visible()
        await expect(reader.page.locator(".composer .trouble")).to_have_count(0)
        await readers.close()
    unreached = re.compile("ERR_CONNECTION_REFUSED|ERR_INCOMPLETE|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET")
    assert [] == [each for each in readers.complaints if not unreached.search(each)]


async def test_the_hint_is_put_away_for_good(readers: Readers) -> None:
    """A newcomer is told what to do in one line, which does not come back once dismissed."""
    reader = await readers.open()
    await expect(reader.page.locator(".banner.hint")).to_contain_text("You are Ana. Type /every")
    await reader.page.get_by_role("button", name="Dismiss the hint").click()
    await expect(reader.page.locator(".banner.hint")).to_have_count(0)
    await reader.page.reload()
    await expect(reader.composer).to_be_visible()
    await expect(reader.page.locator(".banner.hint")).to_have_count(0)
