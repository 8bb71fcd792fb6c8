"""Contract of confirming by a login, in a real browser, at a real OpenID provider (oidc-provider, on loopback).

The page leads there by a page of its own, since no form of ours may be redirected to another origin. Back here the
sign-in decides, once, in the browser in which it began. Whatever else comes back gets an answer, decides nothing,
and is recorded.
"""

from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, expect

from app.domain.request import State
from tests.mfa.holders import KEY
from tests.mfa.oidc.browser import STRONG
from tests.mfa.oidc.conftest import ACCOUNTS, SECRET, running
from tests.mfa.oidc.conftest import program as program  # noqa: PLC0414  a fixture of another folder
from tests.web.pages.confirming import address_of, asked_for_proof, proved_by
from tests.web.pages.screen import screen

BUTTON = "Approve by logging in"


def by_login(policies) -> None:
    """Approvers prove it by the company's login, and policy knows their accounts."""
    proved_by("oidc")(policies)
    policies["people"]["ben"]["oidc"] = ACCOUNTS["ben"]


@pytest.fixture
async def office(workplace, program):
    async with signing_in_at(workplace(by_login), program) as work:
        yield work


@asynccontextmanager
async def signing_in_at(work, program):
    """A bot whose people log in at a provider."""
    async with work:
        root = address_of(work)
        with running(program, "client_secret_basic", f"{root}/signed-in") as issuer:
            oidc = {"oidc_issuer": issuer, "oidc_client_id": "jit", "oidc_client_secret": SECRET}
            await work.start(public_url=root, secret_keys=KEY, oidc_acr=STRONG, **oidc)
            yield work


async def leaves(page: Page) -> None:
    """Press the button, and come to the provider."""
    await page.get_by_role("button", name=BUTTON).click()
    await expect(page.get_by_label("Account")).to_be_visible()


async def signs_in(page: Page, account: str) -> None:
    await page.get_by_label("Account").fill(account)
    await page.get_by_role("button", name="Sign in").click()


async def refusals(office, request_id) -> list[str]:
    """The codes of what was refused, oldest first."""
    await office.settled()
    story = office.bot.audit_log.story(request_id)
    return [each.event.code for each in story if each.event.kind == "attempt_refused"]


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_login_turns_the_card_green(office, theme):
    """Away to the provider and back: approved, and the decision rests on the login, and on where it was seen.

    The callback, sent again by the same browser, is refused and recorded.
    """
    request_id, path = await asked_for_proof(office)
    async with screen(office, theme) as ben:
        await ben.opens(path)
        await ben.picture("confirm_login")
        await leaves(ben.page)
        assert State.PENDING is (await office.request(request_id)).state
        async with ben.page.expect_request("**/signed-in?*") as callback:
            await signs_in(ben.page, ACCOUNTS["ben"])
        await expect(ben.page.get_by_role("heading", name="Approved")).to_be_visible()
        await ben.page.goto((await callback.value).url)
        await expect(ben.page.get_by_role("alert")).to_contain_text("was used already")
        await ben.picture("login_used")
    (decision,) = (await office.reaches(request_id, State.ACTIVE)).decisions
    told = (decision.proof.kind, decision.proof.credential, decision.proof.ip, decision.proof.ip_told_by)
    assert ("oidc", ACCOUNTS["ben"][-4:], "127.0.0.1", "connection") == told
    await office.card(request_id, "live", without="jit_approve")
    assert ["oidc_unknown_attempt"] == await refusals(office, request_id)


async def test_without_the_refresh_a_link_leads_on(office):
    """The page in between names where it leads, and has a link, for browsers that follow no refresh."""
    _, path = await asked_for_proof(office)
    async with screen(office) as ben:
        await ben.context.route("http://127.0.0.1:*/**", lambda route: route.abort())
        await ben.opens(path)
        answer = await ben.context.request.post(
            ben.root + path, form={"csrf": await ben.page.input_value("[name=csrf]"), "how": "oidc"}
        )
        shown = await answer.text()
        assert (200, 2) == (answer.status, shown.count("response_type=code"))
        assert "Nothing is decided yet" in shown


async def test_somebody_else_and_nobody(office):
    """Another's account, then cancelled: each is told what to do, and the page can be used again after it."""
    request_id, path = await asked_for_proof(office)
    async with screen(office) as ben:
        alert = ben.page.get_by_role("alert")
        await ben.opens(path)
        await leaves(ben.page)
        await signs_in(ben.page, ACCOUNTS["ana"])
        await expect(alert).to_contain_text("an account that is not the one policy names for you")
        await ben.opens(path)
        await leaves(ben.page)
        await ben.page.get_by_role("button", name="Cancel").click()
        await expect(alert).to_contain_text("was cancelled")
        await ben.picture("login_cancelled")
        assert State.PENDING is (await office.request(request_id)).state
        assert ["oidc_subject", "oidc_not_signed_in"] == await refusals(office, request_id)
        await ben.opens(path)
        await leaves(ben.page)
        await signs_in(ben.page, ACCOUNTS["ben"])
        await expect(ben.page.get_by_role("heading", name="Approved")).to_be_visible()


async def test_a_callback_in_another_browser(office):
    """Ben's way to the provider is passed on: what comes back elsewhere counts for nothing there, and is recorded."""
    request_id, path = await asked_for_proof(office)
    async with screen(office) as ben, screen(office) as stranger:
        await ben.opens(path)
        async with ben.page.expect_request("**/auth?*") as asked:
            await leaves(ben.page)
        await stranger.page.goto((await asked.value).url)
        await signs_in(stranger.page, ACCOUNTS["ben"])
        await expect(stranger.page.get_by_role("alert")).to_contain_text("begun in another browser")
        assert State.PENDING is (await office.request(request_id)).state
        assert ["oidc_other_browser"] == await refusals(office, request_id)
        await signs_in(ben.page, ACCOUNTS["ben"])
        await expect(ben.page.get_by_role("heading", name="Approved")).to_be_visible()
