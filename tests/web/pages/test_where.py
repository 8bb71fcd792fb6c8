"""Contract of `/where/<token>`: a wish from Slack is asked from the address that the browser has, once, by its owner.

Looking changes nothing, whoever looks and however often; only the form does that this browser was shown. The
address is the one that the server saw, by trusted proxies alone, never one that somebody wrote. The requester is told
from which. Policy, person and wish are looked at again when the form comes. Attacks first.
"""

import asyncio
import re
from contextlib import asynccontextmanager

import httpx
import pytest
import redis

from app.domain.provenance import IpFrom
from app.domain.request import State
from app.playground.hands import offers, whispered
from tests.workplace import ASK, ID, Workplace, at_work, live_markup

OFFICE = "10.1.2.3"
FORWARDED = {"X-Forwarded-For": OFFICE}
LINK = re.compile(r"http://localhost:\d+/where/([A-Za-z0-9_-]{43})")


def in_the_office(policies):
    """Databases are debugged from the office alone; the proxy before the bot is on this machine."""
    policies["rules"]["office"] = {
        "effect": "deny",
        "actions": ["prod-db-debug"],
        "outside_networks": ["10.0.0.0/8", "2001:db8::/32"],
        "message": "Databases are debugged from the office",
    }


@asynccontextmanager
async def open_office(workplace, change=in_the_office, **more):
    work = workplace(change)
    async with work:
        port = work._listening.getsockname()[1]
        settings = {"public_url": f"http://localhost:{port}", "trusted_proxies": "127.0.0.0/8,192.0.2.0/24"}
        await work.start(**settings | more)
        yield work


@pytest.fixture
async def office(workplace):
    async with open_office(workplace) as work:
        yield work


def browser(work: Workplace) -> httpx.AsyncClient:
    """A browser with cookies of its own."""
    return httpx.AsyncClient(base_url=f"http://localhost:{work._listening.getsockname()[1]}")


async def link(work: Workplace, user: str = "@ana", command: str = ASK) -> str:
    """Ask in Slack; gives the path of the page that the person is led to."""
    said = await work.types(user, command)
    assert "Not asked yet" in said
    message = whispered(await work.hands.look(), user)[-1]
    (found,) = [
        element["url"]
        for block in message["blocks"]
        for element in block.get("elements", ())
        if element.get("action_id") == "jit_open_page"
    ]
    assert (["jit_open_page"], True) == (offers(message), bool(LINK.fullmatch(found)))
    return "/where/" + LINK.fullmatch(found)[1]


async def csrf(client: httpx.AsyncClient, path: str, headers=FORWARDED) -> str:
    page = await client.get(path, headers=headers)
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
    assert (200, True) == (page.status_code, bool(found)), page.text
    return found[1]


async def goes(client: httpx.AsyncClient, path: str, headers=FORWARDED) -> httpx.Response:
    """Open the page and send its form."""
    return await client.post(path, data={"csrf": await csrf(client, path, headers)}, headers=headers)


async def requests_of(work: Workplace, user: str = "ana") -> list:
    return await work.bot.workflow.mine(work.bot.policy().people[user])


# -- attacks -------------------------------------------------------------------------------------------


async def test_a_scanner_does_nothing(office):
    """Whoever follows the link, as often as they like, by whatever method: nothing is asked, and it still works."""
    path = await link(office)
    async with browser(office) as scanner:
        for _ in range(3):
            assert 200 == (await scanner.get(path, headers=FORWARDED)).status_code
        assert 405 == (await scanner.head(path)).status_code
        assert 403 == (await scanner.post(path, headers=FORWARDED)).status_code
        assert 403 == (await scanner.post(path, data={"csrf": "0" * 64}, headers=FORWARDED)).status_code
    assert [] == await requests_of(office)
    async with browser(office) as own:
        assert 200 == (await goes(own, path)).status_code
    assert 1 == len(await requests_of(office))


