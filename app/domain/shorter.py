"""Approving for less: an approver gives the access for a shorter time than was asked.

What was asked stays on the request. Over several approvals the shortest time holds, so an approver can only
ever take time away, whoever decided before and whatever a form offered when it was opened.
"""

from datetime import datetime, timedelta

from app.domain import events
from app.domain.duration import format_duration
from app.domain.people import Principal
from app.domain.proof import SLACK_SESSION, Proof
from app.domain.refusals import BadInput
from app.domain.request import Request
from app.domain.transitions import Entitled, Step, approve


def approve_for_less(
    request: Request,
    by: Principal,
    entitled: Entitled,
    less: timedelta,
    shortest: timedelta,
    now: datetime,
    comment: str = "",
    proof: Proof = SLACK_SESSION,
) -> Step:
    """Count an approval that holds for `less` alone. `shortest` is the least that policy gives.

    Raises BadInput for a time that is not less than what was asked, and what approving raises.
    """
    step = approve(
        request, by, entitled, now, comment, proof
    )  # first: who may not decide learns nothing of bounds
    asked = timedelta(seconds=request.asked_seconds)
    if less >= asked:
        raise BadInput(
            f"{request.id} was asked for {format_duration(asked)}, and {format_duration(less)} is not less. "
            "Choose a shorter time, or approve it as it was asked.",
            field="duration",
        )
    if less < shortest:
        raise BadInput(
            f"{format_duration(less)} is too short: {request.action} is given for at least "
            f"{format_duration(shortest)}.",
            field="duration",
        )
    return _for_less(step, int(less.total_seconds()))


def _for_less(step: Step, seconds: int) -> Step:
    approved, event = step
    *before, last = approved.decisions
    shorter = approved.model_copy(
        update={
            "seconds": min(approved.seconds, seconds),
            "seconds_asked": approved.asked_seconds,
            "decisions": (*before, last.model_copy(update={"seconds": seconds})),
        }
    )
    return shorter, _telling(event, seconds)


def _telling(event: events.Event, seconds: int) -> events.Event:
    return event.model_copy(update={"seconds": seconds})
