"""The target ends as the request's state wants it, whatever overtakes what.

Contract: access that is created while its request ends, by this process or by another, is taken back; what is
over is taken back once more when its beginning is told again, as after a kill in the middle of the connector. A
target that does not answer holds up nothing but what is asked of it.
"""

import asyncio

from app.connectors.granter import Granter
from app.connectors.protocol import ConnectorFailed, Granted
from app.connectors.registry import Connectors, Opened
from app.connectors.troubles import Troubles
from app.domain.events import Warned
from app.domain.ids import partition_in
from app.domain.request import Lease, Request, State
from app.policy import PolicySource, shipped_policies
from app.schedule import DEADLINES_EVERY, Deadlines, make_scheduler
from app.store import keys
from app.store.connection import Connection
from app.store.failing import Failing
from app.store.giving import Giving
from app.store.requests import RequestStore
from app.store.secrets import Secrets
from app.workflow import Wish, Workflow
from tests.people import ANA


class Target:
    """A target that is slow to create access, when it is told to be."""

    name = "target"

    def __init__(self) -> None:
        self.refuses = False
        self.there: set[str] = set()
        self.asked = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def grant(self, request: Request, key: str) -> Granted:
        self.asked.set()
        await self.goes_on.wait()
        self.there.add(request.id)
        return Granted(Lease(connector=self.name, reference=request.id, summary="a role"))

    async def revoke(self, request: Request, key: str) -> None:
        if self.refuses:
            raise ConnectorFailed("the target is down")
        self.there.discard(request.id)


class Bench:
    """Two granters, as of two processes, over one store and one target."""

    def __init__(self, connection: Connection) -> None:
        policy = PolicySource(shipped_policies()).current
        self.target = Target()
        self.store = RequestStore(connection.calls)
        self.workflow = Workflow(self.store, lambda: policy)
        self.told: list[str] = []
        self.failing = Failing(connection.calls)
        self.one, self.other = (self.granter(connection, name) for name in ("one", "other"))

    def granter(self, connection: Connection, holder: str) -> Granter:
        connectors = Connectors({})
        connectors._grant_key = Opened(self.target, 16)

        async def tell(text: str, name: str) -> None:
            self.told.append(text)

        return Granter(
            self.workflow,
            self.store,
            connectors,
            giving=Giving(connection.calls, holder),
            secrets=Secrets(connection.calls, None),
            troubles=Troubles(self.failing, tell),
        )

    async def approved(self) -> str:
        request = await self.workflow.request(Wish(action="sandbox-admin", resource="sandbox-1"), ANA)
        assert State.APPROVED == request.state
        return request.id

    async def state(self, request_id: str) -> State:
        return (await self.store.load(request_id)).request.state

    async def ended_while_granting(self, request_id: str, ends: Granter) -> None:
        """It is given back while the target still creates it, and a deadline settles the end."""
        self.target.goes_on.clear()
        giving = asyncio.create_task(self.one.settle(request_id))
        await self.target.asked.wait()
        await self.workflow.done(request_id, ANA)
        ending = asyncio.create_task(ends.settle(request_id))
        await asyncio.sleep(0.2)
        self.target.goes_on.set()
        await asyncio.gather(giving, ending)


async def test_ended_by_the_same_process_while_granting(connection):
    """The end waits for the beginning: nothing is created after it was taken back."""
    bench = Bench(connection)
    request_id = await bench.approved()
    await bench.ended_while_granting(request_id, ends=bench.one)
    assert (State.COMPLETED, set()) == (await bench.state(request_id), bench.target.there)


async def test_ended_by_another_process_while_granting(connection):
    """Whoever created it finds that it is over, and takes it back."""
    bench = Bench(connection)
    request_id = await bench.approved()
    await bench.ended_while_granting(request_id, ends=bench.other)
    assert (State.COMPLETED, set()) == (await bench.state(request_id), bench.target.there)


async def test_killed_in_the_middle_of_the_connector(connection):
    """What a dead process created last is taken back when the event is handled again, though all is over."""
    bench = Bench(connection)
    request_id = await bench.approved()
    await bench.workflow.begin_grant(request_id)
    await bench.workflow.done(request_id, ANA)
    await bench.other.settle(request_id)
    bench.target.there.add(request_id)  # the dead process's call arrives only now

    await bench.other.settle(request_id)

    assert (State.COMPLETED, set()) == (await bench.state(request_id), bench.target.there)


async def test_granted_once_by_two(connection):
    """Two processes that settle one request at once make one grant, and leave it in place."""
    bench = Bench(connection)
    request_id = await bench.approved()
    await asyncio.gather(bench.one.settle(request_id), bench.other.settle(request_id))
    assert (State.ACTIVE, {request_id}) == (await bench.state(request_id), bench.target.there)


async def test_a_target_that_hangs_holds_up_nobody(connection, monkeypatch):
    """A call that never returns is given up in time, said so, and other requests end while it still hangs."""
    monkeypatch.setattr("app.connectors.calls.ANSWERS_WITHIN", 0.5)
    bench = Bench(connection)
    request_id = await bench.approved()
    bench.target.goes_on.clear()

    await asyncio.wait_for(bench.one.settle(request_id), 5)

    failed = (await bench.store.load(request_id)).request
    assert (State.GRANT_FAILED, True) == (failed.state, "did not answer" in failed.comment)


async def test_an_end_does_not_wait_for_a_target_that_hangs(connection):
    """While a deadline's call to one target hangs, the deadlines of others are met."""
    bench = Bench(connection)
    hanging, other = await bench.approved(), await bench.approved()
    await bench.one.settle(other)
    deadlines = Deadlines(bench.store, bench.workflow, bench.one.settle)
    bench.target.goes_on.clear()
    await bench.workflow.begin_grant(hanging)
    bench.target.asked.clear()

    async def due(kind, request_id):
        partition = keys.deadlines(partition_in(request_id))
        await connection.calls.zadd(partition, {f"{kind}:{request_id}": 0})

    await due("start", hanging)
    scheduler = make_scheduler({"deadlines": (DEADLINES_EVERY, deadlines.tick)})
    scheduler.start()
    await asyncio.wait_for(bench.target.asked.wait(), 5)
    request = (await bench.store.load(other)).request
    over = request.model_copy(update={"ends_at": (await bench.store.now())})
    event = Warned(request_id=other, at=over.ends_at, by="system", ends_at=over.ends_at)
    assert await bench.store.save(over, event, over.ends_at)
    ends = asyncio.get_running_loop().time() + 5
    while await bench.state(other) is State.ACTIVE:
        assert asyncio.get_running_loop().time() < ends, "the end waits for another's target"
        await asyncio.sleep(0.02)
    scheduler.shutdown(wait=False)
    await deadlines.close()
