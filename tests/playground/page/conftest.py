"""A browser for each file, and for each test a workspace with an app that shows everything."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from app.playground import AppRegistration
from tests.chromium import chromium
from tests.playground.page.bot import MANIFEST, Every
from tests.playground.page.reader import Readers
from tests.playground.stage import connected, workspace_with


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, without a window."""
    async with chromium() as opened:
        yield opened


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
