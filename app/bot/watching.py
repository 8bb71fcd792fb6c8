"""Keeping up with policy files and with who is in groups and on call; what is wrong with them is told."""

import asyncio
import contextlib

import structlog

from app.bot.admins import Admins
from app.bot.core import Core
from app.slack.views.alarm import source_failed
from app.slack.views.policy_status import PolicyStatus

LOOK_EVERY = 1.0
log = structlog.get_logger(__name__)


class Watching:
    """`policies` and `directory` run until cancelled, in every process."""

    def __init__(self, core: Core, admins: Admins) -> None:
        self._core = core
        self._admins = admins
        self._policies_wanted = asyncio.Event()
        self._troubles_logged: set[str] = set()

    def reload_policies(self) -> None:
        """Look for changed policies now."""
        self._policies_wanted.set()

    async def policies(self) -> None:
        """Look for changed policies each second and on SIGHUP; a broken set is told and not used."""
        policies, untold = self._core.policies, ""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._policies_wanted.wait()
                log.info("policy_reload_asked_for")
            self._policies_wanted.clear()
            known = policies.problem
            if await asyncio.to_thread(policies.refresh):
                log.info("policy_in_force", digest=policies.current.digest[:12])
            problem = policies.problem
            if problem and problem != known:
                log.error("policy_broken", problem=problem, consequence="the old one stays in force")
            untold = problem if problem != known else untold
            if untold and await self._admins.tell_broken_policy(untold):
                untold = ""

    async def policy_status(self) -> PolicyStatus:
        """Since when the policy is in force, and what is wrong with the files if they are other ones."""
        noted = await self._core.in_force.read()
        is_noted = noted is not None and noted.digest == self._core.policy().digest
        since = noted.since if noted and is_noted else None
        return PolicyStatus(since=since, problem=self._core.policies.problem)

    async def directory(self) -> None:
        """Keep up with who is in groups and on call; what cannot be relied on is told once, until it changes."""
        known: dict[str, str] = {}
        keeping = asyncio.create_task(self._core.directory.run())
        try:
            while not keeping.done():
                await asyncio.wait({keeping}, timeout=LOOK_EVERY)
                known = await self._tell_troubles(known)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _tell_troubles(self, known: dict[str, str]) -> dict[str, str]:
        """Log what is new among the troubles with sources, and tell it; gives what need not be told again."""
        told = {}
        for trouble in self._core.directory.troubles():
            since = f"{trouble.as_of:%Y%m%dT%H%M%S}" if trouble.as_of else "never"
            if trouble.as_of is None and not trouble.problem:
                continue  # it is being asked for the first time
            key = f"directory:{trouble.source}:{since}"
            if key not in self._troubles_logged:
                self._troubles_logged.add(key)
                log.error("source_not_relied_on", name=trouble.name, said=str(trouble))
            if known.get(trouble.name) == key or await self._admins.tell(
                source_failed(str(trouble)), key, "once"
            ):
                told[trouble.name] = key
        return told
