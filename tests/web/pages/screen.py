"""Somebody's Chromium, with a security key in it: the virtual authenticator of DevTools (WebAuthn domain).

Whatever the browser complains of, as a page that its own Content-Security-Policy blocks, fails the test.
"""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from playwright.async_api import BrowserContext, CDPSession, Page

from app.playground.authenticator import Authenticator
from tests.chromium import WAIT, chromium
from tests.workplace import Workplace

PICTURES = Path(__file__).parents[3] / ".artifacts"
PHONE = {"width": 390, "height": 844}
BY_INTENT = "the server responded with a status of 4"
"""Chromium notes each page that comes with 4xx, as every refusal does."""


class Screen:
    """A browser window of one person, at the address of a workplace's bot."""

    def __init__(self, root: str, context: BrowserContext, page: Page, theme: str) -> None:
        self.root = root
        self.page = page
        self.context = context
        self.complaints: list[str] = []
        self._theme = theme
        self._devices: dict[Page, tuple[CDPSession, str]] = {}
        self._listen(page)

    def _listen(self, page: Page) -> None:
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def opens(self, path: str) -> None:
        await self.page.goto(self.root + path)

    async def other_tab(self) -> Page:
        """A second tab of the same browser."""
        page = await self.context.new_page()
        self._listen(page)
        return page

    async def plugs_in(self, device: Authenticator | None = None, *, verifies: bool = True) -> None:
        """Plug a key in; it holds what a key in software made, and may not be able to tell who touches it."""
        session = await self.context.new_cdp_session(self.page)
        await session.send("WebAuthn.enable", {"enableUI": False})
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": verifies,
            "automaticPresenceSimulation": True,
        }
        made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._devices[self.page] = session, made["authenticatorId"]
        for key_id, key in (device.keys if device else {}).items():
            await self._to_key("addCredential", credential=_credential(key_id, key))

    async def gives_up_after(self, ms: int) -> None:
        """Wait no longer for a key than this: what the browser says then is what it says to who cancels."""
        await self.page.eval_on_selector(
            "[data-options]",
            "(e, ms) => { e.dataset.options = JSON.stringify({...JSON.parse(e.dataset.options), timeout: ms}) }",
            ms,
        )

    async def is_not_touched(self) -> None:
        """Nobody touches the key from now on."""
        await self._to_key("setAutomaticPresenceSimulation", enabled=False)

    async def unplugs(self) -> None:
        """Take the key out."""
        await self._to_key("removeVirtualAuthenticator")

    async def tells_who(self, *, verified: bool) -> None:
        """The key's PIN or finger is right from now on, or wrong."""
        await self._to_key("setUserVerified", isUserVerified=verified)

    async def _to_key(self, verb: str, **said: Any) -> Any:
        session, device = self._devices[self.page]
        return await session.send(f"WebAuthn.{verb}", {"authenticatorId": device, **said})

    async def tabs_to(self, name: str) -> None:
        """Go to what has this name by the Tab key alone, as who uses no mouse does."""
        for _ in range(20):
            await self.page.keyboard.press("Tab")
            if name in await self.page.evaluate(NAME):
                return
        raise AssertionError(f"Tab never comes to {name}")

    async def picture(self, name: str) -> None:
        """Keep a picture of the page, whose width nothing may exceed."""
        assert await self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
        PICTURES.mkdir(exist_ok=True)
        await self.page.screenshot(path=PICTURES / f"page_{name}_{self._theme}.png", full_page=True)


NAME = """() => {
  const at = document.activeElement;
  return at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent;
}"""


def _credential(key_id: bytes, key: Any) -> dict[str, Any]:
    private = key.private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "credentialId": base64.b64encode(key_id).decode(),
        "isResidentCredential": True,
        "rpId": key.rp_id,
        "privateKey": base64.b64encode(private).decode(),
        "userHandle": base64.b64encode(key.user_handle).decode(),
        "signCount": key.count,
    }


@asynccontextmanager
async def screen(work: Workplace, theme: str = "light", **how: Any) -> AsyncIterator[Screen]:
    """A phone's width of Chromium before the pages of a bot."""
    async with chromium() as browser:
        context = await browser.new_context(viewport=PHONE, color_scheme=theme, **how)
        context.set_default_timeout(WAIT)
        assert work._listening
        root = f"http://localhost:{work._listening.getsockname()[1]}"
        opened = Screen(root, context, await context.new_page(), theme)
        yield opened
        assert [] == [said for said in opened.complaints if BY_INTENT not in said]
