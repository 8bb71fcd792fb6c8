"""Contract: one replica asks each source, all read what it says, and what they read ages by itself.

A source that fails is left alone, for a growing time, by all replicas; its last answer stays, with its age. With
Redis away, the policy in force stays, and ages.
"""

import json
from datetime import timedelta

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from app.directory.asking import Means
from app.directory.keeping import Keeper
from app.directory.status import as_told
from app.domain.refusals import Unavailable
from app.policy.outside import Freshness
from app.store.requests import RequestStore
from app.store.rolls import Rolls
from tests.policy.sets import COMMON, RULES, policy_of, with_address

SETS = COMMON.replace(
    "  nobody: []\n", "  nobody: []\n  remote: {scim: remote.json, refresh: 1s, max_age: 1m, people: [sam]}\n"
)


class Office:
    """A folder with a SCIM file, a clock of Redis that is moved, and keepers that look at both."""

    def __init__(self, folder, connection, http):
        self.folder, self.connection, self.http = folder, connection, http
        self.store = RequestStore(connection.calls)
        self.ahead = timedelta()
        self.policy = policy_of(RULES, SETS)
        self.is_away = False
        self.says("ana")

    def says(self, *people):
        document = {"members": [{"value": person} for person in people]}
        (self.folder / "remote.json").write_text(json.dumps(document))

    async def now(self):
        if self.is_away:
            raise Unavailable
        return await self.store.now() + self.ahead

    def keeper(self, holder="a", **more):
        slack = AsyncWebClient(token="xoxb-1", base_url="http://127.0.0.1:1/api/")
        means = Means(slack=slack, http=self.http, folder=self.folder, **more)
        return Keeper(lambda: self.policy, Rolls(self.connection.calls), means, self.now, holder)

    async def later(self, keeper, seconds):
        """Let time go on, and the keeper look."""
        self.ahead += timedelta(seconds=seconds)
        await keeper.tick()
        return keeper

    async def next_turn(self):
        """Let the wait after a failure be over."""
        for key in await self.connection.calls.keys("jit:{jobs}:directory-turn:*"):
            await self.connection.calls.delete(key)


@pytest.fixture
async def office(tmp_path, redis):
    async with aiohttp.ClientSession() as http:
        yield Office(tmp_path, redis, http)


def members(keeper):
    return set(keeper.policy().members["remote"])


async def test_asked_once_and_then_each_refresh(office):
    """Members come with the first look, and change with the first look after `refresh`, not before."""
    keeper = office.keeper()
    assert {"sam"} == members(keeper)
    await keeper.tick()
    assert {"ana", "sam"} == members(keeper)
    office.says("ben")
    await office.later(keeper, 0.2)
    assert {"ana", "sam"} == members(keeper)
    await office.later(keeper, 1)
    assert {"ben", "sam"} == members(keeper)
    assert [] == keeper.troubles()


async def test_shared(office):
    """Another replica, also one that cannot ask itself, has what the first was told; a restarted one too."""
    await office.keeper().tick()
    (office.folder / "remote.json").unlink()
    other = office.keeper("b")
    await other.tick()

    assert {"ana", "sam"} == members(other)


async def test_one_turn(office):
    """While one replica asks, another does not; it takes over when the turn is over."""
    await Rolls(office.connection.calls).take_turn(
        next(iter(office.keeper()._ids.values())), "dead", timedelta(seconds=0.3)
    )
    keeper = office.keeper()
    await keeper.tick()
    assert {"sam"} == members(keeper)
    await office.connection.calls.delete(*await office.connection.calls.keys("jit:{jobs}:directory-turn:*"))
    await keeper.tick()

    assert {"ana", "sam"} == members(keeper)


async def test_failure_keeps_the_last_answer_until_it_is_too_old(office):
    """A source that fails is told of only when its answer is too old; then it permits nobody."""
    keeper = office.keeper()
    await keeper.tick()
    (office.folder / "remote.json").write_text("{")
    await office.later(keeper, 50)
    assert ({"ana", "sam"}, []) == (members(keeper), keeper.troubles())
    await office.later(keeper, 15)
    (trouble,) = keeper.troubles()

    assert {"sam"} == members(keeper)
    assert (Freshness.STALE, "groups.remote") == (trouble.freshness, trouble.name)
    assert "gives no JSON" in str(trouble)
    assert "it permits nobody, and goes on denying" in str(trouble)
    ana = keeper.policy().facts_of(_ask(keeper.policy()))
    assert (set(ana.doubtful), "remote" in ana.groups) == ({"remote"}, False)