async def test_a_form_of_another_browser_page_or_site(office):
    """A form counts in the browser that was shown it, for its own page, from our own site."""
    path, other = await link(office), await link(office, "@dev", ASK)
    async with browser(office) as own, browser(office) as thief:
        value, of_other = await csrf(own, path), await csrf(own, other)
        await csrf(thief, path)
        tries = [
            (thief, value, {}),
            (own, of_other, {}),
            (own, value, {"Origin": "https://evil.example"}),
            (own, value, {"Sec-Fetch-Site": "cross-site"}),
        ]
        for client, sent, headers in tries:
            answer = await client.post(path, data={"csrf": sent}, headers=FORWARDED | headers)
            assert (403, True) == (answer.status_code, "Nothing was asked" in answer.text)
    assert ([], []) == (await requests_of(office), await requests_of(office, "dev"))


async def test_two_tabs_at_once(office):
    """Of many tabs that send at the same instant one asks; the others are told so."""
    path = await link(office)
    async with browser(office) as own:
        value = await csrf(own, path)
        sent = [own.post(path, data={"csrf": value}, headers=FORWARDED) for _ in range(8)]
        answers = sorted([answer.status_code for answer in await asyncio.gather(*sent)])
        assert [200, *[409] * 7] == answers
        assert "used already" in (await own.get(path)).text
    assert 1 == len(await requests_of(office))


@pytest.mark.parametrize("token", ["x", "A" * 43, "..%2f..%2fv1", "%00" * 43, "é" * 43, "A" * 5000])
async def test_no_such_link(office, token):
    """Whatever is no token gets one and the same answer, to a look and to a form."""
    path = await link(office)
    async with browser(office) as own:
        value = await csrf(own, path)
        for answer in (
            await own.get(f"/where/{token}"),
            await own.post(f"/where/{token}", data={"csrf": value}),
        ):
            assert answer.status_code in {403, 404}
    assert [] == await requests_of(office)


async def test_guessing_links_ends(office):
    """Who tries links that are none is slowed down; it is recorded once, and security reads of it."""
    async with browser(office) as guesser:
        tried = [await guesser.get(f"/where/{n:043}", headers=FORWARDED) for n in range(125)]
    assert {404, 429} == {each.status_code for each in tried}
    await office.settled()
    guesses = [each.event for each in office.bot.audit_log.latest(50) if each.event.kind == "factor_refused"]
    assert [("pages_guessed", OFFICE)] == [(each.code, each.ip) for each in guesses]
    await office.types("@sam", "/jit digest", "#security")
    await office.posted("#security", "Second factors", f"links to which were guessed, from {OFFICE}")


async def test_guessing_here_and_there_is_one(office):
    """Links of other pages count too: who was slowed down at those is slowed down here."""
    async with browser(office) as guesser:
        codes = {(await guesser.get(f"/confirm/{number:043}")).status_code for number in range(120)}
        assert ({404}, 429) == (codes, (await guesser.get("/where/" + "A" * 43)).status_code)


async def test_a_store_that_is_away(office, monkeypatch):
    """Whether a link is one cannot be told: a page says so, and nothing is asked."""
    path = await link(office)

    async def refused(*_, **__):
        raise redis.exceptions.ConnectionError("away")

    monkeypatch.setattr(office.bot.connection.calls.connection_pool, "get_connection", refused)
    async with browser(office) as own:
        for each in (path, "/where/x"):
            answer = await own.get(each, headers=FORWARDED)
            assert (503, True) == (answer.status_code, "Nothing was asked" in answer.text)


async def test_too_late(office):
    """After 5 minutes the link is none, and nothing that could be asked is kept."""
    path = await link(office)
    redis = office.bot.connection.calls
    (key,) = await redis.keys("jit:{pages}:wish:*")
    assert 0 < await redis.pttl(key) <= 300_000
    assert path.rpartition("/")[2] not in str([key, await redis.hgetall(key)])
    async with browser(office) as own:
        value = await csrf(own, path)
        await redis.delete(key)
        answer = await own.post(path, data={"csrf": value}, headers=FORWARDED)
        assert (404, True) == (answer.status_code, "for 5 minutes" in answer.text)
    assert [] == await requests_of(office)


