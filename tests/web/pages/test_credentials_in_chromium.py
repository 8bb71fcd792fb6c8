"""Contract of the page that shows credentials, in a real browser: by keyboard, on a phone, without script.

What is copied and saved is what was given. Going back, forward and reloading show nothing again. Pictures stay in
`.artifacts/`.
"""

from contextlib import suppress

import pytest
from playwright.async_api import Error, expect

from tests.web.pages.screen import screen
from tests.web.pages.taking import led, live, open_with_credentials

PRIVATE = "BEGIN OPENSSH PRIVATE KEY"
WIDE = {"width": 1280, "height": 900}


@pytest.fixture
async def office(workplace, tmp_path):
    async with open_with_credentials(workplace, tmp_path) as work:
        yield work


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_by_keyboard_alone(office, theme):
    """The code is typed where the page begins, Enter shows them; Tab comes to each copy; a wrong code is told first."""
    request_id = await live(office)
    link = await led(office, request_id)
    async with screen(office, theme) as ana:
        await ana.opens(link.path)
        await expect(ana.page.get_by_role("heading", name=f"Credentials of {request_id}")).to_be_visible()
        await expect(ana.page.get_by_label("The code that Slack shows beside the link")).to_be_focused()
        await ana.picture("credentials")
        await ana.page.keyboard.type("AAAA-AAAA")
        await ana.page.keyboard.press("Enter")
        await expect(ana.page.get_by_role("alert")).to_contain_text("not the code")
        await ana.picture("credentials_wrong_code")
        await ana.page.keyboard.type(link.word)
        await ana.page.keyboard.press("Enter")
        await expect(ana.page.get_by_role("status").first).to_contain_text("to nobody again")
        await expect(ana.page.get_by_text(PRIVATE).first).to_be_visible()
        await ana.picture("credentials_shown")
        await ana.tabs_to("Copy All of it, to be pasted at once")
        await ana.page.keyboard.press("Enter")
        await expect(ana.page.locator(".said")).to_contain_text("Copy All of it")
        await ana.page.reload()
        await expect(ana.page.get_by_role("heading", name="Shown already")).to_be_visible()
        await ana.picture("credentials_gone")
        await ana.page.goto("about:blank")
        with suppress(
            Error
        ):  # ERR_CACHE_MISS: Chromium keeps nothing of the page, and asks before it sends again
            await ana.page.go_back()
        await expect(ana.page.get_by_text(PRIVATE)).to_have_count(0)
        ana.complaints.clear()  # Chromium notes that it asked for the form to be sent again


async def test_copied_and_saved(office):
    """Clipboard and file hold what the page shows, byte by byte; the address says nothing of it."""
    link = await led(office, await live(office))
    async with screen(
        office, permissions=["clipboard-read", "clipboard-write"], accept_downloads=True
    ) as ana:
        await ana.page.set_viewport_size(WIDE)
        await ana.opens(link.path)
        await ana.page.get_by_label("The code that Slack shows").fill(link.word)
        await ana.page.get_by_role("button", name="Show once").click()
        config = await ana.page.get_by_label("SSH_CONFIG", exact=True).text_content()
        await ana.page.get_by_role("button", name="Copy SSH_CONFIG").click()
        await expect(ana.page.get_by_role("button", name="Copy SSH_CONFIG")).to_have_text("Copied")
        assert config == await ana.page.evaluate("navigator.clipboard.readText()")
        async with ana.page.expect_download() as downloading:
            await ana.page.get_by_role("button", name="Save SSH_KEY as a file").click()
        saved = await downloading.value
        assert "SSH_KEY" == saved.suggested_filename
        key = await ana.page.get_by_label("SSH_KEY", exact=True).text_content()
        assert (key, True) == ((await _read(saved)), PRIVATE in key)
        assert ("blob:", False) == (saved.url[:5], "OPENSSH" in saved.url)
        assert ana.page.url.endswith(link.path)
        await ana.picture("credentials_shown_wide")


async def test_without_script(office):
    """All of it works but the buttons that copy, which are not there: a click selects."""
    link = await led(office, await live(office))
    async with screen(office, java_script_enabled=False) as ana:
        await ana.opens(link.path)
        await ana.page.get_by_label("The code that Slack shows").fill(link.word)
        await ana.page.get_by_role("button", name="Show once").click()
        await expect(ana.page.get_by_text(PRIVATE).first).to_be_visible()
        await expect(ana.page.get_by_role("button", name="Copy SSH_KEY")).to_be_hidden()


async def _read(saved) -> str:
    return (await saved.path()).read_text()
