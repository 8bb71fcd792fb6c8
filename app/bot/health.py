"""How the bot is: reasons and warnings for `/readyz`, figures for `/metrics`."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from fastapi import APIRouter
from prometheus_client.core import Metric

from app.audit.log import AuditLogError
from app.bot.core import Core
from app.bot.slack import Slack
from app.bot.targets import Targets
from app.bot.web import Web
from app.domain.duration import format_duration
from app.domain.refusals import Unavailable
from app.logs import LINES
from app.mail.office import Office
from app.metrics import scrape
from app.metrics.standing import Here, Standing, Stored, here
from app.store.requests import FAILED
from app.store.totals import read_totals
from app.web.server import Health as Told

FAILING_SHOWN = 20
EVENTS_WAIT_AT_MOST = timedelta(minutes=1)


class Health:
    """Asks each part how it is."""

    def __init__(
        self,
        core: Core,
        targets: Targets,
        web: Web,
        mail: Office,
        slack: Slack,
        leases: Callable[[], Mapping[str, int]],
    ) -> None:
        """`leases` gives how many partitions this process works on, by group."""
        self._core = core
        self._targets = targets
        self._web = web
        self._mail = mail
        self._slack = slack
        self._leases = leases

    async def readiness(self) -> Told:
        """What keeps the bot from serving, and what does not but is wrong."""
        reasons: dict[str, str] = {}
        warnings: dict[str, str] = {}
        try:
            await self._ask_store(warnings)
        except Unavailable:
            reasons["store"] = "Redis does not answer"
        if await self._is_connected() is False:
            reasons["slack"] = "Slack is not connected"
        if problem := self._core.policies.problem:
            warnings["policy"] = f"the changed files are not in force: {problem}"
        if troubles := self._core.directory.troubles():
            warnings["directory"] = "; ".join(map(str, troubles))
        if missing := self._web.triggers.missing():
            warnings["triggers"] = "; ".join(f"{name} {why}" for name, why in missing.items())
        return Told(reasons, warnings, self._core.policies.current.digest)

    async def _ask_store(self, warnings: dict[str, str]) -> None:
        """Add what is not done, by part; what was found stays where the store goes away. Raises Unavailable."""
        now = await self._core.store.now()
        warnings |= _stuck(await self._core.stream.waiting_since(), now)
        if failing := await self._targets.failing.all():
            warnings["targets"] = "; ".join([failing[each] for each in sorted(failing)][:FAILING_SHOWN])
        if untold := await self._targets.gates.warnings():
            warnings["gates"] = "; ".join(untold[:FAILING_SHOWN])
        if told := await self._mail.warnings(now):
            warnings["email"] = told

    def metrics(self) -> APIRouter:
        """Serve figures: of the whole installation, and of this process."""
        standing = Standing(self._stored)

        async def stands() -> list[Metric]:
            return [*await standing.families(), *here(await self._here())]

        return scrape.routes(self._core.meters, stands, self._core.settings.metrics_token)

    async def _here(self) -> Here:
        """What this process knows of itself, for those who scrape."""
        policies = self._core.policies
        policy = policies.current
        return Here(
            policy_digest=policy.digest,
            policy_rules=policy.rule_count,
            policy_actions=len(policy.actions),
            policy_is_broken=bool(policies.problem),
            slack_is_connected=await self._is_connected(),
            sources_failing=len(self._core.directory.troubles()),
            audit_entries=await self._audit_entries(),
            leases=self._leases(),
            store_errors=FAILED,
            log_lines=LINES,
        )

    async def _is_connected(self) -> bool | None:
        """Tell whether Slack is connected; None where it delivers by HTTP."""
        return await self._slack.socket_mode.is_connected() if self._slack.socket_mode else None

    async def _audit_entries(self) -> int | None:
        """How many entries the audit log has; None where it cannot be read in time."""
        try:
            async with asyncio.timeout(1.0):
                return (await asyncio.to_thread(self._core.audit_log.head)).size
        except (AuditLogError, TimeoutError):
            return None

    async def _stored(self) -> Stored:
        core = self._core
        noted = await core.in_force.read()
        return Stored(
            totals=await read_totals(core.connection.calls),
            waiting=await core.stream.waiting(),
            policy_since=noted.since if noted else None,
            now=await core.store.now(),
        )


def _stuck(waiting_since: Mapping[str, datetime], now: datetime) -> dict[str, str]:
    """Tell of consumers that events wait for: what they do for them has not been done."""
    return {
        group: f"events have waited for {format_duration(now - since)}; the log of the worker says why"
        for group, since in waiting_since.items()
        if now - since > EVENTS_WAIT_AT_MOST
    }
