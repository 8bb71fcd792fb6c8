"""Contract of a grant that is bound: what approvers saw is what it permits, whoever asks, uses, checks or replays.

The server alone makes the digest, of what was sent. A use that says nothing, or something else, is refused and, where
it was an act, recorded; the binding survives every way to an approval.
"""

import asyncio
import hashlib
import json

import pytest

from app.domain.request import State
from app.playground.hands import readable
from tests.web.callers import ASK, SINGLE_USE, at_the_api
from tests.workplace import live_markup

COMMAND = ["psql", "orders", "-c", "REINDEX TABLE carts"]
OTHER = ["psql", "orders", "-c", "DROP TABLE carts"]
SANDBOX = {"action": "sandbox-admin", "resource": "sandbox-1", "duration": "10m", "reason": "a look"}


def digest(what) -> str:
    """As the documentation says."""
    return hashlib.sha256(json.dumps(what, separators=(",", ":")).encode()).hexdigest()


def single_use(policies):
    policies["rules"]["prod-db-debug"]["obligations"] = SINGLE_USE
    policies["api"] = {"decide": True}


@pytest.fixture
async def one_use(workplace):
    """The API of a bot whose grants of production are good for one use."""
    async with at_the_api(workplace(single_use)) as opened:
        yield opened


async def checks(who, about="", **changed):
    asked = {"subject": "ana", "action": "prod-db-debug", "resource": "orders-db", "digest": about}
    return await who.get("/v1/grants/check", params=asked | changed)


async def test_what_is_shown(api):
    """The request has the command, as sent and as people read it, and its digest."""
    ana = await api.person("@ana")
    said = await ana.post("/v1/requests", ASK | {"command": COMMAND})
    assert 201 == said.status, said.body
    assert (digest(COMMAND), COMMAND, None, 'psql orders -c "REINDEX TABLE carts"') == tuple(
        said.body[key] for key in ("digest", "command", "parameters", "bound_to")
    )
    card = await api.work.card(
        said.body["id"], "For this command alone", "REINDEX TABLE carts", digest(COMMAND)
    )
    assert "jit_approve" in json.dumps(card)
    said = await ana.post("/v1/requests", ASK | {"parameters": {"order": "A-17", "amount": 120}})
    await api.work.card(said.body["id"], "For these parameters alone", '"amount": 120', said.body["digest"])
    await api.work.settled()
    lines = "\n".join(map(str, await api.work.bot.story(said.body["id"])))
    assert f"(SHA-256 {said.body['digest']})" in lines


async def test_a_client_cannot_say_the_digest(api):
    """A command with somebody else's digest is no request."""
    ana = await api.person("@ana")
    said = await ana.post("/v1/requests", ASK | {"command": OTHER, "digest": digest(COMMAND)})
    assert (422, "digest") == (said.status, said.body["errors"][0]["field"])


async def test_check(api):
    """Permitted for its digest; another, none, or a prefix of it is refused with what would be right."""
    ana, ben, gateway = await api.person("@ana"), await api.person("@ben"), await api.machine()
    request_id = await api.live(ana, ben, command=COMMAND)
    said = await checks(gateway, digest(COMMAND))
    assert (200, True, request_id, digest(COMMAND)) == (
        said.status, said.body["allowed"], said.body["grant"], said.body["digest"],
    )  # fmt: skip
    for about, code in (("", "digest_needed"), (digest(OTHER), "digest_mismatch")):
        said = await checks(gateway, about)
        assert (403, code) == (said.status, said.code)
        assert request_id in said.body["detail"]
    for about in ("x", digest(COMMAND)[:-1], digest(COMMAND).upper()):
        assert 422 == (await checks(gateway, about)).status
    said = await checks(gateway, digest(COMMAND), resource="users-db")
    assert (200, False) == (said.status, said.body["allowed"])
    await ana.verb(request_id, "done")
    assert (200, False) == ((said := await checks(gateway)).status, said.body["allowed"])


async def test_one_who_may_not_check_learns_nothing(api):
    """Of a bound grant of somebody else's neither is nor is not told."""
    ana, ben = await api.person("@ana"), await api.person("@ben")
    await api.live(ana, ben, command=COMMAND)
    assert (403, "not_permitted") == ((said := await checks(ben)).status, said.code)


