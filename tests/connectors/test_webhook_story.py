"""The main story with the documented receiver as its target, through Slack's stand-in and the API.

Contract: the service has been asked when "granted" is said, its credential reaches the requester once, and a service
that is away at the end is asked again until it confirms.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import yaml

from app.domain.request import State
from app.playground.hands import readable
from tests.connectors.receiver import KEY, documented_receiver
from tests.web.callers import Callers, with_machines
from tests.workplace import Workplace, at_work, policy_folder


def by_webhook(policies: dict[str, Any]) -> None:
    with_machines(policies)
    policies["api"] = {"decide": True}
    policies["actions"]["prod-db-debug"] |= {"connector": "webhook", "with": {"level": "2"}}


@pytest.fixture
def receiver(tmp_path) -> Iterator[dict[str, Any]]:
    """The receiver of the docs; gives what settings say of it."""
    with documented_receiver(tmp_path) as port:
        yield {
            "url": f"http://127.0.0.1:{port}/",
            "secrets": [{"env": "JIT_TEST_WEBHOOK"}],
            "networks": ["127.0.0.1/32"],
        }


@pytest.fixture
async def callers(receiver, redis, redis_server, tmp_path, monkeypatch):
    """A bot at work with that service as its target."""
    monkeypatch.setenv("JIT_TEST_WEBHOOK", KEY)
    monkeypatch.setattr("app.domain.transitions.FIRST_RETRY", timedelta(milliseconds=100))
    file = tmp_path / "connectors.yaml"
    file.write_text(yaml.safe_dump({"installation": "harbour", "connectors": {"webhook": receiver}}))
    policies = policy_folder(tmp_path / "policies", by_webhook)
    workplace = Workplace(
        f"unix://{redis_server.socket}", tmp_path / "data", policies=policies, over_http=True
    )
    async with at_work(workplace, connectors=file) as work:
        yield Callers(work)


async def test_asked_approved_used_and_given_back(callers, monkeypatch):
    """The service gives a code, which comes once; it is asked again at the end until its key is right again."""
    ana = await callers.person("@ana")
    request_id = await ana.asks()
    card = await callers.work.card(request_id, "At the target", offering="jit_approve")
    assert "is asked for prod-db-debug on orders-db" in readable(card)
    connector = callers.work.bot.connectors.all["webhook"].connector
    assert [] == list(await connector.list_active())
    await callers.work.clicks("@ben", card, "jit_approve")
    await callers.work.card(request_id, "Access is live")
    assert [callers.work.bot.connectors.mark.key(request_id)] == [
        each.key for each in await connector.list_active()
    ]
    said = await ana.verb(request_id, "credentials")
    assert {"DOOR_CODE": "4711"} == said.body["environment"]
    assert 409 == (await ana.verb(request_id, "credentials")).status

    monkeypatch.setenv("JIT_TEST_WEBHOOK", "whsec_" + "eHh4" * 8)
    await ana.verb(request_id, "done")
    await callers.work.card(request_id, "The target has not confirmed")
    monkeypatch.setenv("JIT_TEST_WEBHOOK", KEY)
    await callers.work.reaches(request_id, State.COMPLETED, within=20)
    assert [] == list(await connector.list_active())


async def test_a_service_that_refuses(callers, monkeypatch):
    """A grant that it does not confirm is none, and the card says why."""
    ana = await callers.person("@ana")
    request_id = await ana.asks()
    card = await callers.work.card(request_id, offering="jit_approve")
    monkeypatch.setenv("JIT_TEST_WEBHOOK", "whsec_" + "eHh4" * 8)
    await callers.work.clicks("@ben", card, "jit_approve")
    await callers.work.card(request_id, "could not be created", "401: not signed")
    monkeypatch.setenv("JIT_TEST_WEBHOOK", KEY)
    await callers.work.reaches(request_id, State.GRANT_FAILED, within=20)
