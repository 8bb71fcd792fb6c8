"""Settings that change between a grant and its end: what was given is ended where it was given, or is not called ended.

Contract: the place is kept before its connector is asked, and neither a restart, nor a kill in the middle of a grant,
nor a change of settings loses it. While settings lead elsewhere nothing is given, prolonged or called gone; people are
told where it was and what to do, and it is ended by the next try once they lead back. What does not say where, such as
a password, changes nothing; nor does anything of this hinder what was given by earlier versions of the bot.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.connectors.aws import api
from app.connectors.own_keys import OwnKeys
from app.connectors.places import place_of
from app.domain.refusals import NotSetUp
from app.domain.request import Request, State
from app.policy import Policy, PolicySource
from app.store import giving, keys
from app.workflow import Wish
from tests.aws_server import KEY, READERS
from tests.connectors.killing import ACTION, DEAD_AFTER, Bot
from tests.connectors.receiver import documented_receiver
from tests.connectors.targets import RESOURCE, Real, of_command, of_ssh, of_sudo, real_target
from tests.connectors.test_aws_identity_center import ADMINS, ANA_THERE
from tests.connectors.test_aws_identity_center import written as center_settings
from tests.connectors.wire import Wire
from tests.postgres_server import postgres_server
from tests.workplace import policy_folder

MORE = Wish(action=ACTION, resource=RESOURCE)


class Scene:
    """Bots over one store, each with settings of its own: a new one is the bot after a restart."""

    def __init__(self, connection: Any, folder: Path, kind: str, given: dict[str, Any]) -> None:
        def by_target(policies: dict[str, Any]) -> None:
            policies["actions"][ACTION] |= given

        self.folder, self.kind = folder, kind
        self.policies = policy_folder(folder / "policies", by_target)
        self.policy: Policy = PolicySource(self.policies).current
        self._connection = connection
        self._bots: list[Bot] = []

    def file(self, settings: dict[str, Any], installation: str = "harbour") -> Path:
        file = self.folder / f"connectors-{len(self._bots)}.yaml"
        content = {"installation": installation, "connectors": {self.kind: settings}}
        file.write_text(yaml.safe_dump(content))
        return file

    def bot(self, settings: dict[str, Any], installation: str = "harbour") -> Bot:
        file = self.file(settings, installation)
        self._bots.append(Bot(self._connection, file, self.policy, f"bot-{len(self._bots)}"))
        return self._bots[-1]

    async def given(self, bot: Bot) -> str:
        """Ask, and be given."""
        request_id = (await bot.workflow.request(MORE, bot.ana)).id
        await bot.granter.settle(request_id)
        assert State.ACTIVE == (await self.request(request_id)).state
        return request_id

    async def request(self, request_id: str) -> Request:
        return (await self._bots[0].store.load(request_id)).request

    async def close(self) -> None:
        for bot in self._bots:
            await bot.connectors.close()


@asynccontextmanager
async def scene(connection: Any, folder: Path, real: Real) -> AsyncIterator[Scene]:
    made = Scene(connection, folder, real.kind, real.given)
    yield made
    await made.close()


@asynccontextmanager
async def elsewhere(real: Real, folder: Path, monkeypatch: Any) -> AsyncIterator[dict[str, Any]]:
    """Settings that lead to another place than that target, which is real too where one can be had."""
    there = folder / "elsewhere"
    there.mkdir()
    match real.kind:
        case "kubernetes":
            yield real.settings | {"namespaces": {RESOURCE: "orders-v2"}}
        case "postgres":
            with postgres_server() as other:
                yield real.settings | {"port": other.port}
        case "webhook":
            with documented_receiver(there) as port:
                yield real.settings | {"url": f"http://127.0.0.1:{port}/"}
        case "command":
            monkeypatch.setenv("JIT_TEST_ELSEWHERE", str(there / "doors"))
            yield of_command(there).settings | {"environment": {"DOORS": {"env": "JIT_TEST_ELSEWHERE"}}}
        case "sudo":
            yield of_sudo(there).settings
        case "ssh":
            yield real.settings | {"ca": of_ssh(there).settings["ca"]}
        case _:
            yield real.settings | {"engine": f"unix://{there}/docker.sock"}


async def test_an_end_is_not_confirmed_from_elsewhere(real, redis, tmp_path, monkeypatch):
    """It stays visible, is paged, and says what to do; put back it is ended by the next try, and nothing is left."""
    async with scene(redis, tmp_path, real) as at, elsewhere(real, tmp_path, monkeypatch) as settings:
        request_id = await at.given(at.bot(real.settings))
        after = at.bot(settings)
        key = after.connectors.mark.key(request_id)

        await after.give_back(request_id)

        request = await at.request(request_id)
        assert State.ENDING == request.state
        assert f"{RESOURCE} is another place by now than when access was given" in request.ending.error
        assert f"Then: {request.place}. Now: " in request.ending.error
        assert "back in JIT_CONNECTORS" in request.ending.error
        assert [key] == list(await asyncio.to_thread(real.stands))
        for _ in range(3):
            await after.granter.settle(request_id)
        assert any(request_id in text and "another place" in text for text in after.told)

        await at.bot(real.settings).granter.settle(request_id)
        assert State.COMPLETED == (await at.request(request_id)).state
        assert [] == list(await asyncio.to_thread(real.stands))


async def test_what_stands_elsewhere_is_told_before_its_end(redis, tmp_path, monkeypatch):
    """The reconciler says so from the start on: where it was, and not that it has gone."""
    async with real_kubernetes(tmp_path, monkeypatch) as real, scene(redis, tmp_path, real) as at:
        request_id = await at.given(at.bot(real.settings))
        after = at.bot(real.settings | {"namespaces": {RESOURCE: "orders-v2"}})
        [drift] = await after.reconciler.run()
        assert (request_id, False) == (drift.request_id, drift.settled)
        assert f"Then: the namespace orders at {real.settings['server']}, marked jit-harbour" in drift.said

        before = at.bot(real.settings)
        assert [] == await before.reconciler.run()
        await before.give_back(request_id)
        assert {} == real.behind.bindings


async def test_more_time_is_refused_elsewhere(redis, tmp_path, monkeypatch):
    """A live grant whose end moved: nothing is asked of the other place, and those who run the bot are told."""
    async with real_kubernetes(tmp_path, monkeypatch) as real, scene(redis, tmp_path, real) as at:
        before = at.bot(real.settings)
        request_id = await at.given(before)
        after = at.bot(real.settings | {"namespaces": {RESOURCE: "orders-v2"}})
        asked = len(real.behind.asked)
        await after.granter.settle(request_id, more=True)
        assert asked == len(real.behind.asked)
        assert any(request_id in text and "another place" in text for text in after.told)
        await before.give_back(request_id)


DIES = """#!/bin/sh
/bin/sh {program} "$@"
[ "$1" = open ] && kill -9 $PPID
"""
BOT = """
import asyncio, sys
from pathlib import Path
from app.policy import PolicySource
from app.store import giving
from app.store.connection import connect
from tests.connectors.killing import DEAD_AFTER, Bot

