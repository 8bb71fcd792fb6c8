"""What is live, told by the log alone: for when the store cannot be asked."""

from collections.abc import Sequence
from datetime import datetime

from app.audit.chain import Recorded
from app.audit.digest_value import Live
from app.domain import events
from app.domain.narrower import is_narrower
from app.domain.request import State


def live_in(story: Sequence[Recorded]) -> Live | None:
    """The grant that a request's whole story leaves live; None where there is none, or none any more."""
    state, until, asked, part = None, None, None, ""
    for entry in story:
        match entry.event:
            case events.Requested():
                asked, part = entry.event, entry.event.resource
            case events.Approved(resource=given) if is_narrower(part, given):
                part = given
            case events.GrantBegun(ends_at=ends_at):
                state, until = State.GRANTING, ends_at
            case events.Activated(ends_at=ends_at):
                state, until = State.ACTIVE, ends_at
            case events.EndBegun() | events.Consumed() | events.WentSilent():
                state = State.ENDING
            case events.Ended() | events.GrantFailed():
                state = None
            case _:
                pass
    return _live(story[0].event.request_id, asked, part, state, until) if state else None


def _live(
    request_id: str, asked: events.Requested | None, part: str, state: State, until: datetime | None
) -> Live:
    if asked is None:
        return Live(request_id=request_id, state=state, until=until)
    return Live(
        request_id=request_id,
        requester=asked.requester.name,
        requester_id=asked.requester.id,
        action=asked.action,
        resource=part,
        environment=asked.environment,
        state=state,
        until=until,
    )
