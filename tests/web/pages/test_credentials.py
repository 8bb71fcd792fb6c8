"""Contract of `/credentials/<token>`: the requester sees what lets them in, once, and nobody else ever does.

Looking takes nothing, whoever looks. A link alone is worth nothing: it takes the code that Slack told beside it, of
which few may be tried, or a factor where policy asks the requester for one. Of many who race one gets them; the
others, and whoever comes later, hear when and from where they were shown. What was shown is recorded before, without
what it was. Attacks first.
"""

import asyncio
import json
import re

import httpx
import pyotp
import pytest

from app.domain.proof import Proof
from app.domain.request import State
from app.playground.hands import offers, readable, urls
from tests.mfa.holders import KEY
from tests.slack.homes import clicks, home, open_home
from tests.web.callers import Callers
from tests.web.pages.confirming import SECRET, Browser, holder, open_office, proved_by
from tests.web.pages.taking import (
    BUTTON,
    PATH,
    WORD,
    by_ssh,
    led,
    live,
    open_with_credentials,
    with_connectors,
)
from tests.workplace import ASK

PRIVATE = "BEGIN OPENSSH PRIVATE KEY"


@pytest.fixture
async def office(workplace, tmp_path):
    async with open_with_credentials(workplace, tmp_path) as work:
        yield work


async def opened(work, path) -> Browser:
    """A browser at the page."""
    browser = Browser(work)
    answer = await browser.opens(path)
    assert 200 == answer.status_code, answer.text
    return browser


async def test_shown_once_to_who_has_link_and_code(office):
    """From the button to the credentials; then Slack, the page and the log say that they were shown, and not what."""
    request_id = await live(office)
    link = await led(office, request_id)
    ana = await opened(office, link.path)
    csrf = ana.csrf
    shown = await ana.sends(link.path, how="word", word=link.word.lower().replace("-", " "))
    assert 200 == shown.status_code
    assert ("no-store", "no-referrer") == (
        shown.headers["Cache-Control"],
        shown.headers["Referrer-Policy"],
    )
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
    for part in (PRIVATE, "ssh-ed25519-cert-v01@openssh.com", "SSH_KNOWN_HOSTS", "export SSH_USER=deploy"):
        assert part in shown.text
    assert "ssh -F &#34;$SSH_CONFIG&#34; orders-db" in shown.text

    request = await office.request(request_id)
    assert ("127.0.0.1", True) == (request.taken.ip, request.taken.on_page)
    assert 1 == (await office.events(request_id)).count("credentials_taken")
    told = await office.told("@ana", request_id, "Credentials shown on a page", "127.0.0.1", "/jit revoke")
    assert BUTTON not in offers(told)
    await office.told("@ana", f"The credentials of `{request_id}` were shown on a page")
    reloaded = await ana.client.post(link.path, data={"csrf": csrf, "how": "word", "word": link.word})
    for again in (await ana.opens(link.path), reloaded):
        assert 410 == again.status_code
        assert PRIVATE not in again.text
        for part in ("shown at", "127.0.0.1", f"/jit revoke {request_id}"):
            assert part in again.text


async def test_from_ones_home(office):
    """The button beside what one holds leads to the same page, by direct message, and goes once they are shown."""
    request_id = await live(office)
    view = await open_home(office, "@ana", request_id, offering=BUTTON)
    await clicks(office, "@ana", view, BUTTON, request_id)
    told = await office.told("@ana", "A page shows the credentials")
    (url,) = urls(told)
    word = WORD.search(readable(told))
    ana = await opened(office, PATH.fullmatch(url)[1])
    assert PRIVATE in (await ana.sends(PATH.fullmatch(url)[1], how="word", word=word[1])).text
    await home(office, "@ana", request_id, offering="jit_done", without=BUTTON)


