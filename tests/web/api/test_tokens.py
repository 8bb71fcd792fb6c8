"""Contract of tokens: one is got by a code that its owner confirms in Slack, and no secret passes there.

What is forged, tampered with, expired, revoked, or whose owner is gone does nothing, and all are told alike.
Attacks first.
"""

import asyncio
import hashlib
import re
from datetime import timedelta

import pytest

from app.domain.token import LASTS, Scope, read_token
from app.store import keys
from tests.web.callers import ASK, VERIFIER, Caller, at_once, at_the_api
from tests.workplace import live_markup, readable


async def test_what_is_no_token(api):
    """Malformed, forged, of another id, with a changed secret, in another place: 401, alike to the letter."""
    ana = await api.person("@ana")
    other = await api.machine()
    _, token_id, secret = ana.token.split("_")
    changed = ("0" if secret[0] != "0" else "1") + secret[1:]
    forged = {
        "none": "",
        "empty": " ",
        "a word": "hello",
        "another form": secret,
        "another secret": f"jit_{token_id}_{changed}",
        "another's secret": f"jit_{token_id}_{other.token.split('_')[2]}",
        "another id": f"jit_{'0' * 10}_{secret}",
        "longer": ana.token + "0",
        "shorter": ana.token[:-1],
        "in capitals": ana.token.upper(),
        "its digest": f"jit_{token_id}_{hashlib.sha256(secret.encode()).hexdigest()[:32]}",
        "a glob": f"jit_{token_id}_{'*' * 32}",
        "a key": "jit_../../x_" + "0" * 32,
    }

    said = {name: await Caller(api.work, text).get("/v1/requests") for name, text in forged.items()}

    assert dict.fromkeys(forged, (401, "token_refused")) == {n: (s.status, s.code) for n, s in said.items()}
    assert 1 == len({str(each.body) for each in said.values()})
    assert {"Bearer"} == {each.headers["WWW-Authenticate"] for each in said.values()}
    assert 200 == (await ana.get("/v1/requests")).status


@pytest.mark.parametrize("header", ["Basic {}", "{}", "Token {}", "Bearer{}", "Bearer Bearer {}"])
async def test_another_scheme(api, header):
    """A token counts as a bearer's alone."""
    ana = await api.person("@ana")
    said = await api.nobody.get("/v1/requests", headers={"Authorization": header.format(ana.token)})
    assert (401, "token_refused") == (said.status, said.code)


async def test_not_in_the_address(api):
    """A token in the query, where logs would keep it, is none."""
    ana = await api.person("@ana")
    said = await api.nobody.get("/v1/requests", params={"token": ana.token, "access_token": ana.token})
    assert 401 == said.status


async def test_nothing_kept_is_enough(api):
    """Nothing in Redis and nothing in the log holds a secret or a code's verifier."""
    ana = await api.person("@ana")
    await ana.get("/v1/requests")
    secret = ana.token.split("_")[2]
    calls = api.work.bot.connection.calls
    kept = []
    for key in await calls.keys("*"):
        kind = await calls.type(key)
        read = {"string": calls.get, "hash": calls.hgetall}.get(kind)
        kept.append(f"{key} {await read(key) if read else await calls.object('encoding', key)}")
    text = "\n".join([*kept, *map(str, api.work.log)])
    assert "token:" in text
    assert (False, False) == (secret in text, VERIFIER in text)


async def test_it_expires_by_redis(api):
    """A token ends by its native TTL: a person's in 30 days."""
    ana = await api.person("@ana")
    key = keys.token(read_token(ana.token).id)
    calls = api.work.bot.connection.calls
    left = timedelta(milliseconds=await calls.pttl(key))
    assert timedelta() <= LASTS - left < timedelta(minutes=1)
    await calls.pexpire(key, 1)
    await asyncio.sleep(0.05)
    assert 401 == (await ana.get("/v1/requests")).status


async def test_revoked_in_slack(api):
    """`/jit tokens` lists one's own and revokes it; from then on it does nothing."""
    ana, before = await api.person("@ana"), await api.person("@ana")
    token_id = read_token(ana.token).id
    listed = await api.work.types("@ana", "/jit tokens")
    assert ("You have 2" in listed, token_id in listed, "ana@laptop" in listed) == (True, True, True)
    assert "is revoked" in await api.work.types("@ana", f"/jit tokens revoke {token_id}")
    assert (401, 200) == ((await ana.get("/v1/requests")).status, (await before.get("/v1/requests")).status)


