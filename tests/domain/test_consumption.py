"""Contract of grants that are good for one use: one use ends them, nothing else is used up, and only what is live."""

from datetime import timedelta

import pytest

from app.domain import transitions as t
from app.domain.consumption import consume
from app.domain.people import Principal
from app.domain.refusals import AlreadyUsed, NotSingleUse, WrongState
from app.domain.request import EndCause, Lease, State
from app.domain.standing import standing
from app.domain.verdict import Obligations, Outcome
from tests.people import ANA, NOW, a_request

GATEWAY = Principal(id="checkout-gateway", name="checkout-gateway", slack="")
LEASE = Lease(connector="grant-key", reference="x", summary="x")


def a_grant(*, single_use: bool = True):
    request = a_request(outcome=Outcome.AUTO_APPROVE)
    obliged = request.verdict.model_copy(update={"obligations": Obligations(single_use=single_use)})
    asked, _ = t.ask(request.model_copy(update={"verdict": obliged}))
    return t.activate(t.begin_grant(asked, NOW)[0], LEASE, NOW)[0]


def test_one_use_ends_it():
    """It ends as work that is done does, by whoever used it, and says so."""
    used, event = consume(a_grant(), GATEWAY, NOW, "192.0.2.7")
    assert (State.ENDING, EndCause.DONE, "checkout-gateway", True) == (
        used.state, used.ending.cause, used.ending.by, used.ending.used,
    )  # fmt: skip
    assert ("consumed", "checkout-gateway", "192.0.2.7") == (event.kind, event.by, event.ip)
    ended, _ = t.finish(used, NOW)
    assert State.COMPLETED is ended.state
    assert "good for one use, and checkout-gateway used it" in standing(ended)


def test_nobody_uses_it_again():
    """Neither while it ends nor afterwards."""
    used, _ = consume(a_grant(), GATEWAY, NOW)
    for again in (used, t.finish(used, NOW)[0]):
        with pytest.raises(AlreadyUsed):
            consume(again, ANA, NOW)


def test_only_what_is_good_for_one_use():
    """What may be used often is not used up."""
    with pytest.raises(NotSingleUse):
        consume(a_grant(single_use=False), GATEWAY, NOW)


def test_not_past_its_end():
    """From its end on it is not used, even before its end was written."""
    grant = a_grant()
    consume(grant, GATEWAY, grant.ends_at - timedelta(milliseconds=1))
    with pytest.raises(WrongState):
        consume(grant, GATEWAY, grant.ends_at)


def test_two_machines_are_not_one():
    """Nobody is the same person for having no Slack user."""
    assert not GATEWAY.is_same_person(Principal(id="other", name="other", slack=""))
    assert GATEWAY.is_same_person(GATEWAY)
