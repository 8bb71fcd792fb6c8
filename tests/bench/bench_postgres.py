"""What a role of PostgreSQL costs an approval, and how soon 1,000 roles are gone that end in one second.

    python tests/bench/bench_postgres.py [ENDING]

A real PostgreSQL with its data on disk and `fsync` on, a real Redis with its append-only file; granter, deadlines and
outbox as the bot runs them, in this process. Lease: from an approved request to its access, one after the other, by a
role and by the grant key; the target is for the difference. Gone: from the end that all share until no role is left and
every request is over; on 50 of them a session is open.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvloop
from figures import Figure, show, spread

from app.connectors import granter
from app.connectors.registry import Connectors
from app.connectors.troubles import Troubles
from app.domain.events import Warned
from app.domain.people import Principal
from app.domain.request import Request, State
from app.outbox import Consumer, Outbox
from app.policy import PolicySource
from app.schedule import DEADLINES_EVERY, Deadlines, make_scheduler
from app.store import keys
from app.store.connection import Connection, connect
from app.store.embedded import start_server
from app.store.failing import Failing
from app.store.giving import Giving
from app.store.leases import Leases
from app.store.requests import RequestStore
from app.store.secrets import Secrets
from app.store.stream import Stream
from app.store.turns import Turns
from app.workflow import Wish, Workflow
from tests.connectors.at_work import settings_file
from tests.postgres_server import ADMINS_PASSWORD, Postgres, postgres_server
from tests.workplace import policy_folder

LEASES = 60
SESSIONS = 50
WITHIN = 60
PEOPLE = 100


def policies(whole: dict[str, Any]) -> None:
    """A sandbox is administered by a role; `sandbox-db-reset` stays with the grant key. 100 people may."""
    names = [f"p{n}" for n in range(PEOPLE)]
    whole["people"] |= {name: {"name": name, "slack": f"U0{name.upper()}"} for name in names}
    whole["groups"]["engineers"] = [*whole["groups"]["engineers"], *names]
    whole["actions"]["sandbox-admin"] |= {"connector": "postgres", "with": {"roles": ["readonly"]}}


class Parts:
    """What the bot has for targets."""

    def __init__(self, connection: Connection, folder: Path, server: Postgres) -> None:
        policy = PolicySource(policy_folder(folder / "policies", policies)).current
        self.people = [policy.people[f"p{n}"] for n in range(PEOPLE)]
        self.connection = connection
        self.store = RequestStore(connection.calls)
        self.connectors = Connectors.open(settings_file(folder, server))
        self.workflow = Workflow(self.store, lambda: policy, plan=self.connectors.plan)

        async def tell(text: str, _: str) -> None:
            print(text)

        self.granter = granter.Granter(
            self.workflow,
            self.store,
            self.connectors,
            giving=Giving(connection.calls, "bench"),
            secrets=Secrets(connection.calls, None),
            troubles=Troubles(Failing(connection.calls), Turns(connection.calls), tell),
        )

    async def asked(self, by: Principal, action: str, resource: str) -> Request:
        wish = Wish(action=action, resource=resource, duration=timedelta(minutes=15))
        request = await self.workflow.request(wish, by)
        if request.state is not State.APPROVED:
            raise RuntimeError(f"{request.id} is {request.state}: {request.verdict.message}")
        return request

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Deadlines and outbox, as the bot runs them."""
        deadlines = Deadlines(self.store, self.workflow, self.granter.take_up)
        scheduler = make_scheduler({"deadlines": (DEADLINES_EVERY, deadlines.tick)})
        wanted = [(partition, granter.GROUP) for partition in keys.ALL_PARTITIONS]
        leases = Leases(self.connection.calls, "bench", wanted)
        consumer = Consumer(granter.GROUP, self.granter.handle, granter.BATCH)
        stream = Stream(self.connection.calls, self.connection.waits)
        running = asyncio.create_task(Outbox(stream, leases, [consumer]).run(keys.ALL_PARTITIONS))
        scheduler.start()
        try:
            yield
        finally:
            scheduler.shutdown(wait=False)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await deadlines.close()
            await self.granter.close()


