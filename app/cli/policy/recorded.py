"""Recorded requests, read from the audit log, with what their requesters had before."""

from datetime import datetime, timedelta
from pathlib import Path

from app.audit.log import AuditLog
from app.cli.audit import FILE, ask_log
from app.cli.policy.loading import fail, misused
from app.domain.events import Event, Requested
from app.domain.ids import read_request_id
from app.policy import Ask, Policy
from app.policy.simulate import asked_again, had_before, horizon

MOMENT = timedelta(microseconds=1)


def recorded_events(data: Path, since: datetime, until: datetime) -> list[Event]:
    """Read the events of a span of time, in the log's order; end with 1 where the log cannot be read."""
    return ask_log(data, lambda log: [entry.event for entry in log.between(since, until)])


def recorded_request(typed: str, data: Path, policy: Policy) -> tuple[Requested, Ask]:
    """Find a request by its id as typed; end with 2 where it is none, with 1 where the log has no such."""
    try:
        request_id = read_request_id(typed)
    except ValueError as error:
        misused(str(error))

    def question(log: AuditLog) -> tuple[Requested | None, list[Event]]:
        found = log.asked(request_id)
        if found is None:
            return None, []
        return found, [entry.event for entry in log.between(found.at - horizon(policy), found.at + MOMENT)]

    found, events = ask_log(data, question)
    if found is None:
        fail(f"the audit log {data / FILE} has no request {request_id}")
    return found, asked_again(found, had_before(found, events))
