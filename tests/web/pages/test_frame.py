"""The frame of pages.

A page may be looked at by anybody who has its address, as often as they like, and nothing happens. What is sent
from it counts only where it comes from the browser that opened the page, from that page and from our own site;
whatever else is sent gets an answer and has no effect. No page can be shown within another, runs a script of
its own, or tells its address to anybody.
"""

import re

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from app.web.pages.frame import Frame, NotThisForm, _typed

OURS = "https://jit.example.com"


@pytest.fixture
def frame() -> Frame:
    return Frame(OURS)


@pytest.fixture
async def browser(frame: Frame):
    """A browser on a page that says back what its form says."""
    web = FastAPI()

    @web.get("/p/{token}")
    async def show(request: Request, token: str) -> Response:
        return frame.page(
            request, "review.html", trouble="", token=token, title="T", shown=_Shown, waits=True
        )

    @web.post("/p/{token}")
    async def send(request: Request, token: str) -> Response:
        try:
            fields = await frame.form(request, token)
        except NotThisForm as no:
            return frame.refuse(request, "Not sent", str(no))
        return frame.page(request, "told.html", title="Sent", told=str(dict(fields)), mood="yes")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url=OURS) as client:
        yield client


class _Shown:
    class by:  # noqa: N801
        name = "<b>Ana</b>"

    sentence = "<script>alert(1)</script>"
    facts = (("Why", '"><img src=x onerror=alert(1)>'),)


async def opened(browser: httpx.AsyncClient, token: str = "one") -> str:
    """Open a page; gives the value of its form."""
    page = (await browser.get(f"/p/{token}")).text
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


async def test_a_form_of_the_page_is_read(browser) -> None:
    """What the browser that opened the page sends from it arrives."""
    csrf = await opened(browser)
    answer = await browser.post("/p/one", data={"csrf": csrf, "how": "deny"})
    assert (200, True) == (answer.status_code, "deny" in answer.text)


async def test_a_form_without_the_browsers_cookie_is_refused(browser) -> None:
    """Another browser has the page's value and not its cookie."""
    csrf = await opened(browser)
    browser.cookies.clear()
    answer = await browser.post("/p/one", data={"csrf": csrf})
    assert (400, True) == (answer.status_code, "Open the link again" in answer.text)


async def test_a_cookie_of_somebody_elses_browser_is_refused(browser) -> None:
    """A cookie that was taken from another browser does not go with the value of this one's page."""
    stolen = dict((await browser.get("/p/one")).cookies)
    browser.cookies.clear()
    csrf = await opened(browser)
    browser.cookies.clear()
    browser.cookies.update(stolen)
    answer = await browser.post("/p/one", data={"csrf": csrf})
    assert 400 == answer.status_code


async def test_a_value_of_another_page_is_refused(browser) -> None:
    """The value of one page is worth nothing in the form of another, even in the same browser."""
    csrf = await opened(browser, "one")
    assert 400 == (await browser.post("/p/two", data={"csrf": csrf})).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://jit.example.com"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "multipart/form-data; boundary=x"},
    ],
)
async def test_what_another_site_sends_is_refused(browser, headers) -> None:
    """The browser itself says that the form came from elsewhere, or that it is none."""
    csrf = await opened(browser)
    sent = {"Content-Type": "application/x-www-form-urlencoded"} | headers
    assert 400 == (await browser.post("/p/one", content=f"csrf={csrf}", headers=sent)).status_code


@pytest.mark.parametrize("origin", ["null", OURS])
async def test_a_browser_that_keeps_its_address_to_itself_is_served(browser, origin) -> None:
    """With `no-referrer` a browser says `Origin: null` of its own site's form (Fetch, 3.1)."""
    csrf = await opened(browser)
    answer = await browser.post("/p/one", data={"csrf": csrf}, headers={"Origin": origin})
    assert 200 == answer.status_code


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"csrf=",
        b"csrf=%ff%fe",
        b"\xff\xfe=\xff",
        b"csrf=\xc3\xa9",
        b"&".join([b"a=1"] * 40),
        b"x" * 70_000,
    ],
)
async def test_garbage_is_refused(browser, body) -> None:
    """Bytes that are no form, too many fields and too large a body are refused alike."""
    await opened(browser)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert 400 == (await browser.post("/p/one", content=body, headers=headers)).status_code


async def test_what_people_wrote_is_text(browser) -> None:
    """A reason, a name or a sentence with HTML in it is shown as it was written."""
    page = (await browser.get("/p/one")).text
    assert [] == re.findall(r"<script>alert|<b>Ana|<img", page)


async def test_every_page_is_kept_apart_from_others(browser) -> None:
    """No script in line, no frame around it, no address told, nothing kept."""
    headers = (await browser.get("/p/one")).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "form-action 'self';" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert ("no-referrer", "DENY", "no-store", "nosniff") == tuple(
        headers[name]
        for name in ("referrer-policy", "x-frame-options", "cache-control", "x-content-type-options")
    )
    assert "max-age" in headers["strict-transport-security"]


async def test_the_cookie_is_no_other_hosts_and_no_scripts(browser) -> None:
    """Over https it is a `__Host-` cookie: secure, for this host alone, out of reach of scripts."""
    cookie = (await browser.get("/p/one")).headers["set-cookie"]
    assert cookie.startswith("__Host-jit=")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "Path=/", "SameSite=lax"))
    assert "Domain" not in cookie


async def test_a_forged_cookie_is_replaced(browser) -> None:
    """A value that is none of ours is not taken over."""
    browser.cookies.set("__Host-jit", "mine")
    answer = await browser.get("/p/one")
    assert "mine" not in answer.headers["set-cookie"]


def test_on_loopback_it_goes_without_https() -> None:
    """A browser takes no `__Host-` cookie over http everywhere, and nothing is said of strict transport."""
    frame = Frame("http://localhost:8080")
    assert ("jit", "http://localhost:8080", "localhost") == (frame.cookie, frame.origin, frame.host)
    assert "Strict-Transport-Security" not in frame._headers


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("Type `/jit factors` now.", "Type <code>/jit factors</code> now."),
        ("`<b>` & `</code>`", "<code>&lt;b&gt;</code> &amp; <code>&lt;/code&gt;</code>"),
        ("<script>alert(1)</script> `", "&lt;script&gt;alert(1)&lt;/script&gt; `"),
    ],
)
def test_what_is_to_be_typed_is_code(told, shown):
    """And nothing of what people wrote is markup."""
    assert shown == str(_typed(told))
