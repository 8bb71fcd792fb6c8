"""Contract: PagerDuty and Opsgenie are asked as they document it, and whatever else comes back is told.

An answer that is not one, whatever its form, is a failure with a reason, never nobody or somebody; how long a
service wants to be left is heard.
"""

import aiohttp
import pytest
from aiohttp import web

from app.directory.found import Mention, SourceFailed
from app.directory.opsgenie import Opsgenie
from app.directory.pagerduty import PagerDuty
from tests.directory.servers import KEY, SCHEDULE, TOKEN, OpsgenieServer, PagerDutyServer, opsgenie, pagerduty

ANA = {"id": "PXPGF42", "name": "Ana Ruiz", "email": "ana@example.com"}
BEN = {"id": "PAM4FGS", "name": "Ben Okafor", "email": "ben@example.com"}


def mention(user):
    return Mention(attributes=(("pagerduty", user["id"]),), emails=(user["email"],))


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def pager():
    async with pagerduty(PagerDutyServer([("PI7DH85", ANA), ("POTHER1", BEN)])) as server:
        yield server


@pytest.fixture
async def genie():
    async with opsgenie(OpsgenieServer({(SCHEDULE, "Platform on call"): ["ana@example.com"]})) as server:
        yield server


def asking(service, server, http, within=5.0):
    """What asks a service, by its name."""
    if service == "pagerduty":
        return PagerDuty(http, TOKEN, server.url, within).on_call(("PI7DH85",))
    return Opsgenie(http, KEY, server.url, within).on_call(SCHEDULE)


async def test_pagerduty(pager, http):
    """Those on call by the schedules that are named, with id and address, once each."""
    pager.entries += [("PI7DH85", ANA), ("PI7DH85", BEN | {"email": None})]
    found = await PagerDuty(http, TOKEN, pager.url + "/").on_call(("PI7DH85",))

    assert (mention(ANA), Mention(attributes=(("pagerduty", "PAM4FGS"),))) == found.members
    assert ["PI7DH85"] == pager.asked[0].query.getall("schedule_ids[]")


async def test_pagerduty_pages(pager, http):
    """Every page is read."""
    users = [ANA | {"id": f"P{index:06}", "email": f"p{index}@example.com"} for index in range(250)]
    pager.entries = [("PI7DH85", user) for user in users]

    assert [mention(user) for user in users] == list((await asking("pagerduty", pager, http)).members)
    assert ["0", "100", "200"] == [request.query["offset"] for request in pager.asked]


async def test_pagerduty_without_an_end(pager, http):
    """Pages that never end are not read for ever."""
    entry = {"user": ANA, "schedule": {"id": "PI7DH85"}}
    with pytest.raises(SourceFailed, match="lists more than 2000 people on call"):
        await _fresh_answers(pager, http, {"oncalls": [entry], "more": True})


async def _fresh_answers(pager, http, body):
    async def suffer(request):
        pager.asked.append(request)
        return web.json_response(body)

    pager.suffer = suffer
    return await asking("pagerduty", pager, http)


async def test_pagerduty_of_another_schedule(pager, http):
    """What is of another schedule does not count, even if it comes back."""
    entry = {"user": BEN, "schedule": {"id": "POTHER1"}}

    assert () == (await _fresh_answers(pager, http, {"oncalls": [entry], "more": False})).members
    assert (
        ()
        == (
            await _fresh_answers(pager, http, {"oncalls": [entry | {"schedule": None}], "more": False})
        ).members
    )


async def test_opsgenie(genie, http):
    """Those on call by a schedule, by its id or by its name; nobody while it is switched off."""
    client = Opsgenie(http, KEY, genie.url)
    ana = (Mention(emails=("ana@example.com",), attributes=(("opsgenie", "ana@example.com"),)),)

    assert ana == (await client.on_call(SCHEDULE)).members
    assert ana == (await client.on_call("Platform on call")).members
    assert ["id", "name"] == [request.query["scheduleIdentifierType"] for request in genie.asked]
    assert ["true", "true"] == [request.query["flat"] for request in genie.asked]
    genie.enabled = False
    assert () == (await client.on_call(SCHEDULE)).members


