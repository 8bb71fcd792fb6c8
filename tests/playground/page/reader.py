"""Somebody at the page: where they look, what they type, and what their browser complained of."""

from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page

from tests.chromium import WAIT

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


class Reader:
    """One page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.composer = page.locator("#composer-channel")
        self.thread_composer = page.locator("#composer-thread")
        self.dialog = page.locator("dialog[data-view-id]")
        self.thread = page.locator("aside.thread")
        self.notice = page.locator("[role=alert]")

    async def go(self, where: str) -> None:
        """Follow a deep link such as `as/ana/in/general`."""
        await self.page.goto(f"/#/{where}")
        await self.page.locator("main.conversation").wait_for()

    async def say(self, text: str) -> None:
        """Type into the conversation's box and send."""
        await self.composer.fill(text)
        await self.composer.press("Enter")

    def messages(self) -> Locator:
        return self.page.locator("main .message")

    def message(self, words: str) -> Locator:
        return self.messages().filter(has_text=words)

    def act(self, action_id: str, value: str | None = None) -> Locator:
        """The element with this action id in the conversation."""
        which = f'[data-action-id="{action_id}"]' + (f'[data-value="{value}"]' if value else "")
        return self.page.locator(f"main {which}")

    def input(self, block_id: str) -> Locator:
        """The control of an input block in the open modal."""
        return self.dialog.locator(f'[data-block-id="{block_id}"] [data-action-id]')

    def act_in_dialog(self, action_id: str) -> Locator:
        """The element with this action id in the open modal."""
        return self.dialog.locator(f'[data-action-id="{action_id}"]')

    async def evaluate(self, script: str, *arguments: Any) -> Any:
        return await self.page.evaluate(script, *arguments)


class Readers:
    """Opens pages, and keeps what their consoles complained of."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    async def open(
        self, where: str = "as/ana/in/general", *, size: dict[str, int] = DESKTOP, **options: Any
    ) -> Reader:
        """Open a page in a profile of its own: `color_scheme`, `timezone_id`, … as the browser takes them."""
        context = await self._browser.new_context(
            base_url=self._url, viewport=size, **{"timezone_id": "Europe/Berlin", "locale": "en-US"} | options
        )
        context.set_default_timeout(WAIT)
        self._contexts.append(context)
        page = await context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(f"{error}\n{error.stack}"))
        reader = Reader(page)
        await reader.go(where)
        return reader

    def _note(self, message: ConsoleMessage) -> None:
        """A refusal that the page tells in words is no complaint; everything else is."""
        refused = (
            message.text.startswith("Failed to load resource") and "/workspace/" in message.location["url"]
        )
        if message.type in {"error", "warning"} and not refused:
            self.complaints.append(f"{message.text} {message.location['url']}")

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()
