"""A browser for each file, and for each test a workspace with an app that shows everything."""

import shutil
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from app.playground import AppRegistration
from tests.conftest import required
from tests.playground.page.bot import MANIFEST, Every
from tests.playground.page.reader import Readers
from tests.playground.stage import connected, workspace_with

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, without a window."""
    if shutil.which(CHROMIUM) is None:
        required("chromium")
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="module")
async def every() -> AsyncIterator[Every]:
    """The app, running over Socket Mode in a workspace of its own."""
    registration = AppRegistration(name="Every", key="every", manifest=MANIFEST)
    async with workspace_with(registration) as playground:
        app = Every(playground)
        async with connected(playground, app.app) as handler:
            app.handler = handler
            yield app


@pytest_asyncio.fixture(loop_scope="module")
async def readers(browser: Browser, every: Every) -> AsyncIterator[Readers]:
    """Opens the page as somebody; at the end nothing may have complained in the browser."""
    opened = Readers(browser, every.playground.url)
    yield opened
    await opened.close()
    assert [] == opened.complaints
