"""Whom a request that waits is to reach, and who of them may be pinged at an instant."""

from collections.abc import Iterable
from datetime import datetime

from app.domain.reminding import as_stage, ladder
from app.domain.request import Request
from app.domain.verdict import Rung
from app.policy.policy import Policy


def to_remind(policy: Policy, request: Request) -> tuple[str, ...]:
    """Give the ids of those whom a reminder is for: of the open stages and the reached rungs, who has not decided."""
    asked = [person.id for stage in request.open_stages for person in policy.notified(stage)]
    for rung in ladder(request)[: request.rungs]:
        asked += sorted(policy.entitled(as_stage(rung)))
    return _left(request, asked)


def of_rung(policy: Policy, request: Request, rung: Rung) -> tuple[str, ...]:
    """Give the ids of those whom a rung is to reach."""
    return _left(request, sorted(policy.entitled(as_stage(rung))))


def awake(policy: Policy, request: Request, people: Iterable[str], at: datetime) -> tuple[str, ...]:
    """Leave out who has quiet hours at an instant."""
    quiet = policy.quiet_hours
    return tuple(each for each in people if not quiet.holds(each, request.environment, at))


def wake_at(policy: Policy, request: Request, people: Iterable[str], at: datetime) -> datetime | None:
    """Give when the first of them may be pinged: `at` itself where one may or there is nobody, None where never."""
    return policy.quiet_hours.first_to_wake(people, request.environment, at)


def _left(request: Request, asked: Iterable[str]) -> tuple[str, ...]:
    done = {decision.by.id for decision in request.decisions} | {request.requester.id}
    return tuple(each for each in dict.fromkeys(asked) if each not in done)