giving.TTL = DEAD_AFTER

async def main(settings, policies, request_id, url):
    bot = Bot(connect(url), Path(settings), PolicySource(Path(policies)).current, "the-first")
    await bot.granter.settle(request_id)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_killed_in_the_middle_of_a_grant(redis, redis_server, tmp_path, monkeypatch):
    """A bot dies by -9 when access stands and nobody knows; the next has other settings, and gives nothing there."""
    monkeypatch.setattr(giving, "TTL", DEAD_AFTER)
    real = of_command(tmp_path)
    for name, value in real.environment.items():
        monkeypatch.setenv(name, value)
    program = tmp_path / "dies"
    program.write_text(DIES.format(program=real.settings["grant"][0]))
    program.chmod(0o755)
    deadly = real.settings | {"grant": [str(program), *real.settings["grant"][1:]]}
    async with scene(redis, tmp_path, real) as at, elsewhere(real, tmp_path, monkeypatch) as settings:
        before = at.bot(real.settings)
        request_id = (await before.workflow.request(MORE, before.ana)).id
        words = [str(at.file(deadly)), str(at.policies), request_id, f"unix://{redis_server.socket}"]
        root = str(Path(__file__).parents[2])
        environment = os.environ | {"PYTHONPATH": root}
        dies = await asyncio.create_subprocess_exec(sys.executable, "-c", BOT, *words, env=environment)
        assert -signal.SIGKILL == await asyncio.wait_for(dies.wait(), 60)
        key = before.connectors.mark.key(request_id)
        request = await at.request(request_id)
        assert (State.GRANTING, None, [key]) == (request.state, request.lease, list(real.stands()))

        after = at.bot(settings)
        await after.granter.settle(request_id)
        request = await at.request(request_id)
        assert (State.ENDING, True) == (request.state, "another place" in request.comment)
        assert [] == list((tmp_path / "elsewhere" / "doors").iterdir())
        assert [key] == list(real.stands())

        await before.granter.settle(request_id)
        assert (State.GRANT_FAILED, []) == ((await at.request(request_id)).state, list(real.stands()))


