"""People who confirm on pages: a bot behind HTTP whose policy asks for factors, browsers, keys and apps."""

import html
import re
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pyotp

from app.mfa.relying_party import relying_party
from app.playground.hands import open_view
from tests.mfa.holders import KEY, Holder
from tests.workplace import ASK, Workplace

SECRET = pyotp.random_base32(32)
LINK = re.compile(r"http://localhost:\d+(/(?:confirm|factors)/[A-Za-z0-9_-]{43})")
PROVE = "jit_prove"


def proved_by(*factors: str, requester: bool = False, **more: Any) -> Callable[[dict[str, Any]], None]:
    """Production asks approvers, or the requester, for one of these factors."""

    def change(policies: dict[str, Any]) -> None:
        asked = {"requester" if requester else "approver": list(factors), **more}
        for rule in policies["rules"].values():
            if rule["effect"] == "require":
                rule.setdefault("obligations", {})["mfa"] = asked

    return change


@asynccontextmanager
async def open_office(workplace, change=None, **more):
    """A bot with pages, at the address that people reach it by."""
    work = workplace(change or proved_by("webauthn", "totp"))
    async with work:
        await work.start(public_url=address_of(work), secret_keys=KEY, **more)
        yield work


def address_of(work: Workplace) -> str:
    return f"http://localhost:{work._listening.getsockname()[1]}"


def holder(work: Workplace, person: str) -> Holder:
    """Somebody of the policy, who may get keys and apps."""
    by = work.bot.policy().people[person]
    return Holder(work.bot.connection, by, rp=relying_party(address_of(work)))


class Browser:
    """A browser without scripts: it opens pages and sends their forms."""

    def __init__(self, work: Workplace, **how: Any) -> None:
        self.client = httpx.AsyncClient(base_url=address_of(work), **how)
        self.page = ""

    async def opens(self, path: str) -> httpx.Response:
        """Open a page and keep it."""
        answer = await self.client.get(path)
        self.page = answer.text
        return answer

    async def sends(self, path: str, **fields: str) -> httpx.Response:
        """Send a form of the page that is open."""
        answer = await self.client.post(path, data={"csrf": self.csrf, **fields})
        if answer.status_code == 200:
            self.page = answer.text
        return answer

    @property
    def csrf(self) -> str:
        """The value of the forms."""
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.page)
        return found[1] if found else "none"

    @property
    def options(self) -> str:
        """What the page asks a key."""
        found = re.search(r'data-options="([^"]*)"', self.page)
        assert found, self.page
        return html.unescape(found[1])

    async def aclose(self) -> None:
        await self.client.aclose()


async def asked_for_proof(work: Workplace, user: str = "@ben", command: str = ASK) -> tuple[str, str]:
    """Ask as Ana, click Approve; gives the request's id and the path of the page that the form leads to."""
    request_id = await work.asks("@ana", command)
    card = await work.card(request_id, offering="jit_approve")
    await work.clicks(user, card, "jit_approve")

    def about_it(state: dict[str, Any]) -> dict[str, Any] | None:
        view = open_view(state, user, PROVE)
        return view if view and request_id in str(view["blocks"]) else None  # not that of an earlier click

    return request_id, path_in(await work.hands.until(f"the form about {request_id}", about_it))


def path_in(view: Mapping[str, Any]) -> str:
    """The path of the page that a form or message leads to."""
    found = LINK.search(str(view["blocks"]))
    assert found, view
    return found[1]


async def view_now(work: Workplace, user: str) -> Mapping[str, Any] | None:
    return open_view(await work.hands.look(), user, PROVE)
