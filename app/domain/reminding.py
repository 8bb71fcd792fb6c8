"""A request that nobody decides: its approvers are reminded once, then others may decide too, rung by rung."""

from collections.abc import Callable, Collection, Sequence
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


def put_off_reminder(request: Request, now: datetime, until: datetime | None) -> Step:
    """Remind later, as everybody who would be reminded has quiet hours; never, where they last to the lapse."""
    _must_wait(request, "remind of", now, request.reminds_at)
    later = until if until is not None and now < until < request.lapses_at else None
    return request.model_copy(update={"reminds_at": later}), events.ReminderPutOff(
        request_id=request.id, at=now, by=SYSTEM, until=later
    )


def escalates_at(request: Request) -> datetime | None:
    """When the next rung is reached; None where there is none before the lapse."""
    rungs = ladder(request)[request.rungs :]
    at = _reached_at(request, rungs[0]) if rungs else None
    return at if at and at < request.lapses_at else None


def escalate(
    request: Request, now: datetime, wakes_at: Callable[[Rung], datetime | None] = lambda _: None
) -> Step:
    """Let the people of the next rung decide too, and where all of them sleep those of the first that does not.

    `wakes_at` says when the first of a rung's people has no quiet hours any more; None where one has none now.
    Where everybody sleeps who could be reached, they are reminded once one of them does not.
    """
    _must_wait(request, "escalate", now, escalates_at(request))
    left = [
        each for each in ladder(request)[request.rungs :] if _reached_at(request, each) < request.lapses_at
    ]
    wakes = [wakes_at(rung) for rung in left]
    count = wakes.index(None) + 1 if None in wakes else 1
    reached = request.model_copy(update={"rungs": request.rungs + count})
    if None not in wakes and request.reminds_at is None and (first := wakes[0]) and first < request.lapses_at:
        reached = reached.model_copy(update={"reminds_at": first})
    return reached, events.Escalated(
        request_id=request.id,
        at=now,
        by=SYSTEM,
        rung=request.rungs + count,
        groups=tuple(dict.fromkeys(group for rung in left[:count] for group in rung.groups)),
        people=tuple(dict.fromkeys(person for rung in left[:count] for person in rung.people)),
        after=left[0].after,
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


def _reached_at(request: Request, rung: Rung) -> datetime:
    return request.created_at + timedelta(seconds=rung.after)


def _must_wait(request: Request, verb: str, now: datetime, due: datetime | None) -> None:
    if request.state is not State.PENDING:
        raise WrongState(request.id, request.state, verb, standing(request))
    if due is None or now < due or now >= request.lapses_at:
        raise WrongState(request.id, "not due", verb)