async def test_mended(office):
    """Once the source answers again, all is as before."""
    (office.folder / "remote.json").unlink()
    keeper = office.keeper()
    await keeper.tick()
    (trouble,) = keeper.troubles()
    assert "was never told (cannot be read (No such file or directory))" in str(trouble)
    office.says("ben")
    await keeper.tick()
    assert {"sam"} == members(keeper)  # it is left alone for a while
    await office.next_turn()
    await keeper.tick()

    assert ({"ben", "sam"}, []) == (members(keeper), keeper.troubles())


async def test_failures_wait_longer_and_longer(office):
    """The wait after a failure doubles, to no more than the refresh, and is what the service asks for if longer."""
    office.policy = policy_of(RULES, SETS.replace("refresh: 1s", "refresh: 20s"))
    (office.folder / "remote.json").unlink()
    keeper, waits = office.keeper(), []
    for _ in range(6):
        await keeper.tick()
        (turn,) = await office.connection.calls.keys("jit:{jobs}:directory-turn:*")
        waits.append(round(await office.connection.calls.pttl(turn) / 1000))
        await office.next_turn()

    assert [2, 4, 8, 16, 20, 20] == waits


async def test_redis_away(office):
    """Without Redis nothing is asked, and what is known ages by this process's own clock."""
    keeper = office.keeper()
    await keeper.tick()
    office.is_away = True
    with pytest.raises(Unavailable):
        await keeper.tick()
    assert {"ana", "sam"} == members(keeper)
    read, at = keeper._clock
    keeper._clock = read, at - 61

    assert {"sam"} == members(keeper)


async def test_a_policy_that_changes(office):
    """People are found anew when the policy has others; nothing is asked for that."""
    office.says("ana", "eve")
    keeper = office.keeper()
    await keeper.tick()
    assert {"ana", "sam"} == members(keeper)
    (office.folder / "remote.json").unlink()
    office.policy = policy_of(RULES, SETS.replace("  sam: {", "  eve: {name: Eve, slack: U0EVE}\n  sam: {"))

    assert {"ana", "eve", "sam"} == members(keeper)


async def test_an_answer_that_becomes_ambiguous(office):
    """Where a change of policy makes an answer mean two people, it is not used."""
    office.says("ana@example.com")
    keeper = office.keeper()
    await keeper.tick()
    assert {"ana", "sam"} == members(keeper)
    office.policy = with_address(policy_of(RULES, SETS), ben="ana@example.com", ana="ana@example.com")
    (trouble,) = keeper.troubles()

    assert {"sam"} == members(keeper)
    assert "which could be ana or ben" in str(trouble)


async def test_a_command_that_is_not_allowed(office):
    """Commands run only where settings allow them."""
    command = 'command: [echo, \'{"members": [{"value": "ben"}]}\']'
    office.policy = policy_of(RULES, SETS.replace("scim: remote.json", command))
    forbidden, allowed = office.keeper(), office.keeper("b", commands=True)
    await forbidden.tick()
    assert "set JIT_GROUP_COMMANDS=1" in str(forbidden.troubles()[0])
    await office.next_turn()
    await allowed.tick()

    assert {"ben", "sam"} == members(allowed)


async def test_seen_from_outside(office):
    """What looks at an installation sees what the bot does, with what is wrong and since when."""
    url = f"unix://{office.connection.calls.connection_pool.connection_kwargs['path']}"
    before, _, now = await as_told(office.policy, url)
    await office.keeper().tick()
    after, problems, now = await as_told(office.policy, url)

    assert Freshness.UNKNOWN is before.freshness(now)["groups.remote"]
    assert ({"ana", "sam"}, {}) == (set(after.members["remote"]), problems)
    (office.folder / "remote.json").unlink()
    await office.later(office.keeper(), 2)
    _, problems, _ = await as_told(office.policy, url)
    assert {"groups.remote": "cannot be read (No such file or directory)"} == problems


async def test_older_answers_do_not_replace_newer_ones(office):
    """A replica that was slow does not take back what another was told since."""
    rolls, now = Rolls(office.connection.calls), await office.now()
    await rolls.keep("s", "new", now)
    await rolls.keep("s", "old", now - timedelta(seconds=1))

    assert "new" == await rolls.document("s")


def _ask(policy):
    from tests.policy.sets import an_ask

    return an_ask(policy)
