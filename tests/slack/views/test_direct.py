"""A notice says what holds when it is said, however late its event is told."""

from app.domain import transitions as t
from app.domain.request import Lease
from app.slack.views.card import Audience
from app.slack.views.direct import notice
from tests.people import ANA, BEN, NOW, a_request, entitled

LEASE = Lease(connector="grant-key", reference="", summary="by the grant key")


def test_no_warning_of_an_end_that_has_come():
    """A warning that is told late, as after a crash, is told only while there is something to save."""
    approved, _ = t.approve(t.ask(a_request())[0], BEN, entitled, NOW)
    active, _ = t.activate(t.begin_grant(approved, NOW)[0], LEASE, NOW)
    warned, warning = t.warn(active, active.warns_at)
    ending, _ = t.done(warned, ANA, warning.at)
    assert "Save your work" in notice(warned, warning, Audience())
    assert notice(ending, warning, Audience()) is None
    assert notice(t.finish(ending, warning.at)[0], warning, Audience()) is None
