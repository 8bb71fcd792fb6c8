"""Contract: one look at one key of the bot's Redis says what the bot would say, and takes a user that may only look.

Redis that is away, that stands still or that refuses is no answer, within the time that was given. No clock but that
of Redis counts.
"""

import asyncio
import os
import signal
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from app.client import CannotTell, Need, RedisGrants
from app.client.in_redis import key_of
from app.domain.binding import bind_command
from app.store import keys
from app.store.embedded import start_server
from tests.client.away import within
from tests.client.conftest import NEED
from tests.web.callers import at_once

COMMAND = ["psql", "users", "-c", "REINDEX TABLE carts"]
NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,63}", fullmatch=True)
RESOURCES = st.text(min_size=1, max_size=128).filter(str.isprintable)


@given(subject=NAMES, action=NAMES, resource=RESOURCES)
def test_the_catalogue_of_keys(subject, action, resource):
    """The key is the one that the bot writes."""
    assert keys.held(subject, action, resource).encode() == key_of(Need(subject, action, resource))


def digest_of(command):
    """As the bot makes it."""
    return bind_command(command).digest


async def both(grants, need=NEED):
    """Check in a thread and beside other things; they agree."""
    waited, beside = await asyncio.to_thread(grants.check, need), await grants.check_async(need)
    assert waited == beside
    return waited


async def test_what_the_bot_says(live):
    """A live grant, with the end that the bot tells; nothing near it; nothing once it is given back."""
    held = await both(live.in_redis)
    assert (await live.bot.check_async(NEED)) == held
    for near in ({"subject": "ben"}, {"action": "prod-db-migration"}, {"resource": "orders-db "}):
        assert await both(live.in_redis, replace(NEED, **near)) is None
    await live.ana.verb(live.grant, "done")
    assert await both(live.in_redis) is None


async def test_one_that_ends_early_takes_its_time_with_it(live):
    """When the longer of two grants ends early, the other still ends on time: the key's own end follows."""
    longer = await live.api.live(live.ana, live.ben, duration="2h")
    assert longer == (await both(live.in_redis)).grant
    await live.ana.verb(longer, "done")
    held = await both(live.in_redis)
    assert live.grant == held.grant
    calls = live.api.work.bot.connection.calls
    ends = await calls.pexpiretime(keys.held(NEED.subject, NEED.action, NEED.resource))
    assert round(held.ends_at.timestamp() * 1000) == ends


async def test_it_ends_on_time_whatever_dies(live):
    """With nothing at work a check says no from the end on, also behind a longer one that was given back."""
    longer = await live.api.live(live.ana, live.ben, duration="2h", resource="users-db")
    short = await live.api.live(live.ana, live.ben, duration="1s", resource="users-db")
    need = replace(NEED, resource="users-db")
    await live.ana.verb(longer, "done")
    await live.api.work.until(lambda: _is_gone(live.in_redis, need), "the second is over")
    assert short != longer


def _is_gone(grants, need):
    return grants.check(need) is None


async def test_often_goes_before_once(live):
    """One that may be used often goes before one for one use that ends later; not when it has ended."""
    calls, key = live.api.work.bot.connection.calls, keys.held(NEED.subject, NEED.action, NEED.resource)
    [(_, ends)] = await calls.zrange(key, 0, -1, withscores=True)
    await calls.zadd(key, {"R07-0000000!": ends + 60_000})
    assert (live.grant, False) == ((held := await both(live.in_redis)).grant, held.single_use)
    await calls.zadd(key, {live.grant: ends - timedelta(days=1).total_seconds() * 1000})
    assert ("R07-0000000", True) == ((held := await both(live.in_redis)).grant, held.single_use)


async def test_one_that_is_bound(live):
    """A grant for one exact command or parameters permits those alone: not another, and not a call that names none."""
    bound = await live.api.live(live.ana, live.ben, resource="users-db", command=COMMAND, duration="1h")
    need = replace(NEED, resource="users-db")
    assert await both(live.in_redis, need) is None
    for what, grant in ((COMMAND, bound), (["psql"], None)):
        held = await both(live.in_redis, replace(need, digest=digest_of(what)))
        assert grant == (held and held.grant)
        assert grant is None or (await live.bot.check_async(replace(need, digest=digest_of(what)))) == held
    free = await live.api.live(live.ana, live.ben, resource="users-db")
    assert [free, bound, free] == [
        (await both(live.in_redis, each)).grant
        for each in (
            need,
            replace(need, digest=digest_of(COMMAND)),
            replace(need, digest=digest_of(["psql"])),
        )
    ]


