"""The bot as a whole: policies that break while it runs, Redis away, several replicas, one that is killed.

A broken policy never replaces a working one and is told once. A store that is away is told to whoever asks, and
work goes on when it is back. However many replicas run, each thing is said once.
"""

import asyncio
import shlex
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.refusals import Unavailable
from app.playground.hands import in_channel, readable, told_directly
from app.policy import PolicyError
from app.store.embedded import find_program
from tests.workplace import (
    ASK,
    SECURITY,
    Workplace,
    at_work,
    cards,
    live_markup,
    policy_folder,
    rewrite,
    thread,
)


@pytest.fixture
def workplace(redis, redis_server, tmp_path):
    """Make a workplace with policies of its own, which a test may change."""

    def make(**how) -> Workplace:
        policies = policy_folder(tmp_path / "policies")
        return Workplace(f"unix://{redis_server.socket}", tmp_path / "data", policies=policies, **how)

    return make


# -- policies ------------------------------------------------------------------------------------------------


async def test_a_broken_policy_at_start(workplace):
    """A bot whose policy is broken does not start, and says file, line and key."""
    async with workplace() as work:
        rewrite(work.policies, lambda policy: policy["rules"]["prod-db-debug"].update(efect="require"))

        with pytest.raises(PolicyError) as raised:
            await work.start()

        assert "policy.yaml:" in str(raised.value)
        assert "efect" in str(raised.value)


async def test_a_policy_that_breaks(workplace):
    """The old one stays in force; security is told once, and again only of something else; mended, it is used."""
    async with at_work(workplace(), watching=True) as work:
        mended = (work.policies / "policy.yaml").read_text()
        (work.policies / "policy.yaml").write_text(mended.replace("effect: require", "effect: <!channel>", 1))

        told = await work.posted(SECURITY, "broken", "stay in force")

        assert "policy.yaml" in readable(told)
        assert "&lt;!channel&gt;" in readable(told)
        assert [] == live_markup(told)
        assert "policy.yaml" in (await work.bot.readiness()).warnings["policy"]
        request_id = await work.asks()
        await work.card(request_id, offering="jit_approve")
        await asyncio.sleep(1.5)
        assert 1 == len(in_channel(await work.settled(), SECURITY))
        (work.policies / "policy.yaml").write_text(mended.replace("longest: 4h", "longest: 3h", 1))
        await work.until(lambda: not work.bot.policies.problem, "it is mended")
        assert ({}, {}) == (await work.bot.readiness())[:2]
        said = await work.types("@ana", "/jit request prod-db-debug orders-db 4h why")
        assert "given for at most 3 h" in said


async def test_two_bots_tell_of_one_broken_policy_once(workplace):
    """Replicas that see the same broken file tell of it once between them."""
    async with at_work(workplace(), watching=True) as work:
        await work.start(watching=True, data=work.data / "second", working=False)
        rewrite(work.policies, lambda policy: policy["people"].pop("ben"))

        await work.posted(SECURITY, "broken")
        await work.until(
            lambda: all(replica.bot.policies.problem for replica in work.replicas), "both saw it"
        )
        await asyncio.sleep(0.5)
        assert 1 == len(in_channel(await work.settled(), SECURITY))


# -- Redis ---------------------------------------------------------------------------------------------------


class Redis:
    """A server of the test's own, which can be killed and started again on the same files."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        folder.mkdir()

    async def start(self) -> None:
        options = f"--port 0 --unixsocket {self.socket} --dir {self.socket.parent} --appendonly yes --save ''"
        self.process = await asyncio.create_subprocess_exec(
            find_program(), *shlex.split(options), stdout=asyncio.subprocess.DEVNULL
        )

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


@pytest.fixture
async def own_redis():
    """A server that may be away; its path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="jit-") as folder:
        redis = Redis(Path(folder) / "redis")
        await redis.start()
        yield redis
        await redis.kill()


async def test_redis_goes_and_comes_back(own_redis, tmp_path):
    """While it is away people are told; when it is back work goes on, and nothing that was said is lost."""
    async with Workplace(f"unix://{own_redis.socket}", tmp_path / "data") as work:
        await work.start()
        await work.until_answered("@ana", "/jit list", "asked for nothing yet")
        request_id = await work.asks()
        card = await work.card(request_id, offering="jit_approve")
        await work.settled()
        await own_redis.kill()

        for said in (
            await work.types("@ana", ASK),
            await work.types("@ana", "/jit list"),
            await work.refused("@ben", card, "jit_approve"),
            await work.types("@ana", f"/jit cancel {request_id}"),
        ):
            assert f"🚫 {Unavailable()}" == said
        assert "Redis does not answer" == (await work.bot.readiness()).reasons["store"]
        await own_redis.start()
        await work.until_answered("@ana", "/jit list", request_id)
        await work.clicks("@ben", card, "jit_approve")
        await work.card(request_id, "Access is live")
        assert 1 == len(cards(await work.settled(20)))


