"""Contract of requests by the API: they go the way of Slack's, meet the same checks, and say no as documents.

Nobody decides on their own, in any way; what is not one's to see does not exist; a repeated call does once;
who waits is answered as soon as it is settled, and sleeps until then. Attacks first.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from redis.exceptions import ConnectionError  # noqa: A004  what the client raises

from app.domain.request import State
from app.domain.token import Scope
from tests.web.callers import ASK, Caller, at_once, at_the_api, base
from tests.workplace import cards, live_markup

DECISIONS = [("approve", {}), ("approve", {"more_time": True}), ("deny", {"comment": "no"})]


async def test_nobody_decides_on_their_own(api):
    """By any verb, with any token of theirs, as an approver too: refused, and recorded."""
    ben = await api.person("@ben")
    request_id = await ben.asks()
    for number, token in enumerate([ben, await api.person("@ben")]):
        for verb, body in DECISIONS:
            said = await token.verb(request_id.lower() if number else request_id, verb, body)
            assert (verb, 403, "self_approval") == (verb, said.status, said.code)
    assert State.PENDING is (await api.work.request(request_id)).state
    assert 6 == (await api.work.events(request_id)).count("attempt_refused")


async def test_nobody_approves_their_own_more_time(api):
    """Nor more time that they asked for."""
    ana, ben = await api.person("@ana"), await api.person("@ben")
    request_id = await api.live(ana, ben)
    assert 200 == (await ana.verb(request_id, "extend", {"duration": "10m"})).status
    said = await ana.verb(request_id, "approve", {"more_time": True})
    assert (403, "self_approval") == (said.status, said.code)
    assert 200 == (await ben.verb(request_id, "approve", {"more_time": True})).status
    assert 2400 == (await api.work.request(request_id)).seconds


async def test_a_machine_decides_nothing(workplace):
    """Nobody gives a machine the scope, not even a token that is forged into the store."""
    async with at_the_api(workplace(lambda policies: policies.update(api={"decide": True}))) as api:
        ana, robot = await api.person("@ana"), await api.machine("deploy-ci", "request")
        request_id = await ana.asks()
        tokens = api.work.bot.api.tokens._store
        held = (await tokens.of("deploy-ci"))[0]
        forged = held.model_copy(update={"scopes": tuple(Scope)})
        await tokens._redis.hset(f"jit:{{tokens}}:token:{held.id}", "doc", forged.model_dump_json())
        assert "scope_missing" == (await robot.verb(request_id, "approve", {})).code


async def test_not_decided_by_api_by_default(workplace):
    """Where policy does not say so an approver's token decides nothing, and the attempt is recorded."""
    async with at_the_api(workplace()) as api:
        ana, ben = await api.person("@ana"), await api.person("@ben")
        request_id = await ana.asks()
        for verb, body in (("approve", {}), ("deny", {"comment": "no"})):
            assert "not_by_api" == (await ben.verb(request_id, verb, body)).code
        assert "self_approval" == (await ana.verb(request_id, "approve")).code
        assert State.PENDING is (await api.work.request(request_id)).state
        assert 3 == (await api.work.events(request_id)).count("attempt_refused")


async def test_no_token_is_a_factor(workplace):
    """Where an approver is to prove themselves no token does; denying takes none."""

    def change(policies):
        policies["api"] = {"decide": True}
        policies["rules"]["prod-db-debug"]["obligations"] = {"mfa": {"approver": "any", "fresh": "10m"}}

    async with at_the_api(workplace(change)) as api:
        ana, ben = await api.person("@ana"), await api.person("@ben")
        request_id = await ana.asks()
        refused = await ben.verb(request_id, "approve")
        assert ("factor_needed", 403) == (refused.code, refused.status)
        assert State.PENDING is (await api.work.request(request_id)).state
        await ben.verb(request_id, "deny", {"comment": "no"})
        assert State.DENIED is (await api.work.request(request_id)).state


