"""The target ends as the request's state wants it, whatever overtakes what.

Contract: access that is created while its request ends, by this process or by another, is taken back; what is
over is taken back once more when its beginning is told again, as after a kill in the middle of the connector. A
target that does not answer holds up nothing but what is asked of it.
"""

import asyncio
import gc
from collections.abc import Callable
from datetime import UTC, datetime

from app.connectors.granter import Granter
from app.connectors.protocol import Capabilities, ConnectorFailed, Granted
from app.connectors.registry import Connectors, Opened
from app.connectors.troubles import Troubles
from app.domain.events import GrantBegun, Warned
from app.domain.ids import partition_in
from app.domain.refusals import Unavailable
from app.domain.request import Lease, Request, State
from app.policy import PolicySource, shipped_policies
from app.schedule import DEADLINES_EVERY, Deadlines, make_scheduler
from app.store import keys
from app.store.connection import Connection
from app.store.failing import Failing
from app.store.giving import Giving
from app.store.requests import RequestStore
from app.store.secrets import Secrets
from app.store.stream import Entry
from app.store.turns import Turns
from app.workflow import Wish, Workflow
from tests.people import ANA


class Target:
    """A target that is slow to create access, when it is told to be."""

    name = "target"
    capabilities = Capabilities(native_expiry=False, ends_sessions=True)

    def __init__(self) -> None:
        self.refuses = self.fails = self.bug = self.stubborn = False
        self.hangs_for = ""
        self.let_go = asyncio.Event()
        self.revoked: list[str] = []
        self.there: set[str] = set()
        self.asked = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def grant(self, request: Request, key: str) -> Granted:
        self.asked.set()
        if self.bug:
            raise LookupError("s3cret")
        if self.fails:
            raise ConnectorFailed("the target broke")
        while request.id == self.hangs_for and not self.let_go.is_set():
            try:
                await self.let_go.wait()
            except asyncio.CancelledError:
                if not self.stubborn:
                    raise
        await self.goes_on.wait()
        self.there.add(request.id)
        return Granted(Lease(connector=self.name, reference=request.id, summary="a role"))

    async def revoke(self, request: Request, key: str) -> None:
        if self.refuses:
            raise ConnectorFailed("the target is down")
        self.revoked.append(request.id)
        self.there.discard(request.id)


class Bench:
    """Two granters, as of two processes, over one store and one target."""

    def __init__(self, connection: Connection) -> None:
        policy = PolicySource(shipped_policies()).current
        self.target = Target()
        self.store = RequestStore(connection.calls)
        self.workflow = Workflow(self.store, lambda: policy)
        self.told: list[str] = []
        self.connectors: dict[str, Connectors] = {}
        self.failing = Failing(connection.calls)
        self.one, self.other = (self.granter(connection, name) for name in ("one", "other"))

    def granter(self, connection: Connection, holder: str) -> Granter:
        connectors = Connectors({})
        connectors._grant_key = Opened(self.target, 16)
        self.connectors[holder] = connectors

        async def tell(text: str, name: str) -> None:
            self.told.append(text)

        return Granter(
            self.workflow,
            self.store,
            connectors,
            giving=Giving(connection.calls, holder),
            secrets=Secrets(connection.calls, None),
            troubles=Troubles(self.failing, Turns(connection.calls), tell),
        )

    async def approved(self) -> str:
        request = await self.workflow.request(Wish(action="sandbox-admin", resource="sandbox-1"), ANA)
        assert State.APPROVED == request.state
        return request.id

    async def state(self, request_id: str) -> State:
        return (await self.store.load(request_id)).request.state

    async def reaches(self, request_id: str, state: State) -> None:
        ends = asyncio.get_running_loop().time() + 5
        while await self.state(request_id) is not state:
            assert asyncio.get_running_loop().time() < ends, f"still {await self.state(request_id)}"
            await asyncio.sleep(0.01)

    async def until(self, what_is: Callable[[], bool]) -> None:
        ends = asyncio.get_running_loop().time() + 5
        while not what_is():
            assert asyncio.get_running_loop().time() < ends
            await asyncio.sleep(0.01)

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


