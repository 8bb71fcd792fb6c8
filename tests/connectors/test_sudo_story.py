"""The main story with real rules of sudo: approved in Slack, there with "granted", and gone when the card says so."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.connectors.reconciler import Drift
from app.domain.request import State
from app.domain.target import Target
from app.playground.hands import readable
from tests.conftest import required
from tests.connectors.asked import granting
from tests.sudo_host import VISUDO, sudo, sudo_runs
from tests.web.callers import Callers, with_machines
from tests.workplace import Workplace, at_work, policy_folder

COMMANDS = {"commands": ["/usr/bin/id -u"], "password": "not-asked"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the host includes."""
    made = tmp_path / "sudoers.d"
    made.mkdir()
    return made


@pytest.fixture
async def callers(folder: Path, redis: Any, redis_server: Any, tmp_path: Path):
    """A bot at work whose production databases are hosts with that folder."""
    if not VISUDO.exists():
        required("sudo")

    def by_sudo(policies: dict[str, Any]) -> None:
        with_machines(policies)
        policies["api"] = {"decide": True}
        policies["actions"]["prod-db-debug"] |= {"connector": "sudo", "with": COMMANDS}

    hosts = {"orders-db": {"folder": str(folder)}}
    sudo_ = {"hosts": hosts, "users": {"ana": "nobody"}, "visudo": str(VISUDO), "owner": os.geteuid()}
    settings = {"sudo": sudo_}
    file = tmp_path / "connectors.yaml"
    file.write_text(yaml.safe_dump({"installation": "harbour", "connectors": settings}))
    policies = policy_folder(tmp_path / "policies", by_sudo)
    url = f"unix://{redis_server.socket}"
    workplace = Workplace(url, tmp_path / "data", policies=policies, over_http=True)
    async with at_work(workplace, connectors=file) as work:
        yield Callers(work)


async def test_asked_approved_used_and_given_back(callers, folder):
    """Approvers see the exact commands; the rule is there when it is said, and gone when it is said."""
    ana = await callers.person("@ana")
    request_id = await ana.asks()
    card = await callers.work.card(request_id, "At the target", offering="jit_approve")
    assert "/usr/bin/id -u" in readable(card)
    await callers.work.clicks("@ben", card, "jit_approve")
    await callers.work.card(request_id, "Access is live")
    rules = [f"jit-harbour-{request_id.lower()}"]
    assert rules == [file.name for file in folder.glob("jit-*")]
    if sudo_runs():
        assert "0\n" == sudo(folder, "/usr/bin/id -u").stdout
    await ana.verb(request_id, "done")
    await callers.work.card(request_id, "Access is gone")
    assert [] == list(folder.glob("jit-*"))


async def test_the_reconciler_removes_what_has_no_grant(callers, folder):
    """A rule of a request that nobody knows any more, and of one that is live none."""
    ana = await callers.person("@ana")
    request_id = await ana.asks()
    card = await callers.work.card(request_id, offering="jit_approve")
    await callers.work.clicks("@ben", card, "jit_approve")
    await callers.work.reaches(request_id, State.ACTIVE)
    bot = callers.work.bot
    forgotten = granting(target=Target(connector="sudo", parameters=COMMANDS))
    key = bot.connectors.mark.key(forgotten.id)
    await bot.connectors.all["sudo"].connector.grant(forgotten, key)
    said = f"{key} stood at {folder} without a grant, and is removed"
    assert [Drift("sudo", forgotten.id, said, settled=True)] == await bot.reconciler.run()
    assert [f"jit-harbour-{request_id.lower()}"] == [file.name for file in folder.glob("jit-*")]
