"""Every arrow of the state diagram, as a pure function to a new request and its event, or a refusal.

pending -> approved -> granting -> active -> ending -> completed | expired | revoked
approved -> scheduled -> granting, once confirmed where policy asks that;  pending -> denied | cancelled | lapsed
approved | scheduled -> cancelled | lapsed;  granting -> grant_failed
granting -> ending -> grant_failed, where the target does not confirm that nothing is left
a failing ending stays in ending
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from app.domain import events
from app.domain.confirming import is_confirmed
from app.domain.people import SYSTEM, Principal
from app.domain.proof import SLACK_SESSION, Proof
from app.domain.refusals import (
    AlreadyDecided,
    NotAnApprover,
    NotPermitted,
    NotYourTurn,
    SelfApproval,
    WrongState,
)
from app.domain.request import Decision, EndCause, Ending, Lease, Request, State
from app.domain.standing import standing
from app.domain.verdict import Outcome, Stage

Step = tuple[Request, events.Event]
Entitled = Callable[[Stage], Collection[str]]
"""Who may decide a stage, as ids of people, asked of the present policy."""

FIRST_STATE = {
    Outcome.DENY: State.DENIED,
    Outcome.AUTO_APPROVE: State.APPROVED,
    Outcome.REQUIRE: State.PENDING,
}
WARNING = timedelta(minutes=5)
WARNING_SHARE = 5
"""Short grants are warned when a fifth of them is left."""
FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=5)


def ask(request: Request) -> Step:
    """Settle the first state of a new request by its verdict."""
    state = FIRST_STATE[request.verdict.outcome]
    settled = None if state is State.PENDING else request.created_at
    opened = request.model_copy(update={
        "state": state,
        "settled_at": settled,
        "settled_by": SYSTEM if settled else "",
        "finished_at": request.created_at if state is State.DENIED else None,
        "comment": request.verdict.message if state is State.DENIED else "",
    })  # fmt: skip
    return opened, events.Requested(
        request_id=request.id,
        at=request.created_at,
        by=request.requester.id,
        requester=request.requester,
        action=request.action,
        environment=request.environment,
        resource=request.resource,
        seconds=request.seconds,
        reason=request.reason,
        risk=request.risk,
        source=request.source,
        ip=request.ip,
        ip_told_by=request.ip_told_by,
        run=request.run,
        verdict=request.verdict,
        start_at=request.start_at,
        binding=request.binding,
    )


def approve(
    request: Request,
    by: Principal,
    entitled: Entitled,
    now: datetime,
    comment: str = "",
    proof: Proof = SLACK_SESSION,
) -> Step:
    """Count an approval of the open stage; with the last one that is needed the request is approved."""
    stage = _stage_to_decide(request, by, entitled, "approve", now)
    decision = Decision(stage=stage.name, by=by, approved=True, comment=comment, proof=proof, at=now)
    decided = request.model_copy(update={"decisions": (*request.decisions, decision)})
    settled = not decided.open_stages
    if settled:
        decided = decided.model_copy(update={"state": State.APPROVED, "settled_at": now, "settled_by": by.id})
    return decided, events.Approved(
        request_id=request.id,
        at=now,
        by=by.id,
        stage=stage.name,
        comment=comment,
        proof=proof,
        settled=settled,
    )


def deny(
    request: Request,
    by: Principal,
    entitled: Entitled,
    now: datetime,
    comment: str = "",
    proof: Proof = SLACK_SESSION,
) -> Step:
    """One deny by an approver of the open stage settles the request."""
    stage = _stage_to_decide(request, by, entitled, "deny", now)
    decision = Decision(stage=stage.name, by=by, approved=False, comment=comment, proof=proof, at=now)
    denied = _finish(request, State.DENIED, by.id, now, comment).model_copy(
        update={"decisions": (*request.decisions, decision)}
    )
    return denied, events.Denied(
        request_id=request.id, at=now, by=by.id, stage=stage.name, comment=comment, proof=proof
    )


def cancel(request: Request, by: Principal, now: datetime) -> Step:
    """The requester takes a request back before access exists."""
    if not by.is_same_person(request.requester):
        raise NotPermitted(
            f"{request.id} is not your request, so you cannot cancel it. Approvers can deny it."
        )
    _must_be(request, "cancel", State.PENDING, State.APPROVED, State.SCHEDULED)
    cancelled = _finish(request, State.CANCELLED, by.id, now)
    return cancelled, events.Cancelled(request_id=request.id, at=now, by=by.id)


def lapse(request: Request, now: datetime) -> Step:
    """Nobody decided in time, or the requester did not confirm in time."""
    unconfirmed = request.waits_for_requester
    if not unconfirmed:
        _must_be(request, "lapse", State.PENDING)
    if now < ((request.confirms_by if unconfirmed else None) or request.lapses_at):
        raise WrongState(request.id, "not due", "lapse")
    return _finish(request, State.LAPSED, SYSTEM, now), events.Lapsed(
        request_id=request.id, at=now, by=SYSTEM, unconfirmed=unconfirmed
    )


def cancel_by_policy(request: Request, now: datetime, because: str) -> Step:
    """A rule that denies came into force between approval and start."""
    _must_be(request, "start", State.APPROVED, State.SCHEDULED)
    cancelled = _finish(request, State.CANCELLED, SYSTEM, now, because)
    return cancelled, events.Cancelled(request_id=request.id, at=now, by=SYSTEM, comment=because)


def starts_later(request: Request, now: datetime) -> bool:
    """Tell whether the start that was asked for is still to come."""
    return request.start_at is not None and now < request.start_at


def schedule(request: Request, now: datetime) -> Step:
    """Let what is approved wait for the start that was asked for."""
    _must_be(request, "schedule", State.APPROVED)
    if request.start_at is None or not starts_later(request, now):
        raise WrongState(request.id, "due", "schedule", f"{request.id} starts at once")
    scheduled = request.model_copy(update={"state": State.SCHEDULED})
    return scheduled, events.Scheduled(request_id=request.id, at=now, by=SYSTEM, start_at=request.start_at)


def withdraw(request: Request, now: datetime, because: str) -> Step:
    """The requester is gone, or policy would not let them ask any more: nothing of it starts or goes on."""
    if request.state in {State.PENDING, State.APPROVED, State.SCHEDULED}:
        cancelled = _finish(request, State.CANCELLED, SYSTEM, now, because)
        return cancelled, events.Cancelled(request_id=request.id, at=now, by=SYSTEM, comment=because)
    return _begin_end(request, EndCause.REVOKED, SYSTEM, now, because, "withdraw")


def tell_approvers_changed(
    request: Request, now: datetime, because: str, left: str = "", came: tuple[str, ...] = ()
) -> Step:
    """Record that others than before may decide, so that the card is made to say so.

    `left` is the Slack user's id of an approver who is gone; `came` are ids of people who may decide from now on.
    """
    if request.extension is None:
        _must_be(request, "recompute", State.PENDING)
    return request, events.ApproversChanged(
        request_id=request.id, at=now, by=SYSTEM, comment=because, left=left, came=came
    )


def begin_grant(request: Request, now: datetime, place: str | None = None) -> Step:
    """Fix the end, and the place, before anything is created at the target."""
    _must_be(request, "grant", State.APPROVED, State.SCHEDULED)
    if starts_later(request, now):
        raise WrongState(request.id, "not due", "grant", f"{request.id} does not start yet")
    if not is_confirmed(request, request.verdict.obligations):
        raise WrongState(request.id, "not confirmed", "grant", f"{request.id} waits for its requester")
    ends_at = now + request.duration
    begun = request.model_copy(update={
        "state": State.GRANTING,
        "starts_at": now,
        "ends_at": ends_at,
        "warns_at": warns_before(ends_at, request.duration),
        "confirms_by": None,
        "place": place,
    })  # fmt: skip
    return begun, events.GrantBegun(request_id=request.id, at=now, by=SYSTEM, ends_at=ends_at)


def warns_before(ends_at: datetime, left: timedelta) -> datetime:
    """When to warn of an end: 5 minutes before it, of short access when a fifth of it is left."""
    return ends_at - min(WARNING, left / WARNING_SHARE)


def activate(request: Request, lease: Lease, now: datetime) -> Step:
    """The target confirmed the lease."""
    _must_be(request, "activate", State.GRANTING)
    ends_at = _end_of(request)
    if now >= ends_at:
        raise WrongState(request.id, "past its end", "activate")
    active = request.model_copy(update={"state": State.ACTIVE, "lease": lease})
    return active, events.Activated(
        request_id=request.id,
        at=now,
        by=SYSTEM,
        connector=lease.connector,
        summary=lease.summary,
        ends_at=ends_at,
    )


def fail_grant(request: Request, error: str, now: datetime) -> Step:
    """The target refused; nothing is left there."""
    _must_be(request, "grant", State.GRANTING)
    failed = request.model_copy(update={"state": State.GRANT_FAILED, "finished_at": now, "comment": error})
    return failed, events.GrantFailed(request_id=request.id, at=now, by=SYSTEM, error=error)


def begin_undo(request: Request, error: str, now: datetime) -> Step:
    """The target refused, and does not confirm that nothing is left there: try until it does."""
    ended, event = _begin_end(request, EndCause.FAILED, SYSTEM, now, error, "grant")
    return ended.model_copy(update={"comment": error}), event


def warn(request: Request, now: datetime) -> Step:
    """Tell the requester, once, that the end is near."""
    _must_be(request, "warn about", State.ACTIVE)
    if request.warns_at is None or now < request.warns_at:
        raise WrongState(request.id, "not due", "warn about")
    warned = request.model_copy(update={"warns_at": None})
    return warned, events.Warned(request_id=request.id, at=now, by=SYSTEM, ends_at=_end_of(request))


def done(request: Request, by: Principal, now: datetime) -> Step:
    """The requester gives the access back early."""
    if not by.is_same_person(request.requester):
        raise NotPermitted(
            f"{request.id} is not your grant, so you cannot give it back. `/jit revoke` is stronger."
        )
    return _begin_end(request, EndCause.DONE, by.id, now, "", "give back")


def revoke(
    request: Request,
    by: Principal,
    entitled: Entitled,
    may_revoke_any: bool,
    now: datetime,
    comment: str = "",
) -> Step:
    """The requester, an approver of any stage, or someone whom policy lets revoke, ends the access.

    Approved access that does not yet exist is stopped: the request is then cancelled.
    """
    of_the_stages = any(by.id in entitled(stage) for stage in request.verdict.stages)
    has_approved = any(decision.approved and decision.by.is_same_person(by) for decision in request.decisions)
    if not (may_revoke_any or of_the_stages or has_approved or by.is_same_person(request.requester)):
        raise NotPermitted(f"You may not revoke {request.id}: its requester, its approvers and security may.")
    if request.state in {State.APPROVED, State.SCHEDULED}:
        stopped = _finish(request, State.CANCELLED, by.id, now, comment)
        return stopped, events.Cancelled(request_id=request.id, at=now, by=by.id, comment=comment)
    return _begin_end(request, EndCause.REVOKED, by.id, now, comment, "revoke")


def expire(request: Request, now: datetime) -> Step:
    """Time is up."""
    if request.ends_at is None or now < request.ends_at:
        raise WrongState(request.id, "not due", "end")
    return _begin_end(request, EndCause.EXPIRED, SYSTEM, now, "", "end")


def fail_end(request: Request, error: str, now: datetime) -> Step:
    """The target did not confirm the end: stay in `ending`, try again after a growing pause."""
    _must_be(request, "end", State.ENDING)
    ending = _ending_of(request)
    attempts = ending.attempts + 1
    pause = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(attempts - 1, 10))
    retrying = ending.model_copy(update={"attempts": attempts, "retry_at": now + pause, "error": error})
    return request.model_copy(update={"ending": retrying}), events.EndFailed(
        request_id=request.id, at=now, by=SYSTEM, attempts=attempts, retry_at=now + pause, error=error
    )


def finish(request: Request, now: datetime) -> Step:
    """The target confirmed that access is gone."""
    _must_be(request, "end", State.ENDING)
    ending = _ending_of(request)
    cause = ending.cause
    ended = request.model_copy(update={"state": State(cause.value), "finished_at": now})
    if cause is EndCause.FAILED:
        return ended, events.GrantFailed(request_id=request.id, at=now, by=SYSTEM, error=request.comment)
    return ended, events.Ended(request_id=request.id, at=now, by=SYSTEM, cause=cause, silent=ending.silent)


def refuse_attempt(request: Request, by: Principal, verb: str, code: str, now: datetime) -> Step:
    """Record that someone tried what they may not; the request stays as it is."""
    return request, events.AttemptRefused(request_id=request.id, at=now, by=by.id, verb=verb, code=code)


def _stage_to_decide(request: Request, by: Principal, entitled: Entitled, verb: str, now: datetime) -> Stage:
    stages = request.verdict.stages
    must_be_an_approver(request, by, entitled, stages)
    _must_be(request, verb, State.PENDING)
    if now >= request.lapses_at:
        raise WrongState(request.id, State.LAPSED, verb, f"{request.id} has lapsed: nobody decided in time")
    return must_have_the_turn(request, by, entitled, verb, request.open_stages, request.decisions)


def must_be_an_approver(
    request: Request, by: Principal, entitled: Entitled, stages: Collection[Stage]
) -> None:
    """Raise SelfApproval or NotAnApprover unless someone else than the requester may decide some stage."""
    if by.is_same_person(request.requester):
        raise SelfApproval(request.id)
    if not any(by.id in entitled(stage) for stage in stages):
        raise NotAnApprover(request.id, ", ".join(stage.name for stage in stages) or "no stage")


def must_have_the_turn(
    request: Request,
    by: Principal,
    entitled: Entitled,
    verb: str,
    stages: Collection[Stage],
    decisions: Collection[Decision],
) -> Stage:
    """Give the open stage that is this person's to decide, the first of several.

    Raises AlreadyDecided or NotYourTurn: one person counts once over all stages.
    """
    theirs = next((stage for stage in stages if by.id in entitled(stage)), None)
    has_decided = any(decision.counts_for(by) for decision in decisions)
    if has_decided and (verb == "approve" or theirs is None):
        raise AlreadyDecided(request.id)
    if theirs is None:
        raise NotYourTurn(request.id, ", ".join(stage.name for stage in stages) or "another")
    return theirs


def _must_be(request: Request, verb: str, *states: State) -> None:
    if request.state not in states:
        can_be_revoked = verb == "deny" and (request.is_live or request.state is State.APPROVED)
        instead = f" `/jit revoke {request.id}` ends the access." if can_be_revoked else ""
        raise WrongState(request.id, request.state, verb, standing(request), instead)


def _finish(request: Request, state: State, by: str, now: datetime, comment: str = "") -> Request:
    return request.model_copy(
        update={"state": state, "settled_at": now, "settled_by": by, "finished_at": now, "comment": comment}
    )


def _begin_end(request: Request, cause: EndCause, by: str, now: datetime, comment: str, verb: str) -> Step:
    _must_be(request, verb, State.GRANTING, State.ACTIVE)
    ending = Ending(cause=cause, by=by, comment=comment, retry_at=now + FIRST_RETRY)
    return request.model_copy(
        update={"state": State.ENDING, "ending": ending, "warns_at": None, "extension": None}
    ), events.EndBegun(request_id=request.id, at=now, by=by, cause=cause, comment=comment)


def _end_of(request: Request) -> datetime:
    if request.ends_at is None:
        raise WrongState(request.id, request.state, "end")
    return request.ends_at


def _ending_of(request: Request) -> Ending:
    if request.ending is None:
        raise WrongState(request.id, request.state, "end")
    return request.ending
