"""Bots that give and take back at a target until they are killed with -9: all forked from one process that is warm.

Each has its own connections, a granter and a workflow over the tests' Redis, and the connector of the settings that it
is told. A job is one line on the standard input; the answer, when all have been killed, is one line too.
"""

import asyncio
import gc
import json
import logging
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

import structlog

from app.connectors.granter import Granter
from app.connectors.reconciler import Reconciler
from app.connectors.registry import Connectors, find_kind
from app.connectors.troubles import Troubles
from app.policy import Policy, PolicySource
from app.store import giving
from app.store.connection import Connection, connect
from app.store.failing import Failing
from app.store.requests import RequestStore
from app.store.secrets import Secrets
from app.store.turns import Turns
from app.workflow import Wish, Workflow

ACTION = "sandbox-db-reset"
"""A template: it is approved by itself."""
AT_ONCE = 2
DEAD_AFTER = 0.5
"""Seconds after which a request that a dead process was giving is taken up, instead of 5."""


class Job(NamedTuple):
    """So many bots of a kind are to be killed."""

    kind: str
    settings: str
    policies: str
    resource: str
    redis: str
    environment: dict[str, str]
    seed: str
    points: int


class Bot:
    """What a bot has for targets."""

    def __init__(self, connection: Connection, settings: Path, policy: Policy, name: str) -> None:
        self.connectors = Connectors.open(settings, commands=True)
        self.store = RequestStore(connection.calls)
        self.workflow = Workflow(self.store, lambda: policy, plan=self.connectors.plan)
        self.told: list[str] = []
        troubles = Troubles(Failing(connection.calls), Turns(connection.calls), self._tell)
        self.granter = Granter(
            self.workflow,
            self.store,
            self.connectors,
            giving=giving.Giving(connection.calls, name),
            secrets=Secrets(connection.calls, None),
            troubles=troubles,
        )
        self.reconciler = Reconciler(self.connectors, self.store, self.workflow, troubles)
        self.ana = policy.people["ana"]

    async def _tell(self, text: str, _: str) -> None:
        self.told.append(text)

    async def asks(self, resource: str) -> list[str]:
        wish = Wish(action=ACTION, resource=resource)
        return [(await self.workflow.request(wish, self.ana)).id for _ in range(AT_ONCE)]

    async def give_back(self, request_id: str) -> None:
        await self.workflow.done(request_id, self.ana)
        await self.granter.settle(request_id)


def serve() -> None:
    """Do jobs until there are none."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    giving.TTL, giving.RENEWED_EVERY, giving.ASKED_EVERY = DEAD_AFTER, DEAD_AFTER / 3, 0.05
    for line in sys.stdin:
        if (
            pid := os.fork()
        ) == 0:  # each kind is imported by those alone who need it: less to copy at each fork
            print(kill(Job(**json.loads(line))), flush=True)
            os._exit(0)
        os.waitpid(pid, 0)


def kill(job: Job) -> int:
    """Fork, let it work, kill it at a random moment, so many times; gives how many were killed at work.

    The moment is drawn from the length of one round and a half, as the first, who is killed after it, shows it.
    """
    os.environ.update(job.environment)
    find_kind(job.kind)
    gc.freeze()  # what is shared with those that are forked stays shared
    policy = PolicySource(Path(job.policies)).current
    chance = random.Random(job.seed)  # noqa: S311  to be drawn again from the same seed
    first = _killed(job, policy, None, "bot")
    killed = [
        _killed(job, policy, chance.uniform(0, 1.5 * first), f"bot-{n}") > 0 for n in range(1, job.points)
    ]
    return 1 + sum(killed)


def _killed(job: Job, policy: Policy, after: float | None, name: str) -> float:
    """Give the seconds from its first grant's beginning to its death, which is `after` them, or after one round."""
    reads, works = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reads)
        try:
            asyncio.run(_live(job, policy, works, name))
        finally:
            os._exit(1)
    os.close(works)
    began, at_work = os.read(reads, 1), time.monotonic()
    if after is None:
        os.read(reads, 1)
    else:
        time.sleep(after)
    lived = time.monotonic() - at_work
    os.kill(pid, signal.SIGKILL)
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(reads)
    return lived if began and ended == -signal.SIGKILL else 0.0


async def _live(job: Job, policy: Policy, works: int, name: str) -> None:
    connection = connect(job.redis)
    bot = Bot(connection, Path(job.settings), policy, name)
    while True:
        asked = await bot.asks(job.resource)
        os.write(works, b"!")
        await asyncio.gather(*map(bot.granter.settle, asked))
        await bot.give_back(asked[0])


def line_of(job: Job) -> bytes:
    """Write a job as `serve` reads it."""
    return json.dumps(job._asdict()).encode() + b"\n"