async def lease(parts: Parts) -> list[Figure]:
    """Settle approved requests one after the other, by turns of both kinds."""
    times: dict[str, list[float]] = {"sandbox-admin": [], "sandbox-db-reset": []}
    resource = {"sandbox-admin": "sandbox-1", "sandbox-db-reset": "orders-db"}
    for number in range(LEASES + 5):
        for action, taken in times.items():
            request = await parts.asked(parts.people[number % PEOPLE], action, resource[action])
            began = time.perf_counter()
            await parts.granter.settle(request.id)
            taken.append((time.perf_counter() - began) * 1000)
            await parts.workflow.done(request.id, request.requester)
            await parts.granter.settle(request.id)
    role, key = times["sandbox-admin"][5:], times["sandbox-db-reset"][5:]
    added = statistics.median(role) - statistics.median(key)
    return [
        Figure("p50 by the grant key", statistics.median(key), "ms", None, spread(key)),
        Figure("p50 by a role of PostgreSQL", statistics.median(role), "ms", None, spread(role)),
        Figure("what the role adds at p50", added, "ms", 50),
    ]


async def gone(parts: Parts, server: Postgres, ending: int) -> list[Figure]:
    """Let so many end in one second."""
    at_once = asyncio.Semaphore(16)

    async def give(number: int) -> str:
        async with at_once:
            resource = f"sandbox-{1 + number % 9}"
            request = await parts.asked(parts.people[number % PEOPLE], "sandbox-admin", resource)
            await parts.granter.settle(request.id)
            return request.id

    async with parts.at_work():
        ids = [*await asyncio.gather(*map(give, range(ending)))]
        sessions = []
        for request_id in ids[:SESSIONS]:
            secret = await Secrets.take(parts.granter._secrets, request_id)
            given = secret["environment"] if secret else {}
            sessions.append(server.connect("orders", user=given["PGUSER"], password=given["PGPASSWORD"]))
        ends_at = await parts.store.now() + timedelta(seconds=8)
        for number, request_id in enumerate(ids):
            request, now = await parts.store.load(request_id)
            end = ends_at + timedelta(seconds=number / len(ids))
            event = Warned(request_id=request_id, at=now, by="system", ends_at=end)
            await parts.store.save(request.model_copy(update={"ends_at": end, "warns_at": None}), event, now)
        last = ends_at.timestamp() + 1
        async with asyncio.timeout(WITHIN):
            while await asyncio.to_thread(server.roles):  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.3)
            while any(  # noqa: ASYNC110  nobody tells
                each.state is not State.EXPIRED for each in await parts.store.find(ids)
            ):
                await asyncio.sleep(0.3)
        late = time.time() - last
    open_still = sum(not session.closed and _answers(session) for session in sessions)
    return [
        Figure(f"{ending} that end in one second are gone after the last's end", late, "s", 10),
        Figure("sessions that go on", open_still, "", 0),
    ]


def _answers(session: Any) -> bool:
    try:
        session.execute("SELECT 1")
    except Exception:  # noqa: BLE001  any failure is an answer
        return False
    return True


async def measure(server: Postgres, ending: int) -> list[Figure]:
    """Run both."""
    with tempfile.TemporaryDirectory(prefix="jit-bench-") as folder:
        async with start_server(Path(folder)) as redis:
            connection = connect(f"unix://{redis.socket}")
            parts = Parts(connection, Path(folder), server)
            figures = [*await lease(parts), *await gone(parts, server, ending)]
            await parts.connectors.close()
            await connection.aclose()
            return figures


def main(ending: int = 1000) -> bool:
    """Print the table."""
    os.environ["JIT_TEST_POSTGRES"] = ADMINS_PASSWORD
    with postgres_server(settings=()) as server, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return show("Roles of PostgreSQL", runner.run(measure(server, ending)))


if __name__ == "__main__":
    sys.exit(0 if main(*map(int, sys.argv[1:2])) else 1)