async def test_a_target_that_hangs_holds_up_no_other_event(redis, monkeypatch):
    """Events of one partition: while one's target hangs, the others are given, and all are acknowledged."""
    monkeypatch.setattr("app.connectors.granter.PATIENCE", 0.2)
    bench = Bench(redis)
    hanging, *others = [await bench.approved() for _ in range(5)]
    bench.target.hangs_for = hanging

    began = asyncio.get_running_loop().time()
    for request_id in (hanging, *others):
        await bench.one.handle([entry_about(request_id)])
    assert asyncio.get_running_loop().time() - began < 2
    for request_id in others:
        await bench.reaches(request_id, State.ACTIVE)
    assert State.GRANTING == await bench.state(hanging)

    bench.target.let_go.set()
    await bench.reaches(hanging, State.ACTIVE)
    await bench.one.close()


async def test_what_lands_too_late_is_taken_back(redis, monkeypatch):
    """A call that was given up and ignores it: when it ends after all, what it made is removed."""
    monkeypatch.setattr("app.connectors.calls.ANSWERS_WITHIN", 0.2)
    monkeypatch.setattr("app.connectors.calls.LETS_GO_WITHIN", 0.1)
    bench = Bench(redis)
    request_id = await bench.approved()
    bench.target.stubborn = True
    bench.target.hangs_for = request_id
    await bench.one.settle(request_id)
    assert State.GRANT_FAILED == await bench.state(request_id)

    bench.target.let_go.set()
    await bench.until(lambda: bench.target.revoked.count(request_id) >= 2)
    assert set() == bench.target.there


async def test_a_failed_grant_whose_undoing_fails_goes_on_ending(redis):
    """It stays visible, is tried again and paged, and is told as failed once nothing is left."""
    bench = Bench(redis)
    request_id = await bench.approved()
    bench.target.refuses = bench.target.fails = True
    await bench.one.settle(request_id)
    assert State.ENDING == await bench.state(request_id)
    for _ in range(3):
        await bench.one.settle(request_id)
    assert [request_id] == list(await bench.failing.all())
    assert any(request_id in text for text in bench.told)

    bench.target.refuses = False
    await bench.one.settle(request_id)
    failed = (await bench.store.load(request_id)).request
    assert (State.GRANT_FAILED, "the target broke") == (failed.state, failed.comment)
    assert {} == await bench.failing.all()


async def test_a_bug_of_a_connector_is_a_failure_of_it_alone(redis):
    """What it raises is logged with its trace and told without; nothing is retried for ever in its partition."""
    bench = Bench(redis)
    request_id = await bench.approved()
    bench.target.bug = True
    await bench.one.handle([entry_about(request_id)])
    await bench.reaches(request_id, State.GRANT_FAILED)
    failed = (await bench.store.load(request_id)).request
    assert "the connector target failed in a way that its log tells" == failed.comment


async def test_a_connector_that_is_set_up_no_more(redis):
    """What it created stays visible as ending until it is set up again, and is never called gone."""
    bench = Bench(redis)
    request_id = await bench.approved()
    await bench.one.settle(request_id)
    await bench.workflow.done(request_id, ANA)
    bench.connectors["one"]._grant_key = None
    await bench.one.settle(request_id)
    request = (await bench.store.load(request_id)).request
    assert (State.ENDING, True) == (request.state, "is set up any more" in request.ending.error)


async def test_what_dies_while_granting_is_taken_up_by_its_deadline(redis):
    """Nobody tells of it any more: the deadline is in the store from before the target was asked."""
    bench = Bench(redis)
    request_id = await bench.approved()
    await bench.workflow.begin_grant(request_id)
    name = keys.deadlines(partition_in(request_id))
    due = {
        member.partition(":")[0] for member in await redis.calls.zrange(name, 0, -1) if request_id in member
    }
    assert {"start", "end"} == due


def entry_about(request_id: str) -> Entry:
    """An event that tells of a request's approval."""
    event = GrantBegun(request_id=request_id, at=datetime.now(UTC), by="system", ends_at=datetime.now(UTC))
    return Entry(partition_in(request_id), "1-1", event)


async def test_a_store_that_is_away_is_told_once(redis, monkeypatch):
    """What a deadline took up and could not go on with comes again by it: nobody's error is left to the loop."""
    bench = Bench(redis)
    request_id = await bench.approved()
    unheard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: unheard.append(told))

    async def away(_: str) -> None:
        raise Unavailable

    monkeypatch.setattr(bench.store, "load", away)
    await bench.one.take_up(request_id)
    for _ in range(5):
        await asyncio.sleep(0)
    gc.collect()
    assert [] == unheard
