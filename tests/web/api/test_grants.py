"""Contract of grants: a check tells what is permitted at this instant and uses nothing up; a use is one.

Of however many who race for a grant that is good for one use exactly one gets it, and then it ends.
"""

import asyncio

import pytest

from app.domain.ids import partition_of
from app.domain.request import State
from app.store import keys
from tests.web.callers import at_once, at_the_api, single_use
from tests.workplace import thread


@pytest.fixture
async def one_use(workplace):
    """Where production's databases are debugged by grants that are good for one use."""
    async with at_the_api(workplace(single_use)) as opened:
        yield opened


async def test_exactly_one_wins(one_use):
    """Two hundred calls of machines and of the requester's own tools at the same instant: one gets it."""
    ana, ben = await one_use.person("@ana"), await one_use.person("@ben")
    gateways = [await one_use.machine() for _ in range(3)]
    request_id = await one_use.live(ana, ben)
    path = f"/v1/grants/{request_id}/consume"
    racers = [gateways[number % 3] if number % 10 else ana for number in range(200)]

    said = await at_once(each.post(path) for each in racers)

    won = [each for each in said if each.status == 200]
    assert 1 == len(won)
    assert {(409, "already_used")} == {(each.status, each.code) for each in said if each.status != 200}
    assert request_id == won[0].body["grant"]
    await one_use.work.reaches(request_id, State.COMPLETED)
    events = await one_use.work.events(request_id)
    assert (1, 0) == (events.count("consumed"), events.count("attempt_refused"))
    assert (409, "already_used") == ((late := await ana.post(path)).status, late.code)


async def test_a_thousand_over_http(workplace):
    """A thousand calls by five machines, each with its own token, over as many connections as a caller opens: one."""
    names = [f"gateway-{number}" for number in range(5)]

    def change(policies):
        single_use(policies)
        policies["machines"] |= {name: {"scopes": ["consume"]} for name in names}

    async with at_the_api(workplace(change)) as api:
        ana, ben = await api.person("@ana"), await api.person("@ben")
        gateways = [await api.machine(name, "consume") for name in names]
        request_id = await api.live(ana, ben)
        path = f"/v1/grants/{request_id}/consume"

        said = await at_once(gateways[number % 5].post(path) for number in range(1000))

        won = [each.body["used_by"] for each in said if each.status == 200]
        assert 1 == len(won)
        assert {(409, "already_used")} == {(each.status, each.code) for each in said if each.status != 200}
        await api.work.reaches(request_id, State.COMPLETED)
        assert 1 == (await api.work.events(request_id)).count("consumed")


async def test_a_thousand_at_the_store(one_use):
    """A thousand tasks at the workflow itself, on a real Redis: one."""
    ana, ben = await one_use.person("@ana"), await one_use.person("@ben")
    request_id = await one_use.live(ana, ben)
    by = one_use.work.bot.policy().people["ana"]

    async def use():
        try:
            await one_use.work.bot.workflow.consume(request_id, by)
        except Exception as refusal:  # noqa: BLE001  counted
            return getattr(refusal, "code", repr(refusal))
        return "used"

    said = await at_once(use() for _ in range(1000))
    assert (1, {"used", "already_used"}) == (said.count("used"), set(said))


async def test_not_used_past_its_key(one_use):
    """A grant whose key is gone, whatever the request still says, is not used."""
    ana, ben = await one_use.person("@ana"), await one_use.person("@ben")
    request_id = await one_use.live(ana, ben)
    await one_use.work.bot.connection.calls.delete(keys.grant(request_id))
    said = await ana.post(f"/v1/grants/{request_id}/consume")
    assert (503, "busy") == (said.status, said.code)
    assert "consumed" not in await one_use.work.events(request_id)


async def test_checked_is_not_used(one_use):
    """A check says that it is good for one use, as often as one asks."""
    ana, ben, gateway = await one_use.person("@ana"), await one_use.person("@ben"), await one_use.machine()
    request_id = await one_use.live(ana, ben)
    for _ in range(3):
        said = (await gateway.check()).body
        assert (True, request_id, True) == (said["allowed"], said["grant"], said["single_use"])
    used = await gateway.post(f"/v1/grants/{request_id}/consume")
    assert (200, "ana", "checkout-gateway") == (used.status, used.body["subject"]["id"], used.body["used_by"])
    assert {"allowed": False, "grant": None, "ends_at": None, "single_use": False, "digest": None} == (
        await gateway.check()
    ).body


async def test_what_people_see(one_use):
    """The card says that it is good for one use, and then who used it; so does the thread."""
    ana, ben, gateway = await one_use.person("@ana"), await one_use.person("@ben"), await one_use.machine()
    request_id = await one_use.live(ana, ben)
    await one_use.work.card(request_id, "Good for one use", "Access is live", offering="jit_revoke")
    await gateway.post(f"/v1/grants/{request_id}/consume")
    card = await one_use.work.card(
        request_id, "Used by checkout-gateway", "Access is gone", without="jit_revoke"
    )
    await one_use.work.told("@ana", "Used by checkout-gateway")
    await one_use.work.settled()
    told = "\n".join(thread(await one_use.work.hands.look(), card))
    assert "checkout-gateway used the access. It was good for one use." in told
    assert "it was used" in told
    lines = "\n".join(map(str, await one_use.work.bot.story(request_id)))
    assert "checkout-gateway used it from 127.0.0.1, and it was good for one use" in lines


