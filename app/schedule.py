"""The APScheduler jobs. They only tick: what is due, and whether it is still to be done, stands in Redis."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import structlog
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from structlog.contextvars import bind_contextvars

from app.domain.deadlines import Deadline, deadlines
from app.domain.refusals import Refused, Unavailable, UnknownRequest, WrongState
from app.store.requests import Due, RequestStore
from app.workflow import Workflow

DEADLINES_EVERY = timedelta(milliseconds=250)
AT_ONCE = 32
"""Half the calls that the store takes at once: when much is due, people are still answered."""
AT_TARGETS = frozenset({Deadline.START, Deadline.RETRY_END})
"""What calls a target, which may be slow: nothing else waits for it."""
TARGETS_AT_ONCE = 16
log = structlog.get_logger(__name__)

Job = Callable[[], Awaitable[object]]
Told = Callable[[str, str], object]
"""Is told of each tick of a job: its name, and `done`, `failed`, `waited` (for the store) or `skipped`."""


def nobody(job: str, outcome: str) -> None:
    """Is not interested."""


class Deadlines:
    """Claims what is due, over all replicas once, and does it."""

    def __init__(
        self, store: RequestStore, workflow: Workflow, settle: Callable[[str], Awaitable[None]]
    ) -> None:
        self._store = store
        self._verbs: dict[Deadline, Callable[[str], Awaitable[object]]] = {
            Deadline.LAPSE: workflow.lapse,
            Deadline.REMIND: workflow.remind,
            Deadline.ESCALATE: workflow.escalate,
            Deadline.WARN: workflow.warn,
            Deadline.END: workflow.expire,
            Deadline.SILENCE: workflow.listen,
            Deadline.START: settle,
            Deadline.RETRY_END: settle,
        }
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._targets_at_once = asyncio.Semaphore(TARGETS_AT_ONCE)
        self._at_targets: dict[Due, asyncio.Task[None]] = {}

    async def tick(self) -> int:
        """Do everything that is due now, and begin what calls targets; returns how much that was."""
        count = 0
        while due := await self._store.claim_due():
            for each in due:
                if each.deadline in AT_TARGETS and each not in self._at_targets:
                    self._at_targets[each] = asyncio.create_task(self._do_at_target(each))
            await asyncio.gather(
                *(self._do(each, self._at_once) for each in due if each.deadline not in AT_TARGETS)
            )
            count += len(due)
        return count

    async def close(self) -> None:
        """End what is under way; it is claimed again."""
        tasks = list(self._at_targets.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _do_at_target(self, due: Due) -> None:
        try:
            await self._do(due, self._targets_at_once)
        except Unavailable:
            log.info("deadline_waits_for_store", deadline=due.deadline)
        finally:
            del self._at_targets[due]

    async def _do(self, due: Due, at_once: asyncio.Semaphore) -> None:
        async with at_once:
            bind_contextvars(request=due.request_id)  # each runs in a context of its own
            try:
                await self._verbs[due.deadline](due.request_id)
            except (WrongState, UnknownRequest):
                await self._drop(due)
            except Unavailable:
                raise
            except Refused as refusal:
                log.warning("deadline_refused", why=str(refusal))
            except Exception:  # one request's bug must not keep the others waiting; it is claimed again
                log.exception("deadline_failed", deadline=due.deadline)

    async def _drop(self, due: Due) -> None:
        """Forget a deadline that the request, as it stands, does not have."""
        try:
            request = (await self._store.load(due.request_id)).request
        except UnknownRequest:
            await self._store.drop(due, None)
            return
        if due.deadline not in deadlines(request):
            await self._store.drop(due, request.version)


def make_scheduler(jobs: Mapping[str, tuple[timedelta, Job]], told: Told = nobody) -> AsyncIOScheduler:
    """Make a scheduler of named jobs, each with its period. A tick that comes late or twice counts once."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    for name, (period, job) in jobs.items():
        scheduler.add_job(
            _guarded(name, job, told),
            "interval",
            seconds=period.total_seconds(),
            id=name,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
    missed = EVENT_JOB_MAX_INSTANCES | EVENT_JOB_MISSED
    scheduler.add_listener(lambda event: told(event.job_id, "skipped"), missed)
    return scheduler


async def once_guarded(name: str, job: Job, told: Told = nobody) -> None:
    """Do a job once, beside what else runs: one that fails is told, and comes again by its schedule."""
    await _guarded(name, job, told)()


def _guarded(name: str, job: Job, told: Told) -> Job:
    """Let a job that fails be told and ticked again: once for each outage, not at every tick."""
    failing = False

    async def run() -> None:
        nonlocal failing
        try:
            await job()
        except asyncio.CancelledError:  # only as the scheduler ends, which would log it as a failure
            return
        except Unavailable:
            if not failing:
                log.warning("job_waits_for_store", job=name)
            failing = True
            told(name, "waited")
        except Exception:
            log.exception("job_failed", job=name)
            told(name, "failed")
        else:
            failing = False
            told(name, "done")

    return run