async def test_behind_many_that_are_bound(live):
    """One that ends before fifty that are for something else is found; once it has ended, not, though they go on."""
    calls, key = live.api.work.bot.connection.calls, keys.held(NEED.subject, NEED.action, NEED.resource)
    [(_, ends)] = await calls.zrange(key, 0, -1, withscores=True)
    others = {f"R07-{n:07d}{'!' * (n % 2)}#{digest_of([str(n)])}": ends + 60_000 for n in range(50)}
    await calls.zadd(key, others)
    assert live.grant == (await both(live.in_redis)).grant
    held = await both(live.in_redis, replace(NEED, digest=digest_of(["7"])))
    assert (live.grant, False) == (held.grant, held.single_use)
    await calls.zadd(key, {live.grant: ends - timedelta(days=1).total_seconds() * 1000})
    assert await both(live.in_redis) is None
    held = await both(live.in_redis, replace(NEED, digest=digest_of(["7"])))
    assert ("R07-0000007", True, digest_of(["7"])) == (held.grant, held.single_use, held.digest)


async def test_one_use(one_use):
    """A grant for one use is used up through the bot; without a bot that cannot be told."""
    held = await both(one_use.in_redis)
    assert held.single_use
    alone = RedisGrants(one_use.api.work.redis_url, timeout=20)
    with pytest.raises(CannotTell):
        alone.consume(held, NEED)
    with pytest.raises(CannotTell):
        await alone.consume_async(held, NEED)
    await alone.aclose()
    said = await at_once(one_use.in_redis.consume_async(held, NEED) for _ in range(10))
    assert 1 == said.count(True)


async def test_a_user_that_may_only_look(live, redis_server):
    """A user of Redis with two commands on one pattern of keys is enough, and can do nothing else."""
    admin = live.api.work.bot.connection.calls
    is_old = int((await admin.info("server"))["redis_version"].split(".")[0]) < 7
    pattern = "~jit:*:held:*" if is_old else "%R~jit:*:held:*"
    rules = ["reset", "on", ">pass", "resetchannels", pattern, "+zrevrange", "+time"]
    await admin.execute_command("ACL", "SETUSER", "service", *rules)
    grants = RedisGrants(f"unix://service:pass@{redis_server.socket}", timeout=20)
    assert live.grant == (await both(grants)).grant
    client = Redis.from_url(f"unix://service:pass@{redis_server.socket}")
    for refused in (("GET", keys.request(live.grant)), ("DEL", keys.grant(live.grant)), ("KEYS", "*")):
        with pytest.raises(Exception, match=r"(?i)no permissions|NOPERM"):
            await client.execute_command(*refused)
    await client.aclose()
    await grants.aclose()
    await admin.execute_command("ACL", "DELUSER", "service")


async def test_one_who_may_not_look(live, redis_server):
    """A wrong password is no answer."""
    grants = RedisGrants(f"unix://nobody:pass@{redis_server.socket}", timeout=20)
    await _knows_nothing(grants)


async def test_nobody_there(tmp_path):
    """A socket that nobody listens on, and a closed port, are no answer."""
    await _knows_nothing(RedisGrants(f"unix://{tmp_path / 'none.sock'}"))
    await _knows_nothing(RedisGrants("redis://127.0.0.1:1"))


async def test_a_store_that_stands_still(tmp_path):
    """A server that is stopped is waited for as long as was said, and is no answer; then it is asked again."""
    async with start_server(tmp_path) as server:
        grants = RedisGrants(f"unix://{server.socket}", timeout=0.5)
        assert await both(grants) is None
        client = Redis(unix_socket_path=str(server.socket))
        pid = (await client.info("server"))["process_id"]
        await client.aclose()
        os.kill(pid, signal.SIGSTOP)
        try:
            is_in_time = within(15)
            await _knows_nothing(grants)
            assert is_in_time()
        finally:
            os.kill(pid, signal.SIGCONT)
        assert await both(RedisGrants(f"unix://{server.socket}", timeout=20)) is None


async def test_a_server_that_is_none(misbehaving):
    """Something else behind the port is no answer."""
    await _knows_nothing(RedisGrants(misbehaving(b"HTTP/1.1 400 X\r\n\r\n").url.replace("http", "redis")))


async def test_another_kind_of_key(live):
    """A key that holds something else is no answer."""
    key = keys.held("ana", "prod-db-debug", "strange")
    await live.api.work.bot.connection.calls.set(key, "yes")
    await _knows_nothing(live.in_redis, replace(NEED, resource="strange"))


async def _knows_nothing(grants, need=NEED):
    with pytest.raises(CannotTell):
        await asyncio.to_thread(grants.check, need)
    with pytest.raises(CannotTell):
        await grants.check_async(need)
    await grants.aclose()
