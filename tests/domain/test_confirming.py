"""Contract: what takes its requester's proof begins no access without it, is asked for once, and lapses in time."""

from datetime import timedelta

import pytest

from app.audit.story import story_lines
from app.domain import transitions as t
from app.domain.confirming import CONFIRMED_WITHIN, ask_confirmation, confirm, is_confirmed
from app.domain.deadlines import Deadline, deadlines
from app.domain.proof import SLACK_SESSION, Factor, Proof
from app.domain.refusals import FactorNeeded, NotPermitted, WrongState
from app.domain.request import State
from app.domain.standing import standing
from app.domain.verdict import Obligations
from app.slack.views.card import Audience, status_line
from app.slack.views.direct import confirmation_message, notice
from app.slack.views.home import Home, home_view
from app.slack.views.thread import story_line
from tests.audit.stories import recorded
from tests.people import ANA, BEN, NOW, a_request, entitled

ASKS = Obligations(mfa_requester=(Factor.WEBAUTHN,), fresh_seconds=0)
KEY = Proof(kind="webauthn", credential="1a2b")


def approved(obligations=ASKS):
    request = a_request()
    verdict = request.verdict.model_copy(update={"obligations": obligations})
    asked = t.ask(request.model_copy(update={"verdict": verdict}))[0]
    return t.approve(asked, BEN, entitled, NOW)[0]


def waiting():
    return ask_confirmation(approved(), ASKS, NOW)


def test_nothing_begins_without():
    """The arrow to access itself is closed until it is confirmed, whoever calls it."""
    for request in (approved(), waiting()[0]):
        with pytest.raises(WrongState, match="waits for its requester"):
            t.begin_grant(request, NOW)
    confirmed = confirm(waiting()[0], ANA, KEY, ASKS, NOW)[0]

    assert State.GRANTING is t.begin_grant(confirmed, NOW)[0].state
    assert State.GRANTING is t.begin_grant(approved(Obligations()), NOW)[0].state


def test_it_has_one_deadline():
    """While it waits for its requester nothing else is due; afterwards its start is again."""
    request = waiting()[0]

    assert {Deadline.LAPSE: NOW + CONFIRMED_WITHIN} == deadlines(request)
    assert {Deadline.START} == set(deadlines(confirm(request, ANA, KEY, ASKS, NOW)[0]))


def test_it_lapses():
    """Not a moment early; and what is said of it then is that its requester was not there."""
    request = waiting()[0]
    with pytest.raises(WrongState):
        t.lapse(request, NOW + CONFIRMED_WITHIN - timedelta(seconds=1))
    lapsed, event = t.lapse(request, NOW + CONFIRMED_WITHIN)

    assert (State.LAPSED, True) == (lapsed.state, event.unconfirmed)
    assert f"{request.id} has lapsed: Ana Ruiz did not confirm it in time" == standing(lapsed)
    assert "💤 Lapsed: Ana Ruiz did not confirm in time." == story_line(lapsed, event, Audience())
    assert "you did not confirm it in time" in notice(lapsed, event, Audience())
    assert status_line(lapsed, Audience()).startswith("*Lapsed:* Ana Ruiz did not confirm in time.")
    assert ["The requester did not confirm in time: the request lapsed."] == told(event)


def test_what_is_said_meanwhile():
    """The story tells that it is waited for, and by what it was confirmed."""
    request, asked = waiting()
    confirmed, event = confirm(request, ANA, KEY, ASKS, NOW)
    (line,) = told(asked)

    assert line.startswith(
        "It begins once the requester confirms with a security key, until 2026-03-02 09:45"
    )
    assert ["ana confirmed with a security key (…1a2b). Access may begin."] == told(event)
    assert "🔑 ana confirmed with a security key (…1a2b)." == story_line(confirmed, event, Audience())
    assert "jit_confirm" in str(confirmation_message(request, Audience()))
    assert "jit_confirm" in str(home_view(Home(person=ANA, at=NOW, held=(request,))))
    assert "jit_confirm" not in str(home_view(Home(person=ANA, at=NOW, held=(confirmed,))))
    assert "jit_confirm" not in str(confirmation_message(confirmed, Audience()))


@pytest.mark.parametrize(
    ("by", "proof", "refusal"),
    [(BEN, KEY, NotPermitted), (ANA, SLACK_SESSION, FactorNeeded), (ANA, Proof(kind="totp"), FactorNeeded)],
)
def test_by_whom_and_what(by, proof, refusal):
    """The requester alone, by a factor that is accepted."""
    with pytest.raises(refusal):
        confirm(waiting()[0], by, proof, ASKS, NOW)


def test_what_nobody_can_meet():
    """An empty set of factors is met by no proof."""
    nothing = Obligations(mfa_requester=())
    assert not is_confirmed(approved().model_copy(update={"confirmed": KEY}), nothing)


def told(event):
    return [line.text for line in story_lines(recorded([event]), {})]