async def test_no_trace_of_what_was_shown(office):
    """Neither Slack, nor the log, nor the audit log, nor Redis has key or certificate afterwards."""
    request_id = await live(office)
    link = await led(office, request_id)
    ana = await opened(office, link.path)
    shown = (await ana.sends(link.path, how="word", word=link.word)).text
    parts = re.findall(r"[A-Za-z0-9+/]{60,}", shown)[-8:]
    assert 8 == len(parts)
    await office.settled()
    redis = office.bot.connection.calls
    assert await redis.get(f"jit:{{p{request_id[1:3]}}}:secret:{request_id}") is None
    kept = json.dumps(await office.hands.look()) + repr(office.log) + link.path
    audit = (office.data / "audit.sqlite3").read_bytes()
    for part in parts:
        assert (False, False) == (part in kept, part.encode() in audit)
    assert link.word.replace("-", "") not in repr(office.log)


async def test_looking_takes_nothing(office):
    """Scanners, unfurling and previews open links, by GET and HEAD, with and without cookies, as often as they like."""
    request_id = await live(office)
    link = await led(office, request_id)
    for agent in ("Slackbot-LinkExpanding 1.0", "Mozilla/5.0"):
        for _ in range(3):
            browser = Browser(office, headers={"User-Agent": agent})
            page = await browser.opens(f"{link.path}?how=word&word={link.word}")
            assert (200, False) == (page.status_code, PRIVATE in page.text)
            assert link.word not in page.text.replace(f"word={link.word}", "")
            await browser.client.head(link.path)
    assert (await office.request(request_id)).taken is None
    ana = await opened(office, link.path)
    assert PRIVATE in (await ana.sends(link.path, how="word", word=link.word)).text


async def test_a_leaked_link_is_worth_nothing(office):
    """Wrong codes show nothing, are recorded, and are few; the page is no use then even to who has the right one."""
    request_id = await live(office)
    link = await led(office, request_id)
    thief = await opened(office, link.path)
    for word in ("", "0000-0000", "'; --", "\x00", "Z" * 5000):
        answer = await thief.sends(link.path, how="word", word=word)
        assert (409, False) == (answer.status_code, PRIVATE in answer.text)
    answer = await thief.sends(link.path, how="word", word=link.word)
    assert (429, False) == (answer.status_code, PRIVATE in answer.text)
    assert 5 == (await office.events(request_id)).count("attempt_refused")
    fresh = await led(office, request_id)
    assert (True, True) == (fresh.path != link.path, fresh.word != link.word)
    other = await opened(office, fresh.path)
    assert 409 == (await other.sends(fresh.path, how="word", word=link.word)).status_code
    assert PRIVATE in (await other.sends(fresh.path, how="word", word=fresh.word)).text


@pytest.mark.parametrize("what", ["forged", "of a confirmation", "cut", "expired"])
async def test_tokens_that_are_none(office, what):
    """A forged, a foreign, a malformed and an expired token are one and the same: there is no such page."""
    request_id = await live(office)
    link = await led(office, request_id)
    path = {
        "forged": "/credentials/" + "A" * 43,
        "of a confirmation": link.path.replace("credentials", "confirm"),
        "cut": link.path[:-1],
        "expired": link.path,
    }[what]
    browser = await opened(office, link.path)
    if what == "expired":
        redis = office.bot.connection.calls
        await redis.delete(*[key async for key in redis.scan_iter("jit:{pages}:page:*")])
    looked = await Browser(office).opens(path)
    sent = await browser.sends(path, how="word", word=link.word)
    assert (404, False) == (looked.status_code, PRIVATE in looked.text)
    assert (True, False) == (sent.status_code in {400, 404}, PRIVATE in sent.text)


async def test_forms_of_other_sites_and_browsers(office):
    """What this very browser did not open is not taken, with the right code neither."""
    request_id = await live(office)
    link = await led(office, request_id)
    ana = await opened(office, link.path)
    stranger = Browser(office)
    for client, headers, csrf in (
        (stranger.client, {}, ana.csrf),
        (ana.client, {"Origin": "https://evil.example"}, ana.csrf),
        (ana.client, {"Sec-Fetch-Site": "cross-site"}, ana.csrf),
        (ana.client, {}, "0" * 64),
    ):
        fields = {"csrf": csrf, "how": "word", "word": link.word}
        answer = await client.post(link.path, data=fields, headers=headers)
        assert (400, False) == (answer.status_code, PRIVATE in answer.text)
    assert (await office.request(request_id)).taken is None


