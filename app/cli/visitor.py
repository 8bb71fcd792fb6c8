"""Somebody at the bot's pages, without a browser: opens them, touches a software key, and sends their forms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import aiohttp

from app.playground.authenticator import Authenticator
from app.playground.hands import NotTakenError


@dataclass
class Form:
    """A form: where it leads, its fields, and what it asks a key, by the name of the field."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    asks: dict[str, tuple[str, str]] = field(default_factory=dict)


class Visitor:
    """One person with one browser and one key. `said` is what the page reads that was opened or answered last."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._key = Authenticator()
        self._url = ""
        self._forms: list[Form] = []
        self._filled: tuple[str, Mapping[str, str]] = ("", {})
        self.said = ""

    async def open(self, url: str) -> None:
        """Open a page. Raises NotTakenError."""
        if not url:
            raise NotTakenError("there is no link to a page; is JIT_PUBLIC_URL set?")
        async with self._session.get(url) as answer:
            await self._read(answer)

    async def send(self, which: Mapping[str, str], **typed: str) -> None:
        """Fill in a form and send it. Raises NotTakenError."""
        self.fill(which, **typed)
        await self.send_again()

    def fill(self, which: Mapping[str, str], **typed: str) -> None:
        """Fill in the form whose fields say `which`; the key is touched where it asks for one. Raises NotTakenError."""
        form = next((each for each in self._forms if which.items() <= each.fields.items()), None)
        if form is None:
            raise NotTakenError(f"the page has no form with {dict(which)}; it says: {self.said}")
        touched = {name: self._touch(*asked) for name, asked in form.asks.items()}
        self._filled = (urljoin(self._url, form.action), {**form.fields, **touched, **typed})

    async def send_again(self) -> None:
        """Send what was filled in last, touch and all, as it is. Raises NotTakenError."""
        url, fields = self._filled
        async with self._session.post(url, data=fields) as answer:
            await self._read(answer)

    def _touch(self, what: str, options: str) -> str:
        parts = urlsplit(self._url)
        touch = self._key.get if what == "assertion" else self._key.create
        return touch(options, f"{parts.scheme}://{parts.netloc}")

    async def _read(self, answer: aiohttp.ClientResponse) -> None:
        page = _Page()
        page.feed(await answer.text())
        self._url, self._forms, self.said = str(answer.url), page.forms, " ".join(page.words)
        if answer.status >= 400:
            raise NotTakenError(f"{answer.status} of a page: {self.said}")


class _Page(HTMLParser):
    """Finds the forms of a page, and its words."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(said.get("action", "")))
        elif tag == "input" and self.forms and "name" in said:
            self.forms[-1].fields[said["name"]] = said.get("value", "")
            if "data-ask" in said:
                self.forms[-1].asks[said["name"]] = (said["data-ask"], said["data-options"])

    def handle_data(self, data: str) -> None:
        self.words += data.split()