async def test_one_bound_and_one_not(api):
    """One that is bound to nothing permits it all, whatever else there is."""
    ana, ben, gateway = await api.person("@ana"), await api.person("@ben"), await api.machine()
    bound = await api.live(ana, ben, command=COMMAND, duration="1h")
    free = await api.live(ana, ben)
    assert (free, None) == ((said := (await checks(gateway)).body)["grant"], said["digest"])
    assert free == (await checks(gateway, digest(OTHER))).body["grant"]
    assert bound == (await checks(gateway, digest(COMMAND))).body["grant"]
    await ana.verb(free, "done")
    assert "digest_needed" == (await checks(gateway)).code


async def test_consume(one_use):
    """Used for what it is for, once; an attempt at anything else uses nothing up and is recorded."""
    ana, ben, gateway = await one_use.person("@ana"), await one_use.person("@ben"), await one_use.machine()
    request_id = await one_use.live(ana, ben, command=COMMAND)
    use = f"/v1/grants/{request_id}/consume"
    assert "digest_needed" == (await gateway.post(use)).code
    for about in ({"digest": digest(OTHER)}, {"command": OTHER}, {"parameters": {"command": COMMAND}}):
        said = await gateway.post(use, about)
        assert (403, "digest_mismatch") == (said.status, said.code)
    assert 422 == (await gateway.post(use, {"digest": digest(COMMAND), "command": OTHER})).status
    assert State.ACTIVE is (await one_use.work.request(request_id)).state
    answers = await asyncio.gather(*(gateway.post(use, {"command": COMMAND}) for _ in range(20)))
    assert [200] + [409] * 19 == sorted(answer.status for answer in answers)
    assert 3 == (await one_use.work.events(request_id)).count("attempt_refused")


async def test_a_digest_is_no_use_for_another_request(one_use):
    """Replayed on a grant for something else, the digest of one that was approved opens nothing."""
    ana, ben, gateway = await one_use.person("@ana"), await one_use.person("@ben"), await one_use.machine()
    first = await one_use.live(ana, ben, command=COMMAND)
    second = await one_use.live(ana, ben, command=OTHER)
    said = await gateway.post(f"/v1/grants/{second}/consume", {"digest": digest(COMMAND)})
    assert "digest_mismatch" == said.code
    assert 200 == (await gateway.post(f"/v1/grants/{first}/consume", {"digest": digest(COMMAND)})).status


async def test_the_same_key_with_another_command(api):
    """An Idempotency-Key stands for what it was first sent with."""
    ana, key = await api.person("@ana"), {"Idempotency-Key": "k1"}
    first = await ana.post("/v1/requests", ASK | {"command": COMMAND}, headers=key)
    again = await ana.post("/v1/requests", ASK | {"command": COMMAND}, headers=key)
    assert first.body["id"] == again.body["id"]
    for other in ({"command": OTHER}, {}, {"parameters": {"a": 1}}):
        said = await ana.post("/v1/requests", ASK | other, headers=key)
        assert (422, "key_reused") == (said.status, said.code)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"command": []}, 422),
        ({"command": "psql"}, 422),
        ({"command": ["x", 1]}, 422),
        ({"command": ["x", "a\x00b"]}, 422),
        ({"command": ["x"] * 257}, 422),
        ({"command": ["x", "y" * 9000]}, 422),
        ({"command": ["x", "y" * 70_000]}, 413),
        ({"parameters": {}}, 422),
        ({"parameters": [1]}, 422),
        ({"parameters": {"a": 2**60}}, 422),
        ({"parameters": {"a": [[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]}}, 422),
        ({"command": ["x"], "parameters": {"a": 1}}, 422),
    ],
    ids=[
        "none", "text", "number", "nul", "many", "long", "huge", "no-parameters", "list", "inexact", "deep", "both",
    ],
)  # fmt: skip
async def test_what_cannot_be_bound_to(api, sent, status):
    """Told with the field that it is about; nobody is asked."""
    ana = await api.person("@ana")
    said = await ana.post("/v1/requests", ASK | sent)
    assert status == said.status, said.body
    if status == 422:
        assert said.body["errors"][0]["field"].split(".")[0] in {"command", "parameters"}
    assert [] == (await ana.get("/v1/requests")).body["requests"]


