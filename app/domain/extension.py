"""More time for access that is live: asked again through policy, decided by people as the request was.

The end that is in force stays in force until the extension is settled, so that whatever happens meanwhile,
access ends on time.
"""

from datetime import datetime, timedelta

from app.domain import events
from app.domain.people import Principal
from app.domain.proof import SLACK_SESSION, Proof
from app.domain.refusals import (
    BadInput,
    DeniedByPolicy,
    EndIsFixed,
    NotPermitted,
    NotWhatWasShown,
    WrongState,
)
from app.domain.request import Decision, Extension, Request, State
from app.domain.standing import standing
from app.domain.transitions import Entitled, Step, must_be_an_approver, must_have_the_turn, warns_before
from app.domain.verdict import Outcome

REMEMBERED = 20
"""So many messages that asked for more time are told from new ones."""


def ask_extension(
    request: Request,
    by: Principal,
    extension: Extension,
    now: datetime,
    proof: Proof = SLACK_SESSION,
) -> Step:
    """Ask for more time. It is given at once where the extension's verdict says so, else people decide.

    A `proof` by a factor confirms from then on that it is the requester's.
    """
    must_be_extendable(request, by, now)
    named = (*request.extended_by, extension.delivery)[-REMEMBERED:]
    confirmed = proof if proof.factor else request.confirmed
    request = request.model_copy(update={"extended_by": named, "confirmed": confirmed})
    asked = events.ExtensionAsked(
        request_id=request.id,
        at=now,
        by=by.id,
        seconds=extension.seconds,
        reason=extension.reason,
        verdict=extension.verdict,
        proof=proof,
        source=extension.source,
        ip=extension.ip,
        ip_told_by=extension.ip_told_by,
        run=extension.run,
    )
    match extension.verdict.outcome:
        case Outcome.DENY:
            raise DeniedByPolicy(f"Policy denies more time for {request.id}: {extension.verdict.message}.")
        case Outcome.AUTO_APPROVE:
            longer = _longer(request, extension.seconds, now)
            return longer, asked.model_copy(update={"ends_at": longer.ends_at})
        case Outcome.REQUIRE:
            return request.model_copy(update={"extension": extension}), asked


def must_be_extendable(request: Request, by: Principal, now: datetime) -> None:
    """Raise unless this person may ask for more time now, whatever policy says of it."""
    if not by.is_same_person(request.requester):
        raise NotPermitted(f"{request.id} is not your grant, so you cannot ask for more time.")
    _must_be_live(request, "extend", now)
    if request.lease and request.lease.end_is_fixed:
        raise EndIsFixed(request.id)
    if request.extension is not None:
        raise BadInput(f"More time for {request.id} is asked for already; its card says who may decide.")


def decide_extension(
    request: Request,
    by: Principal,
    entitled: Entitled,
    now: datetime,
    *,
    approved: bool,
    comment: str = "",
    proof: Proof = SLACK_SESSION,
    shown: str | None = None,
) -> Step:
    """Count a decision on more time: the last approval that is needed gives it, one denial settles it.

    `shown` names the extension that the person saw, where that is known; another one is not decided.
    """
    extension = request.extension
    must_be_an_approver(request, by, entitled, (extension or request).verdict.stages)
    _must_be_live(request, "decide", now)
    if extension is None:
        raise WrongState(request.id, "not extended", "decide", f"no more time is asked for on {request.id}")
    if shown is not None and shown != extension.name:
        raise NotWhatWasShown(request.id)
    verb = "approve" if approved else "deny"
    stage = must_have_the_turn(request, by, entitled, verb, extension.open_stages, extension.decisions)
    decision = Decision(stage=stage.name, by=by, approved=approved, comment=comment, proof=proof, at=now)
    decided = extension.model_copy(update={"decisions": (*extension.decisions, decision)})
    told = events.ExtensionDecided(
        request_id=request.id,
        at=now,
        by=by.id,
        stage=stage.name,
        approved=approved,
        comment=comment,
        proof=proof,
    )
    if not approved:
        return request.model_copy(update={"extension": None}), told
    if decided.open_stages:
        return request.model_copy(update={"extension": decided}), told
    longer = _longer(request, extension.seconds, now)
    return longer, told.model_copy(update={"ends_at": longer.ends_at})


def _longer(request: Request, seconds: int, now: datetime) -> Request:
    ends_at = _end_in_force(request) + timedelta(seconds=seconds)
    return request.model_copy(
        update={
            "extension": None,
            "seconds": request.seconds + seconds,
            "ends_at": ends_at,
            "warns_at": warns_before(ends_at, ends_at - now),
        }
    )


def _must_be_live(request: Request, verb: str, now: datetime) -> None:
    """Access whose time is up does not come back, even before its end was written."""
    if request.state is not State.ACTIVE:
        raise WrongState(request.id, request.state, verb, standing(request))
    if now >= _end_in_force(request):
        raise WrongState(request.id, "expired", verb, f"the time of {request.id} is up")


def _end_in_force(request: Request) -> datetime:
    if request.ends_at is None:
        raise WrongState(request.id, request.state, "extend")
    return request.ends_at