@pytest.mark.parametrize(
    ("chain", "seen"),
    [
        (OFFICE, OFFICE),
        (f"{OFFICE}, 203.0.113.9", "203.0.113.9"),
        (f"203.0.113.9, {OFFICE}, 192.0.2.1", OFFICE),
        ("::ffff:10.1.2.3", OFFICE),
        ("2001:db8::7", "2001:db8::7"),
        ("198.51.100.1, ::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
async def test_the_address_is_the_proxys_word(office, chain, seen):
    """Of a chain the last that is no trusted proxy's counts, whatever is written left of it; mapped is IPv4."""
    path = await link(office)
    async with browser(office) as own:
        await goes(own, path, {"X-Forwarded-For": chain})
    (request,) = await requests_of(office)
    denied = seen == "203.0.113.9"
    assert (seen, "proxy", IpFrom.BROWSER_CHECK) == (request.ip, request.ip_told_by, request.ip_from)
    assert (State.DENIED if denied else State.PENDING) is request.state


@pytest.mark.parametrize(
    "chain", ["", "10.1.2.3:80", "unknown", f"{OFFICE},", "fe80::1%eth0", "'", ",".join("1" * 99)]
)
async def test_an_address_that_cannot_be_read_is_none(office, chain):
    """A chain that is malformed asks for nothing, says so, and leaves the link as it was."""
    path = await link(office)
    async with browser(office) as own:
        answer = await goes(own, path, {"X-Forwarded-For": chain})
        assert (400, True) == (answer.status_code, "cannot be told" in answer.text)
        assert [] == await requests_of(office)
        assert 200 == (await goes(own, path)).status_code


async def test_who_is_not_behind_a_proxy_writes_nothing(workplace):
    """Without trusted proxies the connection counts, and the header is air."""
    async with open_office(workplace, trusted_proxies="") as work:
        path = await link(work)
        async with browser(work) as own:
            assert "127.0.0.1" in (await own.get(path, headers=FORWARDED)).text
            await goes(own, path)
        (request,) = await requests_of(work)
        assert ("127.0.0.1", "connection", State.DENIED) == (request.ip, request.ip_told_by, request.state)


# -- what may change between -------------------------------------------------------------------------


async def test_the_policy_changed_between(office):
    """What is asked is judged by the policy in force then."""
    path = await link(office)

    def nobody(policies):
        policies["rules"]["office"]["outside_networks"] = ["198.51.100.0/24"]

    async with browser(office) as own:
        value = await csrf(own, path)
        await office.repolicy(nobody)
        answer = await own.post(path, data={"csrf": value}, headers=FORWARDED)
    assert (200, True) == (answer.status_code, "Policy denies" in answer.text)
    assert [State.DENIED] == [each.state for each in await requests_of(office)]


async def test_the_wish_is_no_wish_any_more(office):
    """What cannot be asked by then is told on the page and in Slack; the link is used up."""
    path = await link(office)

    def shorter(policies):
        policies["actions"]["prod-db-debug"] |= {"default": "10m", "longest": "10m"}

    async with browser(office) as own:
        value = await csrf(own, path)
        await office.repolicy(shorter)
        before = len(whispered(await office.hands.look(), "@ana"))
        answer = await own.post(path, data={"csrf": value}, headers=FORWARDED)
        assert (422, True) == (answer.status_code, "10 min" in answer.text)
    told = whispered(await office.hands.look(), "@ana")[before:]
    assert [True] == ["10 min" in str(each["blocks"]) for each in told]
    assert [] == await requests_of(office)


async def test_the_person_is_gone(office):
    """Who is no longer named, or is somebody else by now, asks for nothing by an old link."""
    path = await link(office)

    def swapped(policies):
        people = policies["people"]
        people["ana"]["slack"], people["ben"]["slack"] = people["ben"]["slack"], people["ana"]["slack"]

    async with browser(office) as own:
        value = await csrf(own, path)
        await office.repolicy(swapped)
        answer = await own.post(path, data={"csrf": value}, headers=FORWARDED)
    assert 404 == answer.status_code
    assert ([], []) == (await requests_of(office), await requests_of(office, "ben"))


async def test_denials_are_asked_again_with_the_address(office):
    """At approval the rules that deny look at the address that was recorded."""
    path = await link(office)
    async with browser(office) as own:
        await goes(own, path)
    (request,) = await requests_of(office)

    def elsewhere(policies):
        policies["rules"]["office"]["outside_networks"] = ["198.51.100.0/24"]

    await office.repolicy(elsewhere)
    card = await office.card(request.id, offering="jit_approve")
    assert "Databases are debugged from the office" in await office.refused("@ben", card, "jit_approve")


# -- the story -----------------------------------------------------------------------------------------


async def test_from_slack_to_the_page_and_back(office):
    """A link in Slack, the page in full, access; the address on card, status, page, audit log and direct message."""
    path = await link(office)
    assert [] == await requests_of(office)
    async with browser(office) as own:
        page = (await own.get(path, headers=FORWARDED)).text
        for shown in ("prod-db-debug", "orders-db", "30 min", "INC-7: checkout is slow", "Ana Ruiz", OFFICE):
            assert shown in page
        before = len(whispered(await office.hands.look(), "@ana"))
        done = await goes(own, path)
    request_id = ID.search(done.text)[0]
    assert (200, True) == (done.status_code, "waits for approval" in done.text)
    told = whispered(await office.hands.look(), "@ana")[before:]
    assert [True] == [OFFICE in str(each["blocks"]) and request_id in str(each["blocks"]) for each in told]
    known = f"From `{OFFICE}`, known by a check in a browser, told by a proxy"
    await office.told("@ana", request_id, known, "Was that not you?", offering="jit_cancel")
    card = await office.card(request_id, known, offering="jit_approve")
    await office.clicks("@ben", card, "jit_approve")
    await office.reaches(request_id, State.ACTIVE)
    await office.told("@ana", request_id, known, offering="jit_done")
    assert known in await office.types("@ana", f"/jit status {request_id}")
    await office.settled()
    story = "\n".join(map(str, await office.bot.story(request_id)))
    assert f"by slack from {OFFICE} (browser_check, told by a proxy)" in story


async def test_several_at_once_go_by_one_page(office):
    """A wish for several resources is one page, and each becomes a request with the address."""
    path = await link(office, command=ASK.replace("orders-db", "orders-db,users-db"))
    async with browser(office) as own:
        page = (await own.get(path, headers=FORWARDED)).text
        assert ("orders-db" in page, "users-db" in page) == (True, True)
        await goes(own, path)
    made = await requests_of(office)
    assert {("orders-db", OFFICE), ("users-db", OFFICE)} == {(each.resource, each.ip) for each in made}


async def test_more_time_takes_an_address_too(office):
    """More time asked for in Slack goes by the page, and its decision by the address of that wish."""
    path = await link(office)
    async with browser(office) as own:
        await goes(own, path)
        (request,) = await requests_of(office)
        await office.clicks("@ben", await office.card(request.id, offering="jit_approve"), "jit_approve")
        await office.reaches(request.id, State.ACTIVE)
        more = await link(office, command=f"/jit extend {request.id} 30m the index still builds")
        assert "30 min" in (await own.get(more, headers=FORWARDED)).text
        done = await goes(own, more, {"X-Forwarded-For": "10.9.9.9"})
    assert "waits for a decision" in done.text
    assert "10.9.9.9" == (await office.request(request.id)).extension.ip
    await office.clicks(
        "@ben", await office.card(request.id, "10.9.9.9", offering="jit_approve_more"), "jit_approve_more"
    )
    await office.told("@ana", request.id, "gave you more time")
    assert 3600 == (await office.request(request.id)).seconds


async def test_more_time_from_elsewhere_is_denied(office):
    """From outside of the office it is denied, whatever the request itself came from; the end stays."""
    path = await link(office)
    async with browser(office) as own:
        await goes(own, path)
        (request,) = await requests_of(office)
        await office.clicks("@ben", await office.card(request.id, offering="jit_approve"), "jit_approve")
        await office.reaches(request.id, State.ACTIVE)
        more = await link(office, command=f"/jit extend {request.id} 30m why")
        answer = await goes(own, more, {"X-Forwarded-For": "203.0.113.9"})
    assert (403, True) == (answer.status_code, "Databases are debugged from the office" in answer.text)
    assert (1800, None) == ((now := await office.request(request.id)).seconds, now.extension)


async def test_by_the_form(office):
    """The form in Slack leads to the page as the command does."""
    await office.hands.types("@ana", "/jit request prod-db-debug orders-db")
    view = await office.view("@ana", "jit_request", with_input="reason")
    said = await office.answer("@ana", office.hands.submits("@ana", view, {"reason": "INC-7"}))
    assert "Not asked yet" in said
    assert [] == await requests_of(office)


async def test_the_glass_goes_by_the_page_too(workplace):
    """In an emergency the page is one more click, and the glass breaks from there."""

    def lets(policies):
        in_the_office(policies)
        policies["rules"]["prod-db-debug"]["obligations"] = {"break_glass": True}

    async with open_office(workplace, lets) as work:
        await work.hands.types("@ana", "/jit break-glass prod-db-debug orders-db 15m INC-7: down")
        form = await work.view("@ana", "jit_break_glass")
        said = await work.answer("@ana", work.hands.submits("@ana", form, {"comment": "Checkout is down"}))
        assert ("Not asked yet" in said, []) == (True, await requests_of(work))
        path = whispered(await work.hands.look(), "@ana")[-1]["blocks"][1]["elements"][0]["url"]
        async with browser(work) as own:
            path = path.partition("localhost")[2].partition("/")[2]
            assert "Checkout is down" in (await own.get(f"/{path}", headers=FORWARDED)).text
            await goes(own, f"/{path}")
        (request,) = await requests_of(work)
        assert ("Checkout is down", OFFICE) == (request.glass.why, request.ip)
        await work.reaches(request.id, State.ACTIVE)


async def test_where_no_address_matters_nobody_is_asked(office):
    """An action that no rule about addresses is about is asked at once."""
    said = await office.types("@ana", "/jit request prod-config-change feature-flags 30m INC-7")
    assert "Asked:" in said


async def test_without_a_page(workplace):
    """Without an address for pages the answer is policy's plain no, with what is lacking; there are no pages."""
    async with at_work(workplace(in_the_office)) as work:
        said = await work.types("@ana", ASK)
        assert ("Policy denies" in said, "JIT_PUBLIC_URL" in said) == (True, True)
        async with browser(work) as own:
            assert 404 == (await own.get("/where/" + "A" * 43)).status_code


async def test_what_people_wrote_is_shown_and_not_obeyed(office):
    """A reason with HTML is text on the page, and no markup in Slack."""
    reason = "<script>alert(1)</script> <!channel> *x*"
    path = await link(office, command=f"/jit request prod-db-debug orders-db 30m {reason}")
    assert [] == live_markup({"blocks": whispered(await office.hands.look(), "@ana")[-1]["blocks"]})
    async with browser(office) as own:
        page = await own.get(path, headers=FORWARDED)
    assert ("<script>" in page.text, "&lt;script&gt;alert(1)" in page.text) == (False, True)
    assert "no-store" == page.headers["cache-control"]