@pytest.mark.parametrize("service", ["pagerduty", "opsgenie"])
@pytest.mark.parametrize(
    ("status", "headers", "said", "wait"),
    [
        (401, {}, r"does not accept the token \(HTTP 401\)", 0),
        (403, {}, r"does not let the token read this \(HTTP 403\)", 0),
        (404, {}, r"knows nothing of the kind \(HTTP 404\)", 0),
        (422, {}, r"refuses \(HTTP 422\)", 0),
        (429, {"Retry-After": "17"}, r"wants to be asked less often \(HTTP 429\)", 17),
        (429, {"ratelimit-reset": "9"}, r"wants to be asked less often", 9),
        (429, {"X-RateLimit-Period-In-Sec": "60"}, r"wants to be asked less often", 60),
        (429, {"Retry-After": "999999"}, r"wants to be asked less often", 3600),
        (429, {"Retry-After": "soon"}, r"wants to be asked less often", 0),
        (429, {"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, r"wants to be asked less often", 0),
        (500, {}, r"fails \(HTTP 500\)", 0),
        (503, {"Retry-After": "30"}, r"fails \(HTTP 503\)", 30),
        (302, {"Location": "https://example.com/"}, r"sends elsewhere \(HTTP 302\)", 0),
    ],
)
async def test_refusals(service, status, headers, said, wait, pager, genie, http):
    """Each refusal is told, and how long the service wants to be left."""
    server = pager if service == "pagerduty" else genie
    server.weather = web.Response(status=status, headers=headers, text="{}")
    with pytest.raises(SourceFailed, match=said) as failed:
        await asking(service, server, http)

    assert wait == failed.value.retry_after


@pytest.mark.parametrize("service", ["pagerduty", "opsgenie"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "does not answer in JSON"),
        ("<html>", "does not answer in JSON"),
        ('{"oncalls": [', "does not answer in JSON"),
        ("[" * 100_000, "does not answer in JSON"),
        ("[]", "does not answer with a JSON object"),
        ("{}", "does not answer as (PagerDuty|Opsgenie) does"),
        ('{"oncalls": {}, "data": []}', "does not answer as"),
        ('{"oncalls": [7], "data": {"onCallRecipients": [7]}}', "does not answer as"),
        ('{"oncalls": [{"user": null}], "data": {"onCallRecipients": "ana"}}', "does not answer as"),
        (f'{{"oncalls": "{"x" * 6_000_000}"}}', "answers with more than 5 MB"),
    ],
)
async def test_answers_that_are_none(service, text, said, pager, genie, http):
    """Whatever is not as documented is a failure, and not nobody on call."""
    server = pager if service == "pagerduty" else genie
    server.weather = web.Response(text=text, content_type="application/json")
    with pytest.raises(SourceFailed, match=said):
        await asking(service, server, http)


@pytest.mark.parametrize("service", ["pagerduty", "opsgenie"])
async def test_silence(service, pager, genie, http):
    """A service that does not answer is not waited for."""
    server = pager if service == "pagerduty" else genie
    server.weather = 5.0
    with pytest.raises(SourceFailed, match=r"did not answer within 0\.2 s"):
        await asking(service, server, http, 0.2)


@pytest.mark.parametrize("service", ["pagerduty", "opsgenie"])
async def test_nobody_there(service, pager, http):
    """A service that cannot be reached is told of without its token."""
    pager.url = "http://127.0.0.1:1"
    with pytest.raises(SourceFailed, match="cannot be reached: ClientConnectorError") as failed:
        await asking(service, pager, http)

    assert TOKEN not in str(failed.value)
    assert KEY not in str(failed.value)


async def test_wrong_tokens(pager, genie, http):
    """Both services refuse a token that is not theirs."""
    for client in (
        PagerDuty(http, "x", pager.url).on_call(("P1",)),
        Opsgenie(http, "x", genie.url).on_call("a"),
    ):
        with pytest.raises(SourceFailed, match="does not accept the token"):
            await client
