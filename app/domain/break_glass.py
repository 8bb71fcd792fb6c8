"""Break-glass: in an emergency the requester goes past the stages, in the open, and someone reviews it after.

Policy says for what and by whom. The access is short and begins at once. The review is open until somebody whom
policy names for it, and who is not the requester, closes it with words.
"""

from datetime import datetime, timedelta

from app.domain import events
from app.domain.people import Principal
from app.domain.proof import SLACK_SESSION, Proof
from app.domain.question import wording
from app.domain.refusals import BadInput, NotPermitted, SelfApproval, WrongState
from app.domain.request import Glass, Request, Review, State
from app.domain.standing import standing
from app.domain.transitions import Step
from app.domain.verdict import Outcome, Verdict

LONGEST = timedelta(hours=1)
"""However long was asked, or the action may last."""


def may_break_glass(verdict: Verdict) -> bool:
    """Tell whether policy lets the requester go past the stages."""
    return verdict.outcome is Outcome.REQUIRE and verdict.obligations.break_glass


def break_glass(
    request: Request,
    by: Principal,
    why: str,
    verdict: Verdict,
    now: datetime,
    proof: Proof = SLACK_SESSION,
) -> Step:
    """Give a request that waits to its requester, without approval. `verdict` is what policy says of it now.

    A `proof` by a factor confirms the access too, where policy asks for that.
    """
    if not by.is_same_person(request.requester):
        raise NotPermitted(f"{request.id} is not your request, so you cannot break the glass for it.")
    if request.state is not State.PENDING:
        raise WrongState(request.id, request.state, "break the glass for", standing(request))
    if now >= request.lapses_at:
        raise WrongState(request.id, State.LAPSED, "break the glass for", f"{request.id} has lapsed")
    if not (may_break_glass(request.verdict) and may_break_glass(verdict)):
        raise NotPermitted(
            f"Policy does not let you break the glass for {request.id}: it waits for its approvers."
        )
    seconds = min(request.seconds, int(LONGEST.total_seconds()))
    glass = Glass(why=wording(why, "reason"), at=now)
    broken = request.model_copy(
        update={
            "state": State.APPROVED,
            "settled_at": now,
            "settled_by": by.id,
            "start_at": None,
            "seconds": seconds,
            "seconds_asked": request.asked_seconds,
            "glass": glass,
            "confirmed": proof if proof.factor else None,
        }
    )
    return broken, events.GlassBroken(
        request_id=request.id, at=now, by=by.id, why=glass.why, seconds=seconds, proof=proof
    )


def review_glass(request: Request, by: Principal, may_review: bool, comment: str, now: datetime) -> Step:
    """Close the review, once the access is over."""
    must_be_reviewable(request, by, may_review)
    review = Review(by=by, comment=wording(comment, "finding"), at=now)
    glass = request.glass.model_copy(update={"review": review}) if request.glass else None
    return request.model_copy(update={"glass": glass}), events.GlassReviewed(
        request_id=request.id, at=now, by=by.id, comment=review.comment
    )


def must_be_reviewable(request: Request, by: Principal, may_review: bool) -> None:
    """Raise unless this person may close the review now."""
    if by.is_same_person(request.requester):
        raise SelfApproval(request.id)
    if not may_review:
        raise NotPermitted(
            f"You may not close the review of {request.id}: policy names who may by the permission “review”."
        )
    if request.glass is None:
        raise BadInput(f"No glass was broken for {request.id}, so there is nothing to review.")
    if request.glass.review is not None:
        raise BadInput(f"{request.glass.review.by.name} has closed the review of {request.id} already.")
    if not request.is_final:
        raise BadInput(f"The access of {request.id} is not over yet; it is reviewed after that.")