async def test_what_hides_in_a_command(api):
    """Mentions ping nobody, and what cannot be seen is written out; what is cut off is said to be."""
    ana = await api.person("@ana")
    command = ["sh", "-c", "echo <!channel> *b* ```\u202e\u200b\n rm", "z" * 4000]
    said = await ana.post("/v1/requests", ASK | {"command": command})
    card = await api.work.card(
        said.body["id"], r"\u202e\u200b\n rm", "are not shown here", said.body["digest"]
    )
    assert {"<@U0BEN>", "<@U0CHLOE>"} == set(live_markup(card))  # the approvers
    text = readable(card)
    assert "\u202e" not in text
    assert "\u200b" not in text.replace("\u200b*", "*")
    assert "z" * 4000 in said.body["bound_to"]


async def test_ways_to_an_approval_keep_it(api):
    """For less time, automatically, and through more time: what it is bound to stays."""
    ana, ben, gateway = await api.person("@ana"), await api.person("@ben"), await api.machine()
    request_id = await ana.asks(command=COMMAND)
    assert 200 == (await ben.verb(request_id, "approve", {"seconds": 600})).status
    await api.work.reaches(request_id, State.ACTIVE)
    assert "digest_needed" == (await checks(gateway)).code
    await ana.verb(request_id, "extend", {"duration": "15m", "reason": "slow"})
    assert 200 == (await ben.verb(request_id, "approve", {"more_time": True})).status
    assert "digest_needed" == (await checks(gateway)).code
    assert (await checks(gateway, digest(COMMAND))).body["allowed"]
    sandbox = await ana.asks(**SANDBOX, command=OTHER)
    await api.work.reaches(sandbox, State.ACTIVE)
    at_once = {"action": "sandbox-admin", "resource": "sandbox-1"}
    assert "digest_mismatch" == (await checks(gateway, digest(COMMAND), **at_once)).code
    assert (await checks(gateway, digest(OTHER), **at_once)).body["allowed"]


# -- actions that are given for one exact command alone --------------------------------------------------


def bound(policies):
    policies["actions"]["prod-db-debug"]["bound"] = True
    policies["rules"]["prod-db-debug"]["obligations"] = {"break_glass": True}
    policies["api"] = {"decide": True}


async def test_what_policy_binds(workplace):
    """Asked for in any way without a command it is refused with how it is asked for; with one it goes its way."""
    async with at_the_api(workplace(bound)) as api:
        ana, ben = await api.person("@ana"), await api.person("@ben")
        said = await ana.post("/v1/requests", ASK)
        assert (422, "command") == (said.status, said.body["errors"][0]["field"])
        assert "jit run --bound prod-db-debug RESOURCE -- CMD" in said.body["detail"]
        for typed in (
            "request prod-db-debug orders-db 30m why",
            "break-glass prod-db-debug orders-db 15m why",
        ):
            assert "jit run --bound" in await api.work.types("@ana", f"/jit {typed}")
        request_id = await api.live(ana, ben, command=COMMAND)
        assert digest(COMMAND) == (await api.work.request(request_id)).binding.digest


async def test_what_policy_binds_by_now(workplace):
    """What was asked for before policy said so is not approved without it."""
    async with at_the_api(workplace(lambda policies: policies.update(api={"decide": True}))) as api:
        ana, ben = await api.person("@ana"), await api.person("@ben")
        request_id = await ana.asks()
        await api.work.repolicy(lambda policies: policies["actions"]["prod-db-debug"].update(bound=True))
        said = await ben.verb(request_id, "approve")
        assert (403, "denied_by_policy") == (said.status, said.code)


async def test_what_policy_binds_while_it_is_live(workplace):
    """What is live without a command gets no more time from then on, and is taken back as all that is denied by now."""

    def extendable(policies):
        policies["actions"]["sandbox-admin"]["longest"] = "2h"

    async with at_the_api(workplace(extendable)) as api:
        ana = await api.person("@ana")
        free, bound_one = await ana.asks(**SANDBOX), await ana.asks(**SANDBOX, command=COMMAND)
        waiting = await ana.asks()
        for each in (free, bound_one):
            await api.work.reaches(each, State.ACTIVE)

        def bind(policies):
            policies["actions"]["sandbox-admin"]["bound"] = True
            policies["actions"]["prod-db-debug"]["bound"] = True

        await api.work.repolicy(bind)
        said = await ana.verb(free, "extend", {"duration": "5m", "reason": "slow"})
        assert said.code in {"denied_by_policy", "wrong_state"}
        await api.work.reaches(free, State.REVOKED)
        await api.work.reaches(waiting, State.CANCELLED)
        assert State.ACTIVE is (await api.work.request(bound_one)).state
        assert 200 == (await ana.verb(bound_one, "extend", {"duration": "5m", "reason": "slow"})).status
