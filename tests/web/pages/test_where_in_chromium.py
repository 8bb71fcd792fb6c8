"""Contract of the page that shows where somebody is, in a real browser: seen, read and sent by keyboard alone.

Screenshots stay in `.artifacts/`.
"""

from pathlib import Path

import pytest
from playwright.async_api import expect

from app.domain.request import State
from tests.chromium import chromium
from tests.web.pages.test_where import OFFICE, link, requests_of
from tests.web.pages.test_where import office as office  # noqa: PLC0414  a fixture of another file

PICTURES = Path(__file__).parents[3] / ".artifacts"


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_seen_and_sent(office, theme):
    """On a phone's width nothing is cut; Tab and Enter ask; a second look says that the link is used."""
    PICTURES.mkdir(exist_ok=True)
    path = await link(office)
    url = f"http://localhost:{office._listening.getsockname()[1]}{path}"
    complaints = []
    async with chromium() as browser:
        context = await browser.new_context(
            viewport={"width": 390, "height": 844},
            color_scheme=theme,
            extra_http_headers={"X-Forwarded-For": OFFICE},
        )
        page = await context.new_page()
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(url)
        await expect(page.get_by_role("heading", name="Ask from here?")).to_be_visible()
        await expect(page.get_by_text(OFFICE)).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        await page.screenshot(path=PICTURES / f"where_{theme}.png", full_page=True)
        assert [] == await requests_of(office)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Asked")).to_be_visible()
        await page.screenshot(path=PICTURES / f"where_asked_{theme}.png", full_page=True)
        (request,) = await requests_of(office)
        assert (State.PENDING, OFFICE) == (request.state, request.ip)
        assert [] == complaints
        await page.goto(url)
        await expect(page.get_by_text("used already")).to_be_visible()
