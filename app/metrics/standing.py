"""What stands when somebody looks: gauges of the whole installation, from the store, and of this process's parts."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from app.domain.refusals import Unavailable
from app.store.stream import Waiting
from app.store.totals import Totals

WITHIN = 2.0
"""Seconds that a look at the store may take: a scrape never waits longer."""
KEPT = 1.0
"""Seconds for which many scrapes share one look."""
WHOLE = " (the whole installation, same from every process)"
log = structlog.get_logger(__name__)


class Stored(NamedTuple):
    """What the store says."""

    totals: Totals
    waiting: Mapping[str, Waiting]
    policy_since: datetime | None
    now: datetime


class Here(NamedTuple):
    """What this process knows of itself."""

    policy_digest: str
    policy_rules: int
    policy_actions: int
    policy_is_broken: bool
    slack_is_connected: bool | None
    """None where Slack delivers by HTTP."""
    sources_failing: int
    audit_entries: int | None
    """None where the log cannot be read."""
    leases: Mapping[str, int]
    store_errors: Counter[str]
    log_lines: Counter[tuple[str, str]]


class Standing:
    """Looks at the store, for all who scrape at once; what does not answer in time is away."""

    def __init__(self, read: Callable[[], Awaitable[Stored]]) -> None:
        self._read = read
        self._alone = asyncio.Lock()
        self._looked_at = float("-inf")
        self._seen: tuple[Stored | None, float] = (None, 0.0)

    async def families(self) -> list[Metric]:
        """Give what the store says; only `jit_store_up 0` where it says nothing."""
        async with self._alone:
            if time.monotonic() - self._looked_at >= KEPT:
                self._seen = await self._look()
                self._looked_at = time.monotonic()
            stored, seconds = self._seen
        up = GaugeMetricFamily("jit_store_up", "1 where the store answers this process", 1 if stored else 0)
        took = GaugeMetricFamily(
            "jit_store_look_seconds", "How long the look for these figures took", seconds
        )
        return [up, took, *(_stored(stored) if stored else ())]

    async def _look(self) -> tuple[Stored | None, float]:
        began = time.perf_counter()
        stored = None
        try:
            async with asyncio.timeout(WITHIN):
                stored = await self._read()
        except (Unavailable, TimeoutError):
            pass
        except Exception:  # a scrape never fails: whatever this is, the store does not say what it should
            log.exception("store_not_looked_at")
        return stored, time.perf_counter() - began


def _stored(stored: Stored) -> Iterable[Metric]:
    totals = stored.totals
    yield _gauge("jit_requests_pending", "Requests that wait for a decision", totals.pending)
    yield _gauge("jit_grants_live", "Requests that are approved and not over", totals.live)
    yield _gauge("jit_deadlines_overdue", "Deadlines for 5 s past that no worker has claimed", totals.overdue)
    yield _gauge("jit_ends_failing", "Ends that a target has not confirmed in three tries", totals.failing)
    count = GaugeMetricFamily("jit_events_waiting", f"Events before a consumer{WHOLE}", labels=["group"])
    oldest = GaugeMetricFamily(
        "jit_events_waiting_oldest_seconds",
        f"Age of the oldest event before a consumer{WHOLE}",
        labels=["group"],
    )
    for group, waiting in sorted(stored.waiting.items()):
        count.add_metric([group], waiting.events)
        age = (stored.now - waiting.since).total_seconds() if waiting.since else 0.0
        oldest.add_metric([group], max(0.0, age))
    yield from (count, oldest)
    if stored.policy_since:
        since = stored.policy_since.timestamp()
        yield _gauge("jit_policy_in_force_timestamp_seconds", "Since when the policy is in force", since)


def here(found: Here) -> Iterable[Metric]:
    """Give what this process knows of itself."""
    policy = InfoMetricFamily("jit_policy", "The policy that this process has in force")
    policy.add_metric([], {"digest": found.policy_digest})
    yield policy
    yield GaugeMetricFamily("jit_policy_rules", "Rules of the policy", found.policy_rules)
    yield GaugeMetricFamily("jit_policy_actions", "Actions of the policy", found.policy_actions)
    broken = "1 where the changed files are broken, and the old ones in force"
    yield GaugeMetricFamily("jit_policy_broken", broken, int(found.policy_is_broken))
    yield GaugeMetricFamily(
        "jit_directory_sources_failing",
        "Sources of members that are not relied on now",
        found.sources_failing,
    )
    if found.audit_entries is not None:
        yield GaugeMetricFamily("jit_audit_entries", "Entries of the audit log", found.audit_entries)
    if found.slack_is_connected is not None:
        connected = "1 where the Socket Mode connection is up"
        yield GaugeMetricFamily("jit_slack_connected", connected, int(found.slack_is_connected))
    held = GaugeMetricFamily("jit_leases_held", "Partitions that this process works on", labels=["group"])
    for group, count in sorted(found.leases.items()):
        held.add_metric([group], count)
    errors = CounterMetricFamily("jit_store_errors", "Calls that the store did not answer", labels=["error"])
    for error, count in sorted(found.store_errors.items()):
        errors.add_metric([error], count)
    lines = CounterMetricFamily(
        "jit_log_lines", "Lines of the log from warnings on, by their event", labels=["level", "event"]
    )
    for (level, event), count in sorted(found.log_lines.items()):
        lines.add_metric([level, event], count)
    yield from (held, errors, lines)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about + WHOLE, value)