async def test_the_proof_is_told(api):
    """An approval by a token says so, in the request and in the audit log's words."""
    ana, ben = await api.person("@ana"), await api.person("@ben")
    request_id = await api.live(ana, ben)
    shown = (await ana.get(f"/v1/requests/{request_id}")).body
    assert ["api-token"] == [each["proof"] for each in shown["decisions"]]
    assert ("127.0.0.1", "connection", "api") == (shown["ip"], shown["ip_told_by"], shown["ip_from"])
    await api.work.settled()
    story = "\n".join(map(str, await api.work.bot.story(request_id)))
    assert ("with a token of the API, from 127.0.0.1 (stage" in story, "by api from 127.0.0.1" in story) == (
        True,
        True,
    )


@pytest.mark.parametrize("source", ["slack", "browser_check", "ci", "trigger", ""])
async def test_nobody_says_of_themselves_what_only_we_know(api, source):
    """A caller may call itself the command line; that a browser was looked at, or CI asks, it may not say."""
    ana = await api.person("@ana")
    said = await ana.post("/v1/requests", ASK | {"source": source})
    assert (422, "bad_input") == (said.status, said.code)


async def test_not_yours_is_not_there(api):
    """Every verb and look of somebody whom it does not concern gets the same 404 as an id of nobody's."""
    ana, dev = await api.person("@ana"), await api.person("@dev")
    theirs, nobodys = await ana.asks(), "R07-4KX9TQZ"
    verbs = [
        *DECISIONS,
        ("cancel", None),
        ("done", None),
        ("revoke", {}),
        ("extend", {"duration": "5m"}),
        ("extend", {"duration": "300d"}),
    ]
    for verb, body in verbs:
        answers = [await dev.verb(each, verb, body) for each in (theirs, nobodys)]
        assert [(verb, 404, "unknown_request")] * 2 == [(verb, each.status, each.code) for each in answers]
        assert 1 == len({
            str(said.body).replace(each, "ID")
            for said, each in zip(answers, (theirs, nobodys), strict=True)
        })  # fmt: skip
    for each in (theirs, nobodys):
        assert 404 == (await dev.get(f"/v1/requests/{each}")).status
        assert 404 == (await dev.post(f"/v1/grants/{each}/consume")).status
    assert [] == (await dev.get("/v1/requests")).body["requests"]
    assert "attempt_refused" in await api.work.events(theirs)


async def test_a_repeated_call_asks_once(api):
    """The same Idempotency-Key asks once, in a row and at the same instant; it is each caller's own."""
    ana, ben = await api.person("@ana"), await api.person("@ben")
    key = {"Idempotency-Key": "deploy-1"}
    said = await at_once(ana.post("/v1/requests", ASK, headers=key) for _ in range(10))
    assert {201} == {each.status for each in said}
    assert 1 == len({each.body["id"] for each in said})
    bens = await ben.post("/v1/requests", ASK, headers=key)
    assert (201, "ben") == (bens.status, bens.body["requester"]["id"])
    await api.work.settled()
    assert 2 == len(cards(await api.work.hands.look()))


async def test_a_key_for_something_else(api):
    """The same key with another wish is a mistake, which is told and asks for nothing."""
    ana = await api.person("@ana")
    key = {"Idempotency-Key": "deploy-1"}
    await ana.post("/v1/requests", ASK, headers=key)
    start = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for changed in (
        {"resource": "users-db"}, {"reason": "another"}, {"duration": "20m"}, {"duration": "1h"}, {"start_at": start},
    ):  # fmt: skip
        said = await ana.post("/v1/requests", ASK | changed, headers=key)
        assert (422, "key_reused") == (said.status, said.code)
    spaced = ASK | {"reason": f"  {ASK['reason']}\u202e  ", "resource": " orders-db "}
    assert 201 == (await ana.post("/v1/requests", spaced, headers=key)).status
    assert 1 == len((await ana.get("/v1/requests")).body["requests"])


