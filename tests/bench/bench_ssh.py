"""What a certificate of SSH costs an approval, against the grant key alone in the same run.

    python tests/bench/bench_ssh.py

A real Redis with its append-only file, an authority and a register of issued and revoked certificates on disk; granter
and workflow as the bot runs them, in this process. From an approved request to its access, one after the other, by
turns of both kinds; the target is for the difference.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvloop
import yaml
from figures import Figure, show, spread

from app.connectors.granter import Granter
from app.connectors.registry import Connectors
from app.connectors.troubles import Troubles
from app.domain.request import State
from app.policy import PolicySource
from app.store.connection import Connection, connect
from app.store.embedded import start_server
from app.store.failing import Failing
from app.store.giving import Giving
from app.store.requests import RequestStore
from app.store.secrets import Secrets
from app.store.turns import Turns
from app.workflow import Wish, Workflow
from tests.workplace import policy_folder

LEASES, WARMING = 200, 10
PEOPLE = 100


def policies(whole: dict[str, Any]) -> None:
    """A sandbox is administered by a certificate; `sandbox-db-reset` stays with the grant key. 100 people may."""
    names = [f"p{n}" for n in range(PEOPLE)]
    whole["people"] |= {name: {"name": name, "slack": f"U0{name.upper()}"} for name in names}
    whole["groups"]["engineers"] = [*whole["groups"]["engineers"], *names]
    whole["actions"]["sandbox-admin"] |= {"connector": "ssh", "with": {"users": ["deploy"]}}


def settings_file(folder: Path) -> Path:
    """Write the settings of an authority of this run's own."""
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "ca")]
    subprocess.run(words, check=True, capture_output=True)
    ssh = {
        "ca": {"file": str(folder / "ca")},
        "folder": str(folder / "ssh"),
        "krl": str(folder / "krl"),
        "hosts": {"sandbox-1": {"address": "127.0.0.1"}},
    }
    file = folder / "connectors.yaml"
    file.write_text(yaml.safe_dump({"installation": "harbour", "connectors": {"ssh": ssh}}))
    return file


async def lease(connection: Connection, folder: Path) -> list[Figure]:
    """Settle approved requests one after the other, by turns of both kinds."""
    policy = PolicySource(policy_folder(folder / "policies", policies)).current
    store, connectors = RequestStore(connection.calls), Connectors.open(settings_file(folder))
    workflow = Workflow(store, lambda: policy, plan=connectors.plan)

    async def tell(text: str, _: str) -> None:
        print(text)

    granter = Granter(
        workflow,
        store,
        connectors,
        giving=Giving(connection.calls, "bench"),
        secrets=Secrets(connection.calls, None),
        troubles=Troubles(Failing(connection.calls), Turns(connection.calls), tell),
    )
    times: dict[str, list[float]] = {"sandbox-admin": [], "sandbox-db-reset": []}
    resource = {"sandbox-admin": "sandbox-1", "sandbox-db-reset": "orders-db"}
    for number in range(LEASES + WARMING):
        by = policy.people[f"p{number % PEOPLE}"]
        for action, taken in times.items():
            wish = Wish(action=action, resource=resource[action], duration=timedelta(minutes=15))
            request = await workflow.request(wish, by)
            began = time.perf_counter()
            await granter.settle(request.id)
            taken.append((time.perf_counter() - began) * 1000)
            given = (await store.load(request.id)).request
            if given.state is not State.ACTIVE:
                raise RuntimeError(f"{request.id} is {given.state}: {given.comment}")
            await workflow.done(request.id, by)
            await granter.settle(request.id)
    await connectors.close()
    certificate, key = times["sandbox-admin"][WARMING:], times["sandbox-db-reset"][WARMING:]
    added = statistics.median(certificate) - statistics.median(key)
    return [
        Figure("p50 by the grant key", statistics.median(key), "ms", None, spread(key)),
        Figure(
            "p50 by a certificate of SSH", statistics.median(certificate), "ms", None, spread(certificate)
        ),
        Figure("what the certificate adds at p50", added, "ms", 50),
    ]


async def measure() -> list[Figure]:
    """Run it on a store of its own."""
    with tempfile.TemporaryDirectory(prefix="jit-bench-") as folder:
        async with start_server(Path(folder)) as redis:
            connection = connect(f"unix://{redis.socket}")
            try:
                return await lease(connection, Path(folder))
            finally:
                await connection.aclose()


def main() -> bool:
    """Print the table."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return show("Certificates of SSH", runner.run(measure()))


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