async def test_what_a_dead_process_may_have_left_elsewhere(redis, tmp_path, monkeypatch):
    """It is over, and no reconciler looks there any more: those who run the bot are told."""
    async with real_kubernetes(tmp_path, monkeypatch) as real, scene(redis, tmp_path, real) as at:
        before = at.bot(real.settings)
        request_id = await at.given(before)
        [stood] = real.behind.bindings.values()
        await before.give_back(request_id)
        assert State.COMPLETED == (await at.request(request_id)).state
        real.behind.put("orders", stood)  # the dead process's call arrives only now

        after = at.bot(real.settings | {"namespaces": {RESOURCE: "orders-v2"}})
        await after.granter.settle(request_id)
        assert [True] == [request_id in text and "another place" in text for text in after.told]
        assert 1 == len(real.behind.bindings)

        await before.granter.settle(request_id)
        assert ({}, []) == (real.behind.bindings, before.told)


async def test_a_permission_set_that_is_another(aws, redis, tmp_path, monkeypatch):
    """The same name with another ARN: the assignment stands, and is not called gone."""
    monkeypatch.setenv("JIT_TEST_AWS", KEY["aws_secret_access_key"])
    monkeypatch.setattr("app.connectors.aws.assignments.LOOKS_EVERY", 0.02)
    monkeypatch.setitem(api.BOUNDS, "read_timeout", 20)  # a test waits for a slow machine, not for AWS
    center = center_settings(aws.url)
    given = {"connector": "aws-identity-center", "with": {"permission_set": "readers"}}
    at = Scene(redis, tmp_path, "aws-identity-center", given)
    before = at.bot(center)
    request_id = await at.given(before)
    after = at.bot(center | {"permission_sets": {"readers": ADMINS}})
    await after.give_back(request_id)
    request = await at.request(request_id)
    assert (State.ENDING, [ANA_THERE]) == (request.state, aws.users())
    assert f"Then: the permission set {READERS}, marked jit-harbour" in request.ending.error

    await before.granter.settle(request_id)
    assert (State.COMPLETED, []) == ((await at.request(request_id)).state, aws.users())
    await at.close()


async def test_another_installation(redis, tmp_path, monkeypatch):
    """What is created bears the name of the installation: under another one it would not be found."""
    async with real_kubernetes(tmp_path, monkeypatch) as real, scene(redis, tmp_path, real) as at:
        before = at.bot(real.settings)
        request_id = await at.given(before)
        await at.bot(real.settings, installation="haven").give_back(request_id)
        request = await at.request(request_id)
        assert (State.ENDING, 1) == (request.state, len(real.behind.bindings))
        assert "marked jit-harbour. Now: " in request.ending.error
        await before.granter.settle(request_id)
        assert {} == real.behind.bindings


async def test_a_target_under_another_address(redis, tmp_path, monkeypatch):
    """The way out for who cannot put it back: the former place, as Slack shows it, in the settings of the connector."""
    async with real_kubernetes(tmp_path, monkeypatch) as real, scene(redis, tmp_path, real) as at:
        request_id = await at.given(at.bot(real.settings))
        wire = Wire(int(real.behind.url.rpartition(":")[2]))
        await wire.mend()
        moved = real.settings | {"server": f"http://127.0.0.1:{wire.port}"}
        await at.bot(moved).give_back(request_id)
        request = await at.request(request_id)
        assert (State.ENDING, 1) == (request.state, len(real.behind.bindings))

        shown = request.place.replace("-", "\u200b-")
        await at.bot(moved | {"formerly": [f"{shown}\n"]}).granter.settle(request_id)
        assert (State.COMPLETED, {}) == ((await at.request(request_id)).state, real.behind.bindings)
        await wire.cut()


