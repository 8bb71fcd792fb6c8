"""Contract of heartbeats by HTTP: the requester's own token alone, while access is live, where it was asked for so.

Silence ends access soon and says why, on the card, to the requester and in the audit log; a bot or a store that was
away ends nothing; the grant's own end always holds.
"""

import asyncio

import pytest

from app.domain.request import State
from app.store import keys
from tests.web.callers import ASK, at_the_api
from tests.workplace import thread

SANDBOX = {"action": "sandbox-admin", "resource": "sandbox-1", "duration": "10m", "reason": "a look"}


async def beating(requester, **changed):
    """Ask for what is given at once, to be kept by heartbeats; gives the id when it is live."""
    request_id = await requester.asks(**SANDBOX | {"heartbeat": 4} | changed)
    await requester.work.reaches(request_id, State.ACTIVE)
    return request_id


async def beats_for(who, request_id, seconds):
    ends = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < ends:
        said = await who.verb(request_id, "heartbeat")
        assert 200 == said.status, said.body
        await asyncio.sleep(0.5)


async def test_while_they_come_it_lives_and_then_it_ends(api):
    """Heard of for longer than a silence may last it lives on; then it ends, and everyone can read why."""
    ana = await api.person("@ana")
    request_id = await beating(ana)
    await beats_for(ana, request_id, 6)
    assert State.ACTIVE is (await api.work.request(request_id)).state
    await api.work.reaches(request_id, State.EXPIRED, within=20)

    said = await ana.verb(request_id, "heartbeat")
    assert (409, "wrong_state") == (said.status, said.code)
    assert "jit run stopped without saying so" in said.body["detail"]
    shown = (await ana.get(f"/v1/requests/{request_id}")).body
    assert ("expired", 4) == (shown["state"], shown["heartbeat"])
    assert "no heartbeat for 4 s" in shown["ended_by"]
    await api.work.told("@ana", "jit run stopped without saying so")
    assert 1 == (await api.work.events(request_id)).count("went_silent")
    lines = "\n".join(map(str, await api.work.bot.story(request_id)))
    assert "jit run stopped without saying so (4 s without a heartbeat)" in lines
    assert "time was up" not in lines


async def test_what_approvers_see(api):
    """The card and its thread say that it fell silent."""
    ana, ben = await api.person("@ana"), await api.person("@ben")
    request_id = await ana.asks(heartbeat=4)
    await ben.verb(request_id, "approve")
    await api.work.reaches(request_id, State.ACTIVE)
    assert 200 == (await ana.verb(request_id, "heartbeat")).status
    await api.work.reaches(request_id, State.EXPIRED, within=20)
    card = await api.work.card(request_id, "jit run stopped without saying so", "Access is gone")
    await api.work.settled()
    told = "\n".join(thread(await api.work.hands.look(), card))
    assert "no heartbeat for 4 s" in told


async def test_only_by_the_requester(api):
    """Neither an approver, nor a machine, nor a stranger keeps somebody's access alive, or learns of it."""
    ana, ben = await api.person("@ana"), await api.person("@ben")
    reader, asker = await api.machine("deploy-ci", "read"), await api.machine("deploy-ci", "request")
    request_id = await beating(ana)
    statuses = [
        (await each.verb(request_id, "heartbeat")).status for each in (ben, reader, asker, api.nobody)
    ]
    assert [404, 403, 404, 401] == statuses


async def test_where_none_were_asked_for(api):
    """A grant without them is not changed by one, and lasts."""
    ana = await api.person("@ana")
    request_id = await beating(ana, heartbeat=None)
    said = await ana.verb(request_id, "heartbeat")
    assert (409, "no_heartbeat") == (said.status, said.code)
    redis = api.work.bot.connection.calls
    assert 0 == await redis.exists(keys.beat(request_id))


@pytest.mark.parametrize("seconds", [0, 3, 301, -4, "x", 4.5])
async def test_how_far_apart(api, seconds):
    """Less than 4 s and more than 5 min are refused, and name the field."""
    said = await (await api.person("@ana")).post("/v1/requests", ASK | {"heartbeat": seconds})
    assert (422, "heartbeat") == (said.status, said.body["errors"][0]["field"])


async def test_the_same_key_with_other_heartbeats(api):
    """Nobody takes access that lasts for access that ends when they are killed, nor the other way round."""
    ana = await api.person("@ana")
    for number, (first, then) in enumerate([(None, 4), (4, None), (4, 5)]):
        key = {"Idempotency-Key": f"k{number}"}
        asked = await ana.post("/v1/requests", ASK | {"heartbeat": first}, headers=key)
        again = await ana.post("/v1/requests", ASK | {"heartbeat": first}, headers=key)
        assert asked.body["id"] == again.body["id"]
        said = await ana.post("/v1/requests", ASK | {"heartbeat": then}, headers=key)
        assert (422, "key_reused") == (said.status, said.code)