async def test_a_key_for_another_time(api):
    """Its default is no other duration; another start, or none any more, is. A start is the same in any zone."""
    ana = await api.person("@ana")
    asked = {name: ASK[name] for name in ("action", "resource", "reason")}
    start = datetime.now(UTC) + timedelta(hours=1)
    later = start.astimezone(timezone(timedelta(hours=2)))
    first = await ana.post(
        "/v1/requests", asked | {"start_at": start.isoformat()}, headers=(key := {"Idempotency-Key": "k"})
    )
    usual = f"{first.body['seconds']}s"
    for changed, status in (
        ({"start_at": start.isoformat()}, 201),
        ({"start_at": later.isoformat()}, 201),
        ({"start_at": later.isoformat(), "duration": usual}, 201),
        ({"start_at": later.isoformat(), "duration": "6m"}, 422),
        ({"start_at": (start + timedelta(minutes=1)).isoformat()}, 422),
        ({}, 422),
    ):
        assert (changed, status) == (
            changed,
            (await ana.post("/v1/requests", asked | changed, headers=key)).status,
        )
    short = {"Idempotency-Key": "s"}
    assert 201 == (await ana.post("/v1/requests", asked | {"duration": "6m"}, headers=short)).status
    assert 422 == (await ana.post("/v1/requests", asked, headers=short)).status
    await api.work.repolicy(lambda policies: policies["actions"]["prod-db-debug"].update(default="20m"))
    said = await ana.post("/v1/requests", asked | {"start_at": start.isoformat()}, headers=key)
    assert (201, first.body["id"]) == (said.status, said.body["id"]), "policy's change is no other wish"


async def test_a_key_after_more_time(api):
    """What was asked stays what was asked, though it lasts longer by now."""
    ana, ben = await api.person("@ana"), await api.person("@ben")
    key = {"Idempotency-Key": "deploy-1"}
    request_id = (await ana.post("/v1/requests", ASK, headers=key)).body["id"]
    assert 200 == (await ben.verb(request_id, "approve")).status
    await api.work.reaches(request_id, State.ACTIVE)
    assert 200 == (await ana.verb(request_id, "extend", {"duration": "10m", "reason": "The index"})).status
    assert 200 == (await ben.verb(request_id, "approve", {"more_time": True})).status
    said = await ana.post("/v1/requests", ASK, headers=key)
    assert (201, request_id, 2400) == (said.status, said.body["id"], said.body["seconds"])


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"action": "prod-db-debgu"}, "action"),
        ({"action": "*"}, "action"),
        ({"action": ""}, "action"),
        ({"action": None}, "action"),
        ({"action": ["prod-db-debug"]}, "action"),
        ({"resource": "orders-db; drop table users"}, "resource"),
        ({"resource": "$(id)"}, "resource"),
        ({"resource": "../../etc/passwd"}, "resource"),
        ({"resource": "orders-db\r\nSet-Cookie: a=b"}, "resource"),
        ({"resource": "x" * 5000}, "resource"),
        ({"resource": "orders-db\x00"}, "resource"),
        ({"duration": "banana"}, "duration"),
        ({"duration": "-5m"}, "duration"),
        ({"duration": 30}, "duration"),
        ({"duration": "300d"}, "duration"),
        ({"reason": "\ud800"}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 3001}, "reason"),
        ({"start_at": "2020-01-01T00:00:00Z"}, "start"),
        ({"start_at": "2036-01-01T00:00:00"}, "start_at"),
        ({"start_at": "soon"}, "start_at"),
        ({"source": "slack"}, "source"),
        ({"requester": "ben"}, "requester"),
        ({"ip": "10.0.0.1"}, "ip"),
        ({"state": "approved"}, "state"),
    ],
)
async def test_what_cannot_be_used(api, changed, field):
    """What is wrong is told with its field, and nothing is asked; keys that are not known are refused."""
    ana = await api.person("@ana")
    said = await ana.post("/v1/requests", ASK | changed)
    assert (422, "bad_input") == (said.status, said.code)
    assert field in [each["field"] for each in said.body["errors"]]
    assert [] == (await ana.get("/v1/requests")).body["requests"]