async def test_whose_may_be_revoked(api):
    """Nobody revokes or lists another's, as if there were none; security does, and a machine's too."""
    ana, gateway = await api.person("@ana"), await api.machine()
    token_id, machines = read_token(ana.token).id, read_token(gateway.token).id
    assert "You have no token" in await api.work.types("@ben", f"/jit tokens revoke {token_id}")
    assert "Policy does not let you" in await api.work.types("@ben", "/jit tokens ana")
    assert token_id in await api.work.types("@sam", "/jit tokens ana")
    assert token_id in await api.work.types("@sam", "/jit tokens <@U0ANA>")
    assert "is revoked" in await api.work.types("@sam", f"/jit tokens revoke {token_id}")
    assert machines in await api.work.types("@sam", "/jit tokens checkout-gateway")
    assert "is revoked" in await api.work.types("@sam", f"/jit tokens revoke {machines}")
    assert [401, 401] == [(await each.get("/v1/requests")).status for each in (ana, gateway)]


async def test_who_leaves_slack_loses_all(api):
    """A deactivated person's tokens do nothing from the moment Slack tells it."""
    ana = await api.person("@ana")
    api.work.workspace.users["U0ANA"].deleted = True
    api.work.bot.api.tokens._verify.__self__.forget("U0ANA")
    assert (403, "not_known") == ((said := await ana.get("/v1/requests")).status, said.code)


async def test_slack_away_is_no(api):
    """While Slack cannot say who somebody is, their token does nothing; it does again later."""
    ana = await api.person("@ana")
    api.work.bot.api.tokens._verify.__self__.forget("U0ANA")
    await api.work.fault("down", seconds=30)
    assert (503, "slack_unavailable") == ((said := await ana.get("/v1/requests")).status, said.code)


async def test_who_leaves_policy_loses_all(api):
    """Taken out of the people, or an id given to another Slack user: 401. Put back, by its own user: it works."""
    dev = await api.person("@dev")

    def gone(policies):
        policies["people"].pop("dev")
        for members in policies["groups"].values():
            if "dev" in members:
                members.remove("dev")

    def given_away(policies):
        policies["people"]["dev"]["slack"] = "U0OTHER"

    for change, status in ((given_away, 401), (gone, 401)):
        await api.work.repolicy(change)
        assert (change.__name__, status) == (change.__name__, (await dev.get("/v1/requests")).status)


async def test_a_machine_that_policy_drops(api):
    """What policy takes from a machine its tokens lose at once; one that is not named any more loses all."""
    gateway = await api.machine()
    assert 200 == (await gateway.check()).status
    await api.work.repolicy(lambda p: p["machines"]["checkout-gateway"].update(scopes=["consume"]))
    assert "scope_missing" == (await gateway.check()).code
    await api.work.repolicy(lambda p: p["machines"].pop("checkout-gateway"))
    assert "scope_missing" == (await gateway.post("/v1/grants/R07-4KX9TQZ/consume")).code


SCOPED = [
    ("POST", "/v1/requests", ASK, "request"),
    ("GET", "/v1/requests", None, "read"),
    ("GET", "/v1/requests/R07-4KX9TQZ", None, "read"),
    ("POST", "/v1/requests/R07-4KX9TQZ/approve", {}, "decide"),
    ("POST", "/v1/requests/R07-4KX9TQZ/deny", {"comment": "no"}, "decide"),
    ("POST", "/v1/requests/R07-4KX9TQZ/revoke", {}, "decide"),
    ("POST", "/v1/requests/R07-4KX9TQZ/cancel", None, "request"),
    ("POST", "/v1/requests/R07-4KX9TQZ/done", None, "request"),
    ("POST", "/v1/requests/R07-4KX9TQZ/extend", {"duration": "5m"}, "request"),
    ("GET", "/v1/grants/check?subject=ana&action=a&resource=b", None, "check"),
    ("POST", "/v1/grants/R07-4KX9TQZ/consume", None, "consume"),
]


async def test_each_call_needs_its_scope(workplace):
    """A token with one scope gets past no call of another; with its own it does."""

    def all_scopes(policies):
        policies["machines"]["robot"] = {"scopes": ["check", "consume", "request", "read"]}

    async with at_the_api(workplace(all_scopes)) as api:
        for scope in ("check", "consume", "request", "read"):
            robot = await api.machine("robot", scope)
            for method, path, body, needed in SCOPED:
                said = await robot.call(method, path, body=body)
                is_let = scope == needed or (scope == "request" and needed == "read")
                assert (scope, path, is_let) == (scope, path, said.code != "scope_missing"), said.body


async def test_machines_have_what_policy_lets(api):
    """No token is made beyond policy, for nobody, for no scope, for longer than a year, or to decide."""
    make = api.work.bot.tokens.make_for_machine
    for name, scopes, days in (
        ("nobody", ["check"], 1),
        ("ana", ["check"], 1),
        ("deploy-ci", ["check"], 1),
        ("checkout-gateway", [], 1),
        ("checkout-gateway", ["decide"], 1),
        ("checkout-gateway", ["check"], 400),
        ("checkout-gateway", ["check"], 0),
    ):
        with pytest.raises(Exception, match=r"policy|up to"):
            await make(name, [Scope(each) for each in scopes], timedelta(days=days))