async def test_before_access_and_after_it(api):
    """While it waits, and once it is given back, there is nothing to keep alive."""
    ana = await api.person("@ana")
    request_id = await ana.asks(heartbeat=4)
    assert 409 == (await ana.verb(request_id, "heartbeat")).status
    live = await beating(ana)
    await ana.verb(live, "done")
    await api.work.reaches(live, State.COMPLETED)
    assert (409, "wrong_state") == ((said := await ana.verb(live, "heartbeat")).status, said.code)
    await asyncio.sleep(5)
    assert State.COMPLETED is (await api.work.request(live)).state


async def test_more_time(api):
    """More time does not begin the wait for a first heartbeat anew: silence ends it as before."""
    ana = await api.person("@ana")
    request_id = await beating(ana)
    await ana.verb(request_id, "heartbeat")
    said = await ana.verb(request_id, "extend", {"duration": "10m", "reason": "not done"})
    assert 200 == said.status, said.body
    assert said.body["seconds"] == 1200
    assert await api.work.bot.connection.calls.pttl(keys.beat(request_id)) <= 4_000
    await beats_for(ana, request_id, 2)
    await api.work.reaches(request_id, State.EXPIRED, within=20)
    assert "went_silent" in await api.work.events(request_id)


async def test_the_end_by_time_holds(api):
    """Heartbeats lengthen nothing: the grant ends when it was to end."""
    ana = await api.person("@ana")
    request_id = await beating(ana, duration="3s")
    end = (await api.work.request(request_id)).ends_at
    while (said := await ana.verb(request_id, "heartbeat")).status == 200:  # noqa: ASYNC110  it beats
        await asyncio.sleep(0.3)
    assert await api.work.bot.store.now() >= end
    assert "wrong_state" == said.code
    await api.work.reaches(request_id, State.EXPIRED)
    assert "went_silent" not in await api.work.events(request_id)


async def test_a_bot_that_was_away(workplace):
    """Stopped for longer than a silence may last, and started again: whoever beats again has lost nothing."""
    async with at_the_api(workplace(lambda p: p.update(api={"decide": True}))) as api:
        ana = await api.person("@ana")
        request_id = await beating(ana)
        await beats_for(ana, request_id, 1)
        await api.work.replicas.pop().stop()
        await asyncio.sleep(5)
        await api.work.start()
        await beats_for(ana, request_id, 7)
        assert State.ACTIVE is (await api.work.request(request_id)).state
        await api.work.reaches(request_id, State.EXPIRED, within=20)


async def test_killed_while_the_bot_was_away(workplace):
    """What fell silent while nobody listened ends all the same, a little later."""
    async with at_the_api(workplace(lambda p: p.update(api={"decide": True}))) as api:
        ana = await api.person("@ana")
        request_id = await beating(ana)
        await ana.verb(request_id, "heartbeat")
        await api.work.replicas.pop().stop()
        await api.work.start()
        await api.work.reaches(request_id, State.EXPIRED, within=30)
        assert 1 == (await api.work.events(request_id)).count("went_silent")


async def test_a_worker_alone_concludes_nothing(workplace):
    """Where no process takes heartbeats, a worker that does not hear them does not end what it cannot hear."""
    async with at_the_api(workplace(lambda p: p.update(api={"decide": True}))) as api:
        ana = await api.person("@ana")
        request_id = await beating(ana)
        await ana.verb(request_id, "heartbeat")
        bot = api.work.bot
        await bot.connection.calls.delete(keys.HEARING)
        for _ in range(60):
            await bot.connection.calls.delete(keys.HEARING)
            await asyncio.sleep(0.1)
        assert State.ACTIVE is (await api.work.request(request_id)).state
        await api.work.reaches(request_id, State.EXPIRED, within=30)


async def test_slack_is_away(api):
    """Heartbeats go by token and policy alone; whatever else somebody asks waits until Slack says who they are."""
    ana = await api.person("@ana")
    request_id = await beating(ana)
    await api.work.settled()
    api.work.bot.announcer._identity.forget("U0ANA")
    await api.work.fault("error:internal_error", method="users.info", count=1000)

    await beats_for(ana, request_id, 6)
    assert State.ACTIVE is (await api.work.request(request_id)).state
    said = await ana.get(f"/v1/requests/{request_id}")
    assert (503, "slack_unavailable") == (said.status, said.code)
    assert 503 == (await ana.verb(request_id, "done")).status


async def test_another_in_policy(api):
    """Whom policy names otherwise than the token does keeps nothing alive, whether or not Slack answers."""
    ana = await api.person("@ana")
    request_id = await beating(ana)
    await api.work.repolicy(lambda policies: policies["people"]["ana"].update(slack="U0OTHER"))
    said = await ana.verb(request_id, "heartbeat")
    assert (401, "token_refused") == (said.status, said.code)
