"""When a request next needs attention by itself: a function of its state alone."""

from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.reminding import escalates_at
from app.domain.request import Request, State

GRACE = timedelta(seconds=30)
"""What no one picked up, or whose granting is not over within this, is looked at again."""


class Deadline(StrEnum):
    LAPSE = "lapse"
    REMIND = "remind"
    ESCALATE = "escalate"
    START = "start"
    WARN = "warn"
    END = "end"
    RETRY_END = "retry_end"
    SILENCE = "silence"


def deadlines(request: Request) -> dict[Deadline, datetime]:
    """Give each deadline that a request has in its present state, with its time."""
    due: dict[Deadline, datetime | None]
    match request.state:
        case State.PENDING:
            due = {
                Deadline.LAPSE: request.lapses_at,
                Deadline.REMIND: request.reminds_at,
                Deadline.ESCALATE: escalates_at(request),
            }
        case State.APPROVED | State.SCHEDULED if request.confirms_by:
            due = {Deadline.LAPSE: request.confirms_by}
        case State.APPROVED:
            due = {Deadline.START: (request.settled_at or request.created_at) + GRACE}
        case State.SCHEDULED:
            due = {Deadline.START: request.start_at}
        case State.GRANTING:
            begun = request.starts_at or request.created_at
            due = {Deadline.END: request.ends_at, Deadline.START: begun + GRACE}
        case State.ACTIVE:
            due = {
                Deadline.END: request.ends_at,
                Deadline.WARN: request.warns_at,
                Deadline.SILENCE: request.starts_at if request.heartbeat else None,  # each heartbeat moves it
            }
        case State.ENDING:
            due = {Deadline.RETRY_END: request.ending.retry_at if request.ending else None}
        case _:
            due = {}
    return {deadline: at for deadline, at in due.items() if at is not None}
