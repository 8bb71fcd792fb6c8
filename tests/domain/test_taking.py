"""Contract of taking credentials: the requester's alone, of live access, once; whoever is late hears who was first."""

from datetime import timedelta

import pytest

from app.domain import transitions as t
from app.domain.refusals import CredentialsGone, NoAccessNow, UnknownRequest
from app.domain.request import Lease, Taken
from app.domain.taking import take_credentials
from tests.people import ANA, BEN, NOW, a_request, entitled

LEASE = Lease(connector="postgres", reference="r", summary="a role", has_credentials=True)
TAKEN = Taken(at=NOW, ip="192.0.2.7", ip_told_by="connection", on_page=True)


def live():
    approved, _ = t.approve(t.ask(a_request())[0], BEN, entitled, NOW)
    return t.activate(t.begin_grant(approved, NOW)[0], LEASE, NOW)[0]


def test_taken_once():
    """The event says when and from where; the second is told it, with how to end the access."""
    taken, event = take_credentials(live(), ANA, TAKEN)
    assert (TAKEN, "192.0.2.7", True, NOW) == (taken.taken, event.ip, event.on_page, event.at)
    later = TAKEN.model_copy(update={"at": NOW + timedelta(minutes=1)})
    with pytest.raises(CredentialsGone, match=f"shown at {NOW:%H:%M} UTC.* from 192.0.2.7.*/jit revoke"):
        take_credentials(taken, ANA, later)


def test_nobody_elses():
    """An approver, too, learns no more than that there is nothing for them."""
    with pytest.raises(UnknownRequest):
        take_credentials(live(), BEN, TAKEN)


def test_no_access_no_credentials():
    """Before it begins and after it ends there is nothing to take, taken or not."""
    pending = t.ask(a_request())[0]
    ending = t.done(take_credentials(live(), ANA, TAKEN)[0], ANA, NOW)[0]
    for request in (pending, ending):
        with pytest.raises(NoAccessNow, match=request.state.value):
            take_credentials(request, ANA, TAKEN)
