"""Contract of access that lives by heartbeats: silence ends it, and says so; nothing else is ended by silence."""

from datetime import timedelta

import pytest

from app.domain import transitions as t
from app.domain.deadlines import Deadline, deadlines
from app.domain.refusals import NoHeartbeat, WrongState
from app.domain.request import EndCause, Lease, State
from app.domain.silence import fall_silent, must_beat
from app.domain.standing import standing
from app.domain.verdict import Outcome
from tests.people import ANA, NOW, a_request

LEASE = Lease(connector="grant-key", reference="x", summary="x")


def a_grant(heartbeat: int | None = 4):
    request = a_request(outcome=Outcome.AUTO_APPROVE).model_copy(update={"heartbeat": heartbeat})
    return t.activate(t.begin_grant(t.ask(request)[0], NOW)[0], LEASE, NOW)[0]


def test_silence_ends_it():
    """It ends as what has expired, by nobody, and everyone can read why."""
    silent, event = fall_silent(a_grant(), NOW)
    assert (State.ENDING, EndCause.EXPIRED, "system", True) == (
        silent.state, silent.ending.cause, silent.ending.by, silent.ending.silent,
    )  # fmt: skip
    assert ("went_silent", 4) == (event.kind, event.seconds)
    ended, told = t.finish(silent, NOW)
    assert (State.EXPIRED, True) == (ended.state, told.silent)
    assert "jit run stopped without saying so (no heartbeat for 4 s)" in standing(ended)


def test_only_what_was_asked_for_with_heartbeats():
    """A grant that nobody promised heartbeats for is neither ended by silence nor looked at."""
    grant = a_grant(None)
    with pytest.raises(WrongState):
        fall_silent(grant, NOW)
    with pytest.raises(NoHeartbeat):
        must_beat(grant, NOW)
    assert (False, True) == tuple(Deadline.SILENCE in deadlines(each) for each in (grant, a_grant()))


def test_a_heartbeat_after_the_end():
    """Refused, with how it ended; and so it is once the time is up, though nobody has written that yet."""
    grant = a_grant()
    done, _ = t.done(grant, ANA, NOW)
    with pytest.raises(WrongState, match="being taken back already"):
        must_beat(done, NOW)
    with pytest.raises(WrongState, match=r"time of .* is up"):
        must_beat(grant, grant.ends_at)
    assert 4 == must_beat(grant, grant.ends_at - timedelta(seconds=1))


@pytest.mark.parametrize("state", [State.PENDING, State.GRANTING, State.ENDING, State.COMPLETED])
def test_only_what_is_live_falls_silent(state):
    """What ends already, or has not begun, is left as it is."""
    with pytest.raises(WrongState):
        fall_silent(a_grant().model_copy(update={"state": state}), NOW)
