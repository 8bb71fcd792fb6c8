"""The main story with Google's documented API on the wire: approved in Slack, bound when it is said, and gone again.

What others wrote into the policy meanwhile stays. A reason and a name from the request reach Google in no call.
"""

from typing import Any

import pytest
import yaml

from app.connectors.gcp import Gcp
from app.connectors.reconciler import Drift
from app.domain.request import State
from app.domain.target import Target
from app.playground.hands import readable
from tests.connectors.asked import granting
from tests.connectors.gcp_on_the_wire import google_cloud
from tests.web.callers import Callers, with_machines
from tests.workplace import Workplace, at_work, policy_folder

ORDERS = "projects/harbour-orders"
VIEWER = {"roles": ["roles/cloudsql.viewer"]}
OWNER = {"role": "roles/owner", "members": ["group:admins@harbour.example"]}


@pytest.fixture
def cloud():
    """A project whose owner is a group."""
    with google_cloud() as served:
        served.put(ORDERS, [OWNER])
        yield served


@pytest.fixture
async def callers(cloud: Any, redis: Any, redis_server: Any, tmp_path: Any):
    """A bot at work whose production databases are in that project."""

    def by_google(policies: dict[str, Any]) -> None:
        with_machines(policies)
        policies["api"] = {"decide": True}
        policies["actions"]["prod-db-debug"] |= {"connector": "gcp", "with": VIEWER}

    people = {"ana": "user:ana@harbour.example"}
    settings = {"gcp": {"api": cloud.url, "resources": {"orders-db": ORDERS}, "people": people}}
    file = tmp_path / "connectors.yaml"
    file.write_text(yaml.safe_dump({"installation": "harbour", "connectors": settings}))
    policies = policy_folder(tmp_path / "policies", by_google)
    url = f"unix://{redis_server.socket}"
    workplace = Workplace(url, tmp_path / "data", policies=policies, over_http=True)
    async with at_work(workplace, connectors=file) as work:
        yield Callers(work)


async def test_asked_approved_and_given_back(callers, cloud):
    """Approvers see roles, project and person; the binding is there when it is said, and gone when it is said."""
    ana = await callers.person("@ana")
    request_id = await ana.asks()
    card = await callers.work.card(request_id, "At the target", offering="jit_approve")
    assert f"roles/cloudsql.viewer on {ORDERS}, for user:ana@harbour.example" in readable(card)
    assert [OWNER] == cloud.bindings(ORDERS)
    await callers.work.clicks("@ben", card, "jit_approve")
    await callers.work.card(request_id, "Access is live")
    key = f"jit-harbour-{request_id.lower()}"
    assert [key] == [each["condition"]["title"] for each in cloud.bindings(ORDERS)[1:]]
    browser = {"role": "roles/browser", "members": ["user:ben@harbour.example"]}
    cloud.put(ORDERS, [browser, *cloud.bindings(ORDERS)])
    await ana.verb(request_id, "done")
    await callers.work.card(request_id, "Access is gone")
    assert [browser, OWNER] == cloud.bindings(ORDERS)


async def test_the_reconciler_removes_what_has_no_grant(callers, cloud):
    """A binding of a request that nobody knows any more, and of one that is live none."""
    ana = await callers.person("@ana")
    request_id = await ana.asks()
    card = await callers.work.card(request_id, offering="jit_approve")
    await callers.work.clicks("@ben", card, "jit_approve")
    await callers.work.reaches(request_id, State.ACTIVE)
    bot = callers.work.bot
    connector = bot.connectors.all["gcp"].connector
    assert isinstance(connector, Gcp)
    forgotten = granting(target=Target(connector="gcp", parameters=VIEWER))
    key = bot.connectors.mark.key(forgotten.id)
    await connector.grant(forgotten, key)
    said = f"{key} stood at {ORDERS} without a grant, and is removed"
    assert [Drift("gcp", forgotten.id, said, settled=True)] == await bot.reconciler.run()
    assert [bot.connectors.mark.key(request_id)] == [each.key for each in await connector.list_active()]
