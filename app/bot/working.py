"""What follows from events and from time: the consumers of events and the scheduled jobs, in one process."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

from app.audit import consumer as audit
from app.bot.auditing import Auditing
from app.bot.core import Core
from app.bot.slack import Slack
from app.bot.targets import RECONCILE_EVERY, Targets
from app.connectors import granter as connectors
from app.mail import mailer as mailing
from app.mail.office import Office
from app.outbox import Consumer, Outbox
from app.schedule import DEADLINES_EVERY, Deadlines, Job, make_scheduler, once_guarded
from app.slack import announcer as announcing
from app.store import keys
from app.store.leases import Leases
from app.together import run_together

HOMES_EVERY = timedelta(milliseconds=500)
VERIFY_EVERY = timedelta(hours=6)
GROUPS = (connectors.GROUP, announcing.GROUP, mailing.GROUP, audit.GROUP)
"""Who must have read an event before it is trimmed, beside gates."""


class Working:
    """The worker of a process; `run` ends in good order when it is cancelled."""

    _leases: Leases | None = None

    def __init__(self, core: Core, targets: Targets, mail: Office, auditing: Auditing, slack: Slack) -> None:
        self._core = core
        self._targets = targets
        self._mail = mail
        self._auditing = auditing
        self._slack = slack

    def held(self) -> Mapping[str, int]:
        """How many partitions this process works on, by group."""
        return self._leases.held if self._leases else {}

    async def run(self) -> None:
        """Run the consumers of events and the jobs, until cancelled."""
        core, told, consumers = self._core, self._core.meters.job_ran, self._consumers()
        wanted = [(partition, each.group) for each in consumers for partition in keys.ALL_PARTITIONS]
        leases = self._leases = Leases(core.connection.calls, core.holder, wanted)
        deadlines = Deadlines(core.store, core.workflow, self._targets.granter.take_up)
        scheduler = make_scheduler(self._jobs(deadlines), told)
        scheduler.start()
        at_start = asyncio.gather(
            once_guarded("reconcile", self._targets.reconciler.run, told),
            once_guarded("verify", self._auditing.verify, told),
        )
        try:
            outbox = Outbox(core.stream, leases, consumers)
            jobs = [*self._mail.jobs(), *self._targets.gates.jobs()]
            await run_together([outbox.run(keys.ALL_PARTITIONS), *jobs])
        finally:
            at_start.cancel()
            scheduler.shutdown(wait=False)
            await deadlines.close()
            await self._targets.close()

    def _consumers(self) -> Sequence[Consumer]:
        return [
            Consumer(connectors.GROUP, self._targets.granter.handle, connectors.BATCH),
            Consumer(announcing.GROUP, self._slack.announcer.handle, only_tells=True),
            Consumer(mailing.GROUP, self._mail.mailer.handle, mailing.BATCH, only_tells=True),
            Consumer(audit.GROUP, self._auditing.recording().handle, audit.BATCH),
            *self._targets.gates.consumers(),
        ]

    def _jobs(self, deadlines: Deadlines) -> Mapping[str, tuple[timedelta, Job]]:
        return {
            "deadlines": (DEADLINES_EVERY, deadlines.tick),
            "digest": (timedelta(seconds=20), self._auditing.digest_if_due),
            "trim": (timedelta(minutes=10), self._trim),
            "homes": (HOMES_EVERY, self._slack.homes.tick),
            "judge_anew": (timedelta(seconds=1), self._slack.rejudging.tick),
            "leavers": (timedelta(minutes=1), self._slack.leavers.look),
            "reconcile": (RECONCILE_EVERY, self._targets.reconcile),
            "verify": (VERIFY_EVERY, self._auditing.verify),
        }

    async def _trim(self) -> None:
        """Forget events that every consumer has read."""
        at_gates = [each.group for each in self._targets.gates.consumers()]
        for partition in keys.ALL_PARTITIONS:
            await self._core.stream.trim(partition, (*GROUPS, *at_gates))