# -- login -----------------------------------------------------------------------------------------------


async def test_a_code_is_confirmed_knowingly(api):
    """The form names the machine and its address and warns; what the machine calls itself is no markup."""
    code = await api.code("<!channel> *CEO's laptop*")
    await api.work.hands.types("@ana", f"/jit login {code.lower()}")
    view = await api.work.view("@ana", "jit_login")
    text = readable(view)
    assert ("CEO's laptop" in text, "127.0.0.1" in text, code in text, "tell security" in text) == (True,) * 4
    assert [] == live_markup(view)
    assert "waiting" == (await api.collect(code)).body["status"]


async def test_a_code_works_once(api):
    """Confirmed once, collected once; then it is unknown, to whoever types it and whoever collects."""
    code = await api.code()
    assert "may act as you" in await api.confirms("@ana", code)
    assert "no code that waits" in await api.work.types("@ben", f"/jit login {code}")
    said = await at_once(api.collect(code) for _ in range(20))
    assert 1 == sum(each.status == 200 for each in said)
    assert {200, 404} == {each.status for each in said}
    assert "no code that waits" in await api.work.types("@ana", f"/jit login {code}")


async def test_two_forms_for_one_code(api):
    """Of two people with the form before them the first one counts."""
    code = await api.code()
    for user in ("@ana", "@ben"):
        await api.work.hands.types(user, f"/jit login {code}")
    views = {user: await api.work.view(user, "jit_login") for user in ("@ana", "@ben")}
    said = [
        await api.work.answer(user, api.work.hands.submits(user, view, {})) for user, view in views.items()
    ]
    assert ["may act as you" in said[0], "no code that waits" in said[1]] == [True, True]
    assert "ana" == (await api.collect(code)).body["person"]


async def test_a_code_is_bound_to_its_machine(api):
    """Whoever saw the code and does not hold the verifier collects nothing, and a few tries end the code."""
    code = await api.code()
    await api.confirms("@ana", code)
    stolen = [await api.collect(code, "w" * 43) for _ in range(5)]
    assert {404} == {each.status for each in stolen}
    assert 404 == (await api.collect(code)).status


async def test_codes_are_not_tried_out(api):
    """After ten codes somebody types none for a while, not even a right one."""
    for number in range(10):
        assert "no code that waits" in await api.work.types("@ben", f"/jit login ZZZZ-ZZZ{number % 10}")
    code = await api.code()
    assert "Too many codes" in await api.work.types("@ben", f"/jit login {code}")


async def test_codes_end(api):
    """A code lasts five minutes, natively."""
    code = await api.code()
    left = await api.work.bot.connection.calls.pttl(keys.login(code.replace("-", "")))
    assert 290_000 < left <= 300_000


async def test_strangers_get_no_token(api):
    """Somebody whom policy does not name any more confirms nothing, whatever form they still have open."""
    code = await api.code()
    await api.work.hands.types("@dev", f"/jit login {code}")
    view = await api.work.view("@dev", "jit_login")

    def gone(policies):
        policies["people"].pop("dev")
        for members in policies["groups"].values():
            if "dev" in members:
                members.remove("dev")

    await api.work.repolicy(gone)
    said = await api.work.answer("@dev", api.work.hands.submits("@dev", view, {}))
    assert "Policy does not know you" in said
    assert "waiting" == (await api.collect(code)).body["status"]


@pytest.mark.parametrize("metadata", ["", " ", "ZZZZZZZZ ", "x" * 3000, "../../jit:{tokens}:login:* "])
async def test_a_forged_confirmation(api, metadata):
    """A form that comes back with another code, or none, confirms nothing."""
    code = await api.code()
    await api.work.hands.types("@ana", f"/jit login {code}")
    view = await api.work.view("@ana", "jit_login")
    forged = {
        "type": "view_submission",
        "user": {"id": "U0ANA", "name": "ana", "team_id": "T0DEMO"},
        "team": {"id": "T0DEMO", "domain": "harbour-demo"},
        "api_app_id": api.work.app.app_id,
        "trigger_id": f"1.2.{len(metadata)}",
        "view": view | {"private_metadata": metadata},
    }
    await api.work.deliver("interactive", forged)
    await api.work.told("@ana", "no code that waits")
    assert "waiting" == (await api.collect(code)).body["status"]


async def test_signed_out(api):
    """Logging out revokes the token that asks for it, and no other."""
    ana, other = await api.person("@ana"), await api.person("@ana")
    assert 204 == (await ana.post("/v1/logout")).status
    assert (401, 200) == ((await ana.get("/v1/requests")).status, (await other.get("/v1/requests")).status)


def test_form():
    """A token has 160 random bits and its own id; what differs by a sign is no token or another."""
    assert re.fullmatch(r"jit_[0-9a-z]{10}_[0-9a-z]{32}", "jit_" + "0" * 10 + "_" + "z" * 32)
    assert None is read_token("jit_0_0")
