"""Approving for less: an approver gives the access for a shorter time, or for a part of what was asked.

What was asked stays on the request. Over several approvals the least holds, so an approver can only ever take
away, whoever decided before and whatever a form offered when it was opened.
"""

from datetime import datetime, timedelta

from app.domain.duration import format_duration
from app.domain.narrower import is_narrower
from app.domain.people import Principal
from app.domain.proof import SLACK_SESSION, Proof
from app.domain.refusals import BadInput
from app.domain.request import Request
from app.domain.transitions import Entitled, Step, approve


def approve_for_less(
    request: Request,
    by: Principal,
    entitled: Entitled,
    less: timedelta | None,
    shortest: timedelta,
    now: datetime,
    comment: str = "",
    proof: Proof = SLACK_SESSION,
    resource: str = "",
) -> Step:
    """Count an approval that holds for `less` alone, for `resource` alone, or both.

    `shortest` is the least time that policy gives. Raises BadInput for what is not less than what was asked,
    and what approving raises. Whether policy gives the part as readily as the whole is the caller's to ask.
    """
    step = approve(
        request, by, entitled, now, comment, proof
    )  # first: who may not decide learns nothing of bounds
    if less is None and not resource:
        raise BadInput(f"Say what of {request.id} you give: a shorter time, a part of the resource, or both.")
    if resource and request.gate:
        raise BadInput(
            f"{request.id} is for {request.gate.what}, which is let through whole. Approve it as it was asked, "
            "or deny it.",
            field="resource",
        )
    if less is not None:
        step = _for_less(step, _seconds(request, less, shortest))
    return _for_a_part(step, resource) if resource else step


def _seconds(request: Request, less: timedelta, shortest: timedelta) -> int:
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
    return int(less.total_seconds())


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
    return shorter, event.model_copy(update={"seconds": seconds})


def _for_a_part(step: Step, resource: str) -> Step:
    approved, event = step
    *before, last = approved.decisions
    narrower = approved.model_copy(
        update={
            "resource": _least(approved, resource),
            "resource_asked": approved.asked_resource,
            "decisions": (*before, last.model_copy(update={"resource": resource})),
        }
    )
    return narrower, event.model_copy(update={"resource": resource})


def _least(request: Request, resource: str) -> str:
    """Give what is left for both: what holds so far, and the part that is given now. Raises BadInput."""
    held, asked = request.resource, request.asked_resource
    if not is_narrower(asked, resource):
        raise BadInput(
            f"“{resource[:60]}” is not a part of {asked}, which {request.id} asks for. Name one that begins "
            f"with {asked}/, or approve it as it was asked.",
            field="resource",
        )
    if is_narrower(held, resource):
        return resource
    if held == resource or is_narrower(resource, held):
        return held
    raise BadInput(
        f"{request.id} is given for {held} alone already, and {resource} is no part of that. "
        "Name a part of it, approve it as it stands, or deny it.",
        field="resource",
    )