async def test_others_get_no_page(office):
    """A forged click of a colleague or an approver says what it says of a request that is not theirs."""
    request_id = await live(office)
    for user in ("@dev", "@ben"):
        said = await office.answer(user, office.forges(user, BUTTON, request_id))
        assert f"no request {request_id} that you may see" in said
    said = await office.answer("@ana", office.forges("@ana", BUTTON, "R00-0000000"))
    assert "There is no request" in said


async def test_one_of_many_gets_them(office):
    """Two tabs of each of five pages at once: one has them, the others hear when and from where, or that it is used."""
    request_id = await live(office)
    links = [await led(office, request_id) for _ in range(5)]
    pairs = [(link, await opened(office, link.path)) for link in links for _ in range(2)]
    answers = await asyncio.gather(
        *(browser.sends(link.path, how="word", word=link.word) for link, browser in pairs)
    )
    assert [200] + [410] * 9 == sorted(answer.status_code for answer in answers)
    assert [True] == [True for answer in answers if PRIVATE in answer.text]
    assert 1 == (await office.events(request_id)).count("credentials_taken")


async def test_page_and_api_race(office):
    """Whoever is first by a token of the API leaves the page nothing but who it was."""
    callers = Callers(office)
    ana = await callers.person("@ana")
    request_id = await live(office)
    link = await led(office, request_id)
    browser = await opened(office, link.path)
    assert 200 == (await ana.verb(request_id, "credentials")).status
    late = await browser.sends(link.path, how="word", word=link.word)
    assert (410, False, True) == (
        late.status_code,
        PRIVATE in late.text,
        "taken by a terminal at" in late.text,
    )
    assert BUTTON not in offers(await office.told("@ana", request_id, "Credentials taken with a token"))


async def test_access_that_has_ended_in_between(office):
    """Given back while the page is open: nothing is shown, which is said, and Slack's old button says it too."""
    request_id = await live(office)
    link = await led(office, request_id)
    ana = await opened(office, link.path)
    message = await office.told("@ana", request_id, offering=BUTTON)
    await office.clicks("@ana", message, "jit_done")
    await office.reaches(request_id, State.COMPLETED)
    sent = await ana.sends(link.path, how="word", word=link.word)
    assert (410, False) == (sent.status_code, PRIVATE in sent.text)
    assert f"{request_id} is completed" in sent.text
    said = await office.answer("@ana", office.forges("@ana", BUTTON, request_id))
    assert f"{request_id} is completed" in said


async def test_a_store_that_takes_no_writes(office):
    """Nothing can be recorded, so nothing is shown, which is said; once it can, the same link shows them."""
    request_id = await live(office)
    link = await led(office, request_id)
    ana = await opened(office, link.path)
    await office.settled()
    redis = office.bot.connection.calls
    await redis.config_set("maxmemory", "1")
    try:
        answer = await ana.sends(link.path, how="word", word=link.word)
    finally:
        await redis.config_set("maxmemory", "0")
    assert (503, False) == (answer.status_code, PRIVATE in answer.text)
    assert (await office.request(request_id)).taken is None
    assert PRIVATE in (await ana.sends(link.path, how="word", word=link.word)).text


async def test_where_policy_asks_for_a_factor(workplace, tmp_path):
    """The code from Slack is not told and not taken: it takes the requester's own factor, and nobody else's."""
    asked = proved_by("totp", requester=True)
    async with open_with_credentials(workplace, tmp_path, asked) as work:
        await holder(work, "ana").has_app(SECRET)
        request_id = await confirmed(work, "totp")
        link = await led(work, request_id)
        assert ("", True) == (link.word, "a code of an authenticator app" in link.text)
        ana = await opened(work, link.path)
        for fields in ({"how": "word", "word": ""}, {"how": "code", "code": "000000"}, {"how": "key"}):
            refused = await ana.sends(link.path, **fields)
            assert (409, False) == (refused.status_code, PRIVATE in refused.text), fields
        code = pyotp.TOTP(SECRET).now()
        assert PRIVATE in (await ana.sends(link.path, how="code", code=code)).text


