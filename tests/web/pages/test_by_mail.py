"""Contract of deciding by mail: the link shows, and only what is proved on the page after it decides.

Ben reads mail and not Slack. Whoever has the mail, as a scanner that opens each link in it and sends nothing, or
sends every form but has no factor, decides nothing. A real mail server, a real browser.
"""

import re
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import expect

from app.domain.request import State
from tests.mail.servers import html_of, smtp_server, text_of
from tests.web.pages.confirming import SECRET, Browser, holder, open_office, proved_by
from tests.web.pages.screen import screen

BEN = "ben@example.com"


def by_mail(policies) -> None:
    """Ben is told by mail alone, and proves himself by his app."""
    proved_by("webauthn", "totp")(policies)
    policies["people"]["ben"]["notify"] = ["email"]


@pytest.fixture
async def post():
    async with smtp_server() as server:
        yield server


@pytest.fixture
async def office(workplace, post):
    async with mailing(workplace, post) as work:
        yield work


@asynccontextmanager
async def mailing(workplace, post):
    mail = {"smtp_url": f"smtp://127.0.0.1:{post.port}", "mail_from": "Access bot <jit@example.com>"}
    async with open_office(workplace, by_mail, **mail) as work:
        await holder(work, "ben").has_app(SECRET)
        yield work


async def link_to_ben(office, post) -> tuple[str, str]:
    """Ana asks, Ben gets the mail; gives the request's id and the path of the page that the mail leads to."""
    request_id = await office.asks("@ana")
    mail = await post.one(BEN, "asks for your approval")
    found = re.search(r"http://localhost:\d+(/confirm/[A-Za-z0-9_-]{43})", text_of(mail))
    assert found, text_of(mail)
    assert found[0] in html_of(mail)
    return request_id, found[1]


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_code_after_the_link_approves(office, post, theme):
    """Mail, review page, Approve, code: the card turns green, and the decision rests on the app."""
    request_id, path = await link_to_ben(office, post)
    async with screen(office, theme) as ben:
        await ben.opens(path)
        await expect(ben.page.get_by_role("region", name=request_id)).to_contain_text("orders-db")
        await ben.picture("review")
        await ben.tabs_to("Approve")
        await ben.page.keyboard.press("Enter")
        await ben.page.get_by_label("The 6 digits it shows now").fill(
            await holder(office, "ben").code(SECRET)
        )
        assert State.PENDING is (await office.request(request_id)).state
        await ben.page.keyboard.press("Enter")
        await expect(ben.page.get_by_role("heading", name="Approved")).to_be_visible()
        (decision,) = (await office.reaches(request_id, State.ACTIVE)).decisions
        assert ("ben", "totp", "127.0.0.1") == (decision.by.id, decision.proof.kind, decision.proof.ip)
        await office.card(request_id, "live", without="jit_approve")
        await ben.opens(path)
        await expect(ben.page.get_by_role("button")).to_have_count(0)
        await ben.picture("review_settled")


async def test_denying_asks_why(office, post):
    """Deny asks for a reason, which stays when the code was wrong; the right code denies, and Ana reads it."""
    request_id, path = await link_to_ben(office, post)
    async with screen(office) as ben:
        await ben.opens(path)
        await ben.page.get_by_role("button", name="Deny").click()
        why, code = ben.page.get_by_label("Why"), ben.page.get_by_label("The 6 digits it shows now")
        await code.fill("000001")
        await code.press("Enter")
        await expect(why).to_be_focused()
        await why.fill("not on a Friday <b>")
        await code.press("Enter")
        await expect(ben.page.get_by_role("alert")).to_be_visible()
        await expect(why).to_have_value("not on a Friday <b>")
        await ben.picture("confirm_deny")
        await code.fill(await holder(office, "ben").code(SECRET))
        await code.press("Enter")
        await expect(ben.page.get_by_role("heading", name="Denied")).to_be_visible()
    request = await office.reaches(request_id, State.DENIED)
    assert "not on a Friday <b>" == request.decisions[0].comment
    await office.told("@ana", request_id, "not on a Friday")


async def test_a_scanner_decides_nothing(office, post):
    """It opens the link again and again, runs the scripts, and even presses every button: the request waits."""
    request_id, path = await link_to_ben(office, post)
    async with screen(office) as scanner:
        for _ in range(3):
            await scanner.opens(path)
        for name in ("Approve", "Deny"):
            await scanner.opens(path)
            await scanner.page.get_by_role("button", name=name).click()
            await expect(scanner.page.get_by_label("The 6 digits it shows now")).to_be_visible()
    browser = Browser(office)
    await browser.opens(path)
    for fields in ({"how": "code", "code": await holder(office, "ben").code(SECRET)}, {"how": "key"}, {}):
        answer = await browser.sends(path, **fields)
        assert (answer.status_code in {400, 409}, 'role="alert"' in answer.text) == (True, True), fields
    await browser.aclose()
    assert (State.PENDING, ()) == (
        (await office.request(request_id)).state,
        (await office.request(request_id)).decisions,
    )