async def test_what_people_write_stays_text(api):
    """A reason full of markup, mentions, escapes and quotes pings nobody and comes back as it was."""
    ana = await api.person("@ana")
    reason = "<!channel> <@U0BEN> *b* `c` \x1b[31mred\x1b[0m '; -- \"}}{{7*7}} ${jndi:x} \u202egnp"
    request_id = await ana.asks(reason=reason)
    card = await api.work.card(request_id, "'; --", offering="jit_approve")
    mentioned = ["<@U0BEN>", "<@U0CHLOE>"]
    assert set() == set(live_markup(card)) - set(mentioned)
    shown = (await ana.get(f"/v1/requests/{request_id}")).body["reason"]
    assert ("<!channel> <@U0BEN>" in shown, "\x1b" in shown) == (True, False)


@pytest.mark.parametrize("path", ["R07-4KX9TQZ/../../healthz", "%00", "*", "R99-4KX9TQZ", "x" * 500, "../x"])
async def test_odd_ids(api, path):
    """What is no id is refused, and leads nowhere else."""
    ana = await api.person("@ana")
    assert (await ana.get(f"/v1/requests/{path}")).status in {404, 422}


async def test_large_bodies(api):
    """10 MB, with or without saying so, are not read: 413. 64 KiB are."""
    ana = await api.person("@ana")

    async def chunks():
        for _ in range(160):
            yield b"a" * 64 * 1024

    headers = {"Authorization": f"Bearer {ana.token}"}
    for data in (b"a" * 10_000_000, chunks()):
        async with api.work.http.post(f"{api.url}/v1/requests", data=data, headers=headers) as answer:
            assert (413, "too_large") == (answer.status, (await answer.json())["code"])
    said = await ana.post("/v1/requests", ASK | {"reason": "x" * 60_000})
    assert (422, "bad_input") == (said.status, said.code)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"x"', b"[" * 20_000])
async def test_no_json(api, body):
    """What is no document is told, also where it nests deeply."""
    ana = await api.person("@ana")
    headers = {"Authorization": f"Bearer {ana.token}", "Content-Type": "application/json"}
    async with api.work.http.post(f"{api.url}/v1/requests", data=body, headers=headers) as answer:
        assert answer.status in {400, 422}
        assert "application/problem+json" == answer.headers["Content-Type"]


async def test_forwarded_addresses_are_not_believed(api):
    """Whatever a caller says of its own address, the connection's is recorded."""
    ana = await api.person("@ana")
    spoofed = {
        "X-Forwarded-For": "10.0.0.1",
        "X-Real-IP": "10.0.0.1",
        "Forwarded": "for=10.0.0.1",
        "CF-Connecting-IP": "10.0.0.1",
    }
    said = await ana.post("/v1/requests", ASK, headers=spoofed)
    request = await api.work.request(said.body["id"])
    assert ("127.0.0.1", "connection") == (request.ip, request.ip_told_by)


async def test_a_trusted_proxy_is_believed(workplace):
    """Behind one, the right-most address that is not its own counts: for policy, and in the records."""

    def office_only(policies):
        policies["rules"]["outside"] = {
            "effect": "deny", "actions": ["prod-db-debug"], "outside_networks": ["198.51.100.0/24"],
            "sources": ["api", "cli"], "message": "From the office alone.",
        }  # fmt: skip

    async with at_the_api(workplace(office_only), trusted_proxies="127.0.0.0/8") as api:
        ana = await api.person("@ana")
        outcomes = {}
        for forwarded in ("198.51.100.7", "203.0.113.9", "198.51.100.7, 203.0.113.9", "nonsense", ""):
            said = await ana.post("/v1/requests", ASK, headers={"X-Forwarded-For": forwarded})
            request = await api.work.request(said.body["id"])
            outcomes[forwarded] = (said.body["state"], request.ip, request.ip_told_by)
        assert {
            "198.51.100.7": ("pending", "198.51.100.7", "proxy"),
            "203.0.113.9": ("denied", "203.0.113.9", "proxy"),
            "198.51.100.7, 203.0.113.9": ("denied", "203.0.113.9", "proxy"),
            "nonsense": ("denied", "", ""),
            "": ("denied", "", ""),
        } == outcomes