async def confirmed(work, factor) -> str:
    """Ask, approve, and confirm as Ana by a factor; gives the id of the request, which is live."""
    request_id = await work.asks("@ana", ASK)
    await work.clicks("@ben", await work.card(request_id, offering="jit_approve"), "jit_approve")
    await work.told("@ana", request_id, offering="jit_confirm")
    by, now = work.bot.policy().people["ana"], await work.bot.store.now()
    await work.bot.workflow.confirm(request_id, by, Proof(kind=factor, at=now))
    await work.reaches(request_id, State.ACTIVE)
    return request_id


async def test_a_factor_that_the_page_does_not_take(workplace, tmp_path):
    """A sign-in alone is asked for: nobody is led to a page on which there is no way on."""
    async with open_with_credentials(workplace, tmp_path, proved_by("oidc", requester=True)) as work:
        request_id = await confirmed(work, "oidc")
        message = await work.told("@ana", request_id, offering=BUTTON)
        said = await work.refused("@ana", message, BUTTON)
        assert ("a fresh sign-in" in said, "jit run" in said) == (True, True)


async def test_without_pages_there_is_no_button(workplace, tmp_path):
    """The requester is told of `jit run`; a button from before leads to the same sentence."""
    work = workplace(by_ssh)
    async with work:
        await work.start(secret_keys=KEY, connectors=with_connectors(tmp_path))
        request_id = await work.goes_live()
        told = await work.told("@ana", request_id, "jit run prod-db-debug orders-db")
        assert BUTTON not in offers(told)
        said = await work.answer("@ana", work.forges("@ana", BUTTON, request_id))
        assert "jit run prod-db-debug orders-db" in said


async def test_access_without_credentials_has_no_button(workplace):
    """Given by the grant key alone: nothing is there to get, and a forged click says so."""
    async with open_office(workplace, lambda _: None) as work:
        request_id = await work.goes_live()
        told = await work.told("@ana", request_id, "You have access")
        assert (False, False) == (BUTTON in offers(told), "redentials" in readable(told))
        said = await work.answer("@ana", work.forges("@ana", BUTTON, request_id))
        assert "has no credentials to take" in said


async def test_what_is_bound_is_for_who_says_it(office):
    """Credentials for one exact command: no page shows them, and the API gives them to who says that command."""
    ana = await Callers(office).person("@ana")
    request_id = await ana.asks(command=["psql", "orders"])
    card = await office.card(request_id, "For this command alone")
    await office.clicks("@ben", card, "jit_approve")
    await office.reaches(request_id, State.ACTIVE)
    told = await office.told("@ana", request_id, "You have access")
    assert BUTTON not in offers(told)
    said = await office.answer("@ana", office.forges("@ana", BUTTON, request_id))
    assert "one exact command" in said
    for body, status in (
        (None, 403),
        ({"command": ["psql", "payments"]}, 403),
        ({"command": ["psql", "orders"]}, 200),
    ):
        assert status == (await ana.verb(request_id, "credentials", body)).status


async def test_every_method_but_two_is_refused(office):
    """Nothing else is answered, and a body that is no form is none."""
    request_id = await live(office)
    link = await led(office, request_id)
    ana = await opened(office, link.path)
    answers = [await ana.client.request(method, link.path) for method in ("PUT", "DELETE", "PATCH")]
    assert {405} == {answer.status_code for answer in answers}
    fields = {"csrf": ana.csrf, "how": "word", "word": link.word}
    posted: httpx.Response = await ana.client.post(link.path, json=fields)
    assert (400, False) == (posted.status_code, PRIVATE in posted.text)
    unknown = await ana.sends(link.path, how="magic", word=link.word)
    assert 400 == unknown.status_code
