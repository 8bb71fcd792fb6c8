"""What a process counts as it works. Labels are names of our own, and never people, resources, reasons or requests."""

import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)

from app.metrics.names import Names

CALLS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
ANSWERS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5)
"""With 3 s, after which Slack tells people that the app did not answer."""
DECISIONS = (5, 15, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
GRANTS = (60, 300, 900, 1800, 3600, 2 * 3600, 4 * 3600, 8 * 3600, 24 * 3600, 7 * 24 * 3600)
STARTS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300)


class Meters:
    """The instruments of one process, in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        about = Info("jit_build", "The version that runs", registry=registry)
        about.info({"version": _own_version(), "python": platform.python_version()})
        self.events = Counter(
            "jit_events", "What happened, as the audit log took it", ["kind"], registry=registry
        )
        self.requests = Counter(
            "jit_requests", "Requests, by what policy said of them", ["action", "outcome"], registry=registry
        )
        self.decisions = Counter(
            "jit_decisions",
            "Approvals of a stage and denials by people, by what they rest on",
            ["decision", "proof"],
            registry=registry,
        )
        self.refused = Counter(
            "jit_attempts_refused", "What people tried and may not", ["verb", "code"], registry=registry
        )
        self.decision_seconds = Histogram(
            "jit_decision_seconds",
            "From asking to the decision that settles it",
            ["decision"],
            buckets=DECISIONS,
            registry=registry,
        )
        self.start_seconds = Histogram(
            "jit_grant_start_seconds",
            "From the start of granting to access that the target confirmed",
            buckets=STARTS,
            registry=registry,
        )
        self.grant_seconds = Histogram(
            "jit_grant_seconds",
            "How long access stood, by why it ended",
            ["cause"],
            buckets=GRANTS,
            registry=registry,
        )
        self._connector_seconds = Histogram(
            "jit_connector_call_seconds",
            "Calls of targets",
            ["connector", "operation", "outcome"],
            buckets=CALLS,
            registry=registry,
        )
        self._slack_calls = Counter(
            "jit_slack_calls",
            "Calls of Slack's Web API, by HTTP status",
            ["method", "status"],
            registry=registry,
        )
        self._slack_seconds = Histogram(
            "jit_slack_call_seconds", "Calls of Slack's Web API", buckets=CALLS, registry=registry
        )
        self._ack_seconds = Histogram(
            "jit_slack_ack_seconds",
            "From a delivery of Slack's to its acknowledgement",
            buckets=ANSWERS,
            registry=registry,
        )
        self._handled_seconds = Histogram(
            "jit_slack_handled_seconds",
            "From a delivery of Slack's to what it asked for being recorded, or refused",
            ["what"],
            buckets=ANSWERS,
            registry=registry,
        )
        self._http_requests = Counter(
            "jit_http_requests", "HTTP requests", ["method", "route", "status"], registry=registry
        )
        self._http_seconds = Histogram(
            "jit_http_request_seconds", "HTTP requests", ["route"], buckets=ANSWERS, registry=registry
        )
        self._jobs = Counter("jit_job_runs", "Scheduled jobs", ["job", "outcome"], registry=registry)
        self._job_success = Gauge(
            "jit_job_last_success_timestamp_seconds", "When a job last succeeded", ["job"], registry=registry
        )
        self._audit_verified = Gauge(
            "jit_audit_verified_timestamp_seconds",
            "When the audit log was last read through and found sound, 0 for never by this process",
            registry=registry,
        )
        self._audit_breaks = Gauge(
            "jit_audit_breaks",
            "1 where an entry is not as it was recorded, as last read through",
            registry=registry,
        )
        self._answered: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._methods, self._connectors, self._what = Names(), Names(), Names()

    def connector_called(self, connector: str, operation: str, seconds: float, *, failed: bool) -> None:
        """A call of a target ended."""
        labels = (self._connectors(connector), operation, "failed" if failed else "done")
        self._connector_seconds.labels(*labels).observe(seconds)

    def slack_called(self, method: str, status: str, seconds: float) -> None:
        """A call of Slack's Web API ended; `status` is HTTP's, or `none` where there was no answer."""
        self._slack_calls.labels(self._methods(method), status).inc()
        self._slack_seconds.observe(seconds)

    def acknowledged(self, seconds: float) -> None:
        """A delivery of Slack's was acknowledged."""
        self._ack_seconds.observe(seconds)

    def handled(self, what: str, seconds: float) -> None:
        """What somebody did in Slack is done or refused: by a button, a form or a command of this name."""
        self._handled_seconds.labels(self._what(what)).observe(seconds)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """An HTTP request was answered; `route` is the template of its path."""
        of = method, route, status
        known = self._answered.get(of)
        if known is None:  # finding a label's own counter costs more than counting
            known = self._http_requests.labels(method, route, str(status)), self._http_seconds.labels(route)
            self._answered[of] = known
        known[0].inc()
        known[1].observe(seconds)

    def job_ran(self, job: str, outcome: str) -> None:
        """A job was ticked: `done`, `failed`, `waited` for the store, or `skipped` since it still ran."""
        self._jobs.labels(job, outcome).inc()
        if outcome == "done":
            self._job_success.labels(job).set_to_current_time()

    def audit_read(self, *, is_sound: bool) -> None:
        """The audit log was read through."""
        self._audit_breaks.set(0 if is_sound else 1)
        if is_sound:
            self._audit_verified.set_to_current_time()


def _own_version() -> str:
    with suppress(PackageNotFoundError):
        return version("jit-approval")
    return "unknown"