async def test_too_many_calls(api):
    """A caller that asks too often is told when to come again; others are not held up."""
    ana, ben = await api.person("@ana"), await api.person("@ben")
    said = await at_once(ana.get("/v1/requests") for _ in range(260))
    late = [each for each in said if each.status == 429]
    assert (240, 20) == (sum(each.status == 200 for each in said), len(late))
    assert all(1 <= int(each.headers["Retry-After"]) <= 60 for each in late)
    assert 200 == (await ben.get("/v1/requests")).status


async def test_too_many_strangers(api):
    """Whoever comes without a token that counts is held up by address."""
    said = await at_once(Caller(api.work, "").get("/v1/requests") for _ in range(130))
    assert {401, 429} == {each.status for each in said}


async def test_redis_away(api, monkeypatch):
    """Without the store everything is 503, and nothing is permitted."""
    ana, gateway = await api.person("@ana"), await api.machine()

    async def refused(*_):
        raise ConnectionError("Error 111 connecting: connection refused")

    monkeypatch.setattr(api.work.bot.connection.calls.connection_pool, "get_connection", refused)
    for said in (await ana.get("/v1/requests"), await gateway.check(), await ana.post("/v1/requests", ASK)):
        assert (503, "unavailable", "1") == (said.status, said.code, said.headers["Retry-After"])


# -- the story -------------------------------------------------------------------------------------------


async def test_the_story(api):
    """Asked, waited for, approved, live, more time, given back: all by the API, and told in Slack."""
    ana, ben = await api.person("@ana"), await api.person("@ben")
    asked = await ana.post("/v1/requests", ASK)
    request_id = asked.body["id"]
    assert (201, f"/v1/requests/{request_id}") == (asked.status, asked.headers["Location"])
    assert [("db-owner", 0, 1)] == [
        (each["stage"], each["approvals"], each["quorum"]) for each in asked.body["waits_for"]
    ]
    assert [request_id] == [each["id"] for each in (await ben.get("/v1/requests")).body["waiting_for_you"]]
    waiting = asyncio.create_task(ana.get(f"/v1/requests/{request_id}", params={"wait": "30"}))
    await asyncio.sleep(0.3)
    began = time.monotonic()
    assert 200 == (await ben.verb(request_id, "approve", {"comment": "careful"})).status
    given = await waiting
    assert ("active", True) == (given.body["state"], time.monotonic() - began < 2)
    await api.work.card(request_id, "Access is live")
    ended = asyncio.create_task(
        ana.get(f"/v1/requests/{request_id}", params={"wait": "30", "until": "ended"})
    )
    await asyncio.sleep(0.2)
    assert 200 == (await ana.verb(request_id, "done")).status
    assert (await ended).body["state"] in {"ending", "completed"}
    await api.work.card(request_id, "Given back by Ana Ruiz")
    said = await ana.verb(request_id, "done")
    assert (409, "wrong_state") == (said.status, said.code)


async def test_waiting_is_cheap_and_ends(api):
    """A hundred who wait share one read, which ends with the last of them; they are answered in time."""
    ana = await api.person("@ana")
    request_id = await ana.asks()
    waiting = [
        asyncio.create_task(ana.get(f"/v1/requests/{request_id}", params={"wait": "2"})) for _ in range(100)
    ]
    began = time.monotonic()
    said = await asyncio.gather(*waiting)
    assert {"pending"} == {each.body["state"] for each in said}
    assert 1.9 < time.monotonic() - began < 5
    assert {} == {p: w for p, w in api.work.bot.api.watch._waiting.items() if w}
    assert {} == api.work.bot.api.watch._reading