async def test_what_does_not_say_where_hinders_nothing(redis, tmp_path, monkeypatch):
    """A new token, people, resources and bounds: it is ended as if nothing had been."""
    async with real_kubernetes(tmp_path, monkeypatch) as real, scene(redis, tmp_path, real) as at:
        request_id = await at.given(at.bot(real.settings))
        monkeypatch.setenv("JIT_TEST_NEW_TOKEN", os.environ["JIT_TEST_KUBERNETES"])
        changed = {
            "token": {"env": "JIT_TEST_NEW_TOKEN"},
            "namespaces": {RESOURCE: "orders", "payments": "payments"},
            "cluster_wide": ["everything"],
            "people": {"ben": "oidc:ben"},
            "at_once": 2,
        }
        await at.bot(real.settings | changed).give_back(request_id)
        assert (State.COMPLETED, {}) == ((await at.request(request_id)).state, real.behind.bindings)


async def test_what_an_earlier_version_gave(redis, tmp_path, monkeypatch):
    """It has no place: it goes on as before, looked for where the settings say."""
    async with real_kubernetes(tmp_path, monkeypatch) as real, scene(redis, tmp_path, real) as at:
        before = at.bot(real.settings)
        request_id = await at.given(before)
        stored = json.loads(await redis.calls.hget(keys.request(request_id), "doc"))
        del stored["place"]
        await redis.calls.hset(keys.request(request_id), "doc", json.dumps(stored))
        assert (await at.request(request_id)).place is None
        wire = Wire(int(real.behind.url.rpartition(":")[2]))
        await wire.mend()
        await at.bot(real.settings | {"server": f"http://127.0.0.1:{wire.port}"}).give_back(request_id)
        assert (State.COMPLETED, {}) == ((await at.request(request_id)).state, real.behind.bindings)
        await wire.cut()


async def test_no_place_at_the_beginning(redis, tmp_path, monkeypatch):
    """Settings that lost the resource between approval and beginning: nothing is created, and nothing left to end."""
    async with real_kubernetes(tmp_path, monkeypatch) as real, scene(redis, tmp_path, real) as at:
        before = at.bot(real.settings)
        request_id = (await before.workflow.request(MORE, before.ana)).id
        after = at.bot(real.settings | {"namespaces": {"payments": "payments"}})
        begun = await after.workflow.begin_grant(
            request_id, await place_of(after.connectors, await at.request(request_id))
        )
        assert (State.GRANTING, "") == (begun.state, begun.place)

        await before.granter.settle(request_id)  # which has a place again, where nothing was begun
        request = await at.request(request_id)
        assert (State.GRANT_FAILED, True) == (request.state, "named no place" in request.comment)
        assert [] == real.behind.asked


async def test_a_key_is_certified_by_the_same_authority_alone(redis, tmp_path):
    """With another authority a certificate would be out of reach of the list that ends the grant."""
    real = of_ssh(tmp_path)
    async with scene(redis, tmp_path, real) as at:
        before = at.bot(real.settings)
        request_id = await at.given(before)
        there = tmp_path / "elsewhere"
        there.mkdir()
        after = at.bot(real.settings | {"ca": of_ssh(there).settings["ca"]})
        public = (tmp_path / "ca.pub").read_text()
        with pytest.raises(NotSetUp, match="another place"):
            await OwnKeys(after.connectors).certify(await at.request(request_id), public)
        assert await OwnKeys(before.connectors).certify(await at.request(request_id), public)
        await before.give_back(request_id)


@asynccontextmanager
async def real_kubernetes(folder: Path, monkeypatch: Any) -> AsyncIterator[Real]:
    def none(name: str) -> Any:
        raise AssertionError(name)

    async with real_target("kubernetes", folder, none) as real:
        for name, value in real.environment.items():
            monkeypatch.setenv(name, value)
        yield real