async def test_not_every_grant_is_used_up(api):
    """A grant without the obligation is not consumable, and stays."""
    ana, ben = await api.person("@ana"), await api.person("@ben")
    request_id = await api.live(ana, ben)
    said = await ana.post(f"/v1/grants/{request_id}/consume")
    assert (409, "not_single_use") == (said.status, said.code)
    assert State.ACTIVE is (await api.work.request(request_id)).state


async def test_only_what_exists_is_used(one_use):
    """Pending, denied and cancelled requests are nothing to use."""
    ana, gateway = await one_use.person("@ana"), await one_use.machine()
    request_id = await ana.asks()
    assert (409, "wrong_state") == (
        (said := await gateway.post(f"/v1/grants/{request_id}/consume")).status,
        said.code,
    )


async def test_people_use_their_own(one_use):
    """An approver, who may see it, does not use it; nor does security."""
    ana, ben, sam = [await one_use.person(user) for user in ("@ana", "@ben", "@sam")]
    request_id = await one_use.live(ana, ben)
    for each in (ben, sam):
        assert 404 == (await each.post(f"/v1/grants/{request_id}/consume")).status
    assert 200 == (await ana.post(f"/v1/grants/{request_id}/consume")).status


# -- check -----------------------------------------------------------------------------------------------


async def test_what_is_permitted(api):
    """Exactly what was granted, to exactly whom, until it ends; nothing near it."""
    ana, ben, gateway = await api.person("@ana"), await api.person("@ben"), await api.machine()
    assert not (await gateway.check()).body["allowed"]
    request_id = await api.live(ana, ben)
    said = (await gateway.check()).body
    assert (True, request_id, False) == (said["allowed"], said["grant"], said["single_use"])
    for subject, action, resource in (
        ("ben", "prod-db-debug", "orders-db"),
        ("ana", "prod-db-migration", "orders-db"),
        ("ana", "prod-db-debug", "users-db"),
        ("ana", "prod-db-debug", "orders-db "),
        ("ana", "prod-db-debug", "orders-*"),
        ("ana", "prod-db-debug", "orders-db:x"),
    ):
        assert not (await gateway.check(subject, action, resource)).body["allowed"]
    assert 200 == (await ana.verb(request_id, "done")).status
    assert not (await gateway.check()).body["allowed"]


@pytest.mark.parametrize(
    ("subject", "action"),
    [("ana:prod-db-debug", "x"), ("*", "a"), ("ana", "a:b"), ("", "a"), ("ana", "{p01}")],
)
async def test_what_is_no_name(api, subject, action):
    """What could be taken for another key is refused."""
    assert 422 == (await (await api.machine()).check(subject, action)).status


async def test_nobody_checks_others(api):
    """A person asks of themselves alone."""
    ben = await api.person("@ben")
    assert (200, 403) == ((await ben.check("ben")).status, (await ben.check("ana")).status)


async def test_two_grants_for_the_same(api):
    """Ending one of two leaves the other; more time moves the end that is told."""
    ana, ben, gateway = await api.person("@ana"), await api.person("@ben"), await api.machine()
    first, second = await api.live(ana, ben), await api.live(ana, ben, duration="1h")
    assert second == (await gateway.check()).body["grant"]
    await ana.verb(second, "done")
    assert first == (said := (await gateway.check()).body)["grant"]
    await ana.verb(first, "extend", {"duration": "15m"})
    await ben.verb(first, "approve", {"more_time": True})
    assert said["ends_at"] < (await gateway.check()).body["ends_at"]
    await ana.verb(first, "done")
    assert not (await gateway.check()).body["allowed"]


async def test_it_ends_on_time_whatever_dies(workplace):
    """With nothing at work a check says no from the end on, and the key is gone by its own TTL."""
    async with at_the_api(workplace(lambda p: p.update(api={"decide": True}))) as api:
        ana, ben, gateway = await api.person("@ana"), await api.person("@ben"), await api.machine()
        request_id = await api.live(ana, ben, duration="1s")
        calls = api.work.bot.connection.calls
        key = keys.held("ana", "prod-db-debug", "orders-db")
        assert key.startswith(f"jit:{{p{partition_of('ana'):02d}}}:")
        ends = [await calls.pexpiretime(each) for each in (key, keys.grant(request_id))]
        assert ends[0] == ends[1] or -2 in ends
        await asyncio.sleep(1.1)
        assert not (await gateway.check()).body["allowed"]
        assert 0 == await calls.exists(key)