async def test_who_hangs_up_is_not_waited_for(api):
    """As soon as callers hang up nothing of theirs is left."""
    ana = await api.person("@ana")
    request_id = await ana.asks()
    watch = api.work.bot.api.watch
    waiting = [
        asyncio.create_task(ana.get(f"/v1/requests/{request_id}", params={"wait": "60"})) for _ in range(20)
    ]
    await api.work.until(
        lambda: [20] == [len(f) for w in watch._waiting.values() for f in w.values()], "waits"
    )
    for each in waiting:
        each.cancel()
    await api.work.until(lambda: not watch._reading, "nobody waits")


async def test_revoked(api):
    """Security ends access by the API."""
    ana, ben, sam = [await api.person(user) for user in ("@ana", "@ben", "@sam")]
    request_id = await api.live(ana, ben)
    assert 200 == (await sam.verb(request_id, "revoke", {"comment": "wrong database"})).status
    await api.work.card(request_id, "Revoked by Sam Lindqvist", "wrong database")


async def test_a_machine_asks(workplace):
    """CI asks under its own name where a rule names it; people decide, and it sees its own requests alone."""

    def for_ci(policies):
        policies["machines"]["other-ci"] = {"scopes": ["request", "read"]}
        policies["rules"]["ci"] = {
            "effect": "require", "actions": ["prod-db-migration"], "people": ["deploy-ci", "other-ci"],
            "stages": [{"name": "owner", "people": ["ben"]}],
        }  # fmt: skip

    async with at_the_api(workplace(for_ci)) as api:
        robot = await api.machine("deploy-ci", "request", "read")
        other = await api.machine("other-ci", "request", "read")
        request_id = await robot.asks(action="prod-db-migration")
        assert 404 == (await other.get(f"/v1/requests/{request_id}")).status
        assert 404 == (await other.verb(request_id, "cancel")).status
        card = await api.work.card(request_id, "deploy-ci", offering="jit_approve")
        await api.work.clicks("@ben", card, "jit_approve")
        await api.work.reaches(request_id, State.ACTIVE)
        assert 200 == (await robot.verb(request_id, "done")).status
        await api.work.reaches(request_id, State.COMPLETED)
        denied = await robot.post("/v1/requests", ASK)
        assert (201, "denied") == (denied.status, denied.body["state"])


async def test_the_document(api):
    """OpenAPI tells every path of the contract, who may call, and how it says no."""
    said = (await api.nobody.get("/openapi.json")).body
    assert {
        "/v1/requests", "/v1/requests/{request_id}", "/v1/grants/check", "/v1/grants/{grant_id}/consume",
        "/v1/grants/{grant_id}/token",
        "/v1/login", "/v1/login/token", "/v1/logout", "/v1/ci/token", "/v1/triggers/{source}", "/healthz",
        "/readyz",
        *(f"/v1/requests/{{request_id}}/{verb}"
          for verb in ("approve", "deny", "cancel", "done", "extend", "revoke", "credentials", "heartbeat")),
    } == set(said["paths"])  # fmt: skip
    ask = said["paths"]["/v1/requests"]["post"]
    assert ("HTTPBearer" in str(ask["security"]), "problem+json" in str(ask["responses"]["409"])) == (
        True,
        True,
    )
    assert base(api.work) == api.url


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/x", 404), ("PUT", "/v1/requests", 405)])
async def test_no_such_path(api, method, path, status):
    """What is not there is a problem document too."""
    said = await api.nobody.call(method, path)
    assert (status, "application/problem+json") == (said.status, said.headers["Content-Type"])
