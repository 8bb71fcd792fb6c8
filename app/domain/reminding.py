"""A request that nobody decides: its approvers are reminded once, then others may decide too, rung by rung."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from app.domain import events
from app.domain.people import SYSTEM
from app.domain.refusals import WrongState
from app.domain.request import Request, State
from app.domain.standing import standing
from app.domain.transitions import Entitled, Step
from app.domain.verdict import Rung, Stage

HALFWAY = 2
NEVER = timedelta()


def reminds_at(created_at: datetime, lapses_at: datetime, after: timedelta | None) -> datetime | None:
    """When to remind: `after` the wish, halfway to the lapse where it is None; None where NEVER or too late."""
    at = created_at + ((lapses_at - created_at) / HALFWAY if after is None else after)
    return at if created_at < at < lapses_at else None


def remind(request: Request, now: datetime) -> Step:
    """Remind those who may decide, once."""
    _must_wait(request, "remind of", now, request.reminds_at)
    reminded = request.model_copy(update={"reminds_at": None})
    return reminded, events.Reminded(request_id=request.id, at=now, by=SYSTEM, lapses_at=request.lapses_at)


def escalates_at(request: Request) -> datetime | None:
    """When the next rung is reached; None where there is none before the lapse."""
    rungs = ladder(request)[request.rungs :]
    at = request.created_at + timedelta(seconds=rungs[0].after) if rungs else None
    return at if at and at < request.lapses_at else None


def escalate(request: Request, now: datetime) -> Step:
    """Let the people of the next rung decide too."""
    _must_wait(request, "escalate", now, escalates_at(request))
    rung = ladder(request)[request.rungs]
    reached = request.model_copy(update={"rungs": request.rungs + 1})
    return reached, events.Escalated(
        request_id=request.id,
        at=now,
        by=SYSTEM,
        rung=request.rungs + 1,
        groups=rung.groups,
        people=rung.people,
        after=rung.after,
    )


def with_rungs(entitled: Entitled, request: Request) -> Entitled:
    """Who may decide the stages of a request that waits: the entitled, and the people of rungs it reached.

    Once it is decided the rungs have done their part: more time is for those whom its own stages name.
    """
    reached = ladder(request)[: request.rungs]
    if not reached or request.state is not State.PENDING:
        return entitled

    def with_them(stage: Stage) -> Collection[str]:
        return {*entitled(stage), *(person for rung in reached for person in entitled(as_stage(rung)))}

    return with_them


def ladder(request: Request) -> Sequence[Rung]:
    """The rungs, the earliest first."""
    return sorted(request.verdict.obligations.escalation, key=lambda rung: rung.after)


def as_stage(rung: Rung) -> Stage:
    """A rung as policy is asked about it: who is in its groups now."""
    return Stage(name="escalation", groups=rung.groups, people=rung.people)


def _must_wait(request: Request, verb: str, now: datetime, due: datetime | None) -> None:
    if request.state is not State.PENDING:
        raise WrongState(request.id, request.state, verb, standing(request))
    if due is None or now < due or now >= request.lapses_at:
        raise WrongState(request.id, "not due", verb)