async def test_access_ends_while_redis_is_away(own_redis, tmp_path):
    """A grant whose end falls into an outage is over when Redis is back, and everybody is told then."""
    async with Workplace(f"unix://{own_redis.socket}", tmp_path / "data") as work:
        await work.start()
        await work.until_answered("@ana", "/jit list", "asked for nothing yet")
        request_id = await work.goes_live("/jit request prod-db-debug orders-db 2s INC-7")
        await own_redis.kill()
        await asyncio.sleep(2)
        await own_redis.start()
        await work.until_answered("@ana", "/jit list", request_id)

        assert not await work.bot.store.has_grant(request_id)
        await work.card(request_id, "Time is up", "Access is gone")
        await work.told("@ana", "has ended")


async def test_redis_is_away_at_start(own_redis, tmp_path):
    """A bot that starts before its Redis waits for it, is not ready meanwhile, and answers who asks."""
    await own_redis.kill()
    async with Workplace(f"unix://{own_redis.socket}", tmp_path / "data") as work:
        await work.start()
        assert {"store": "Redis does not answer"} == (await work.bot.readiness()).reasons
        assert f"🚫 {Unavailable()}" == await work.types("@ana", ASK)

        await own_redis.start()

        await work.until_answered("@ana", "/jit list", "asked for nothing yet")
        await work.goes_live()


# -- several -------------------------------------------------------------------------------------------------


async def test_two_replicas(workplace):
    """Two bots on one Redis: each event is announced once, whichever of them took the click."""
    async with at_work(workplace()) as work:
        await work.start(data=work.data)
        for number in range(4):
            live = await work.goes_live(f"/jit request prod-db-debug orders-db 30m INC-{number}")
            await work.types("@ana", f"/jit done {live}")
            await work.card(live, "Access is gone")

        state = await work.settled()
        assert 4 == len(cards(state))
        for card in cards(state):
            assert 3 == len(thread(state, card))
        assert 12 == len(told_directly(state, "@ana"))


async def test_one_of_two_stops(workplace):
    """What one was about to do, the other does at once when it is stopped in good order."""
    async with at_work(workplace()) as work:
        second = await work.start(data=work.data)
        request_id = await work.asks()
        await work.card(request_id, offering="jit_approve")

        await work.replicas.pop(0).stop()
        assert work.replicas == [second]

        await work.until(lambda: work.connections() == 1, "one is left")
        await work.clicks("@ben", await work.card(request_id, offering="jit_approve"), "jit_approve")
        await work.card(request_id, "Access is live")
        assert 1 == len(cards(await work.settled()))


async def test_one_of_two_is_killed(workplace):
    """When one is killed, the other takes over within seconds, and announces nothing twice."""
    from app.cli.bot import BotProcess, environment, running

    async with workplace() as work:
        settings = environment(
            work.playground,
            work.data,
            {"JIT_REDIS_URL": work.redis_url, "JIT_POLICIES": str(work.policies), "SLACK_SIGNING_SECRET": ""},
        )
        async with running(BotProcess(settings, work.data.parent / "first.log")) as first:
            await work.hands.until_connected()
            await work.hands.types("@ana", ASK)
            card = await work.card("INC-7", offering="jit_approve")
            await work.start()
            await work.clicks("@ben", card, "jit_approve")
            await first.kill()
        await work.card("INC-7", "Access is live")
        state = await work.settled(20)
        assert 1 == len(cards(state))
        assert 2 == len(thread(state, cards(state)[0]))


async def test_the_digest_is_posted_once_a_day(workplace):
    """However many replicas tick, however often, a day has one digest."""
    async with at_work(workplace()) as work:
        await work.start(data=work.data, working=False)
        await work.goes_live()
        await work.settled()
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(hour=9, minute=1)

        for _ in range(3):
            await asyncio.gather(*(replica.bot.daily.tick(tomorrow) for replica in work.replicas))

        digests = in_channel(await work.settled(), SECURITY)
        assert 1 == len(digests)
        assert "Ana Ruiz" in str(digests[0])


async def test_the_digest_now(workplace):
    """Those whom policy lets post it when they like, as often as they like."""
    async with at_work(workplace()) as work:
        await work.goes_live()
        await work.settled()

        for _ in range(2):
            assert "📋 The digest of the last 24 hours is in #security." == await work.types(
                "@sam", "/jit digest"
            )

        assert 2 == len(in_channel(await work.settled(), SECURITY))
