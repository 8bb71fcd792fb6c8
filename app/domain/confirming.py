"""The requester confirms by a factor before access begins, where policy asks that.

It is asked for when everything else is ready, so that it is somebody who is there now to whom access is given.
"""

from datetime import datetime, timedelta

from app.domain import events
from app.domain.people import SYSTEM, Principal
from app.domain.proof import Proof
from app.domain.proving import Purpose, factors_asked, must_be_proved, proves
from app.domain.refusals import BadInput, NotPermitted, WrongState
from app.domain.request import Request, State
from app.domain.standing import standing
from app.domain.verdict import Obligations

CONFIRMED_WITHIN = timedelta(minutes=15)
"""How long a confirmation is waited for; and how long before a start that was asked for it may come."""
Step = tuple[Request, events.Event]


def is_confirmed(request: Request, obligations: Obligations) -> bool:
    """Tell whether access may begin: the requester has proved what is asked, or nothing is."""
    if factors_asked(obligations, Purpose.CONFIRM) is None:
        return True
    return request.confirmed is not None and proves(request.confirmed, obligations, Purpose.CONFIRM)


def ask_confirmation(request: Request, obligations: Obligations, now: datetime) -> Step:
    """Let a request that is ready to begin wait for its requester, for CONFIRMED_WITHIN from now."""
    _must_be_ready(request)
    confirms_by = now + CONFIRMED_WITHIN
    factors = factors_asked(obligations, Purpose.CONFIRM) or ()
    waiting = request.model_copy(update={"confirms_by": confirms_by, "confirms_with": factors})
    return waiting, events.ConfirmationAsked(
        request_id=request.id,
        at=now,
        by=SYSTEM,
        factors=factors,
        confirms_by=confirms_by,
    )


def must_be_confirmable(request: Request, by: Principal, obligations: Obligations, now: datetime) -> None:
    """Raise unless this person may confirm now, given a factor."""
    if not by.is_same_person(request.requester):
        raise NotPermitted(f"{request.id} is not your request, so you cannot confirm it.")
    _must_be_ready(request)
    if is_confirmed(request, obligations):
        raise BadInput(f"{request.id} takes no confirmation of yours; it begins by itself.")
    if request.confirms_by is not None and now >= request.confirms_by:
        raise WrongState(request.id, State.LAPSED, "confirm", f"{request.id} was not confirmed in time")
    if request.confirms_by is None and request.start_at and now < request.start_at - CONFIRMED_WITHIN:
        raise BadInput(f"{request.id} does not start yet: confirm it when it does. I tell you then.")


def confirm(request: Request, by: Principal, proof: Proof, obligations: Obligations, now: datetime) -> Step:
    """Confirm by a proof. Raises FactorNeeded for one that is not what `obligations` ask."""
    must_be_confirmable(request, by, obligations, now)
    must_be_proved(request.id, proof, obligations, Purpose.CONFIRM, now)
    confirmed = request.model_copy(update={"confirmed": proof, "confirms_by": None})
    return confirmed, events.Confirmed(request_id=request.id, at=now, by=by.id, proof=proof)


def _must_be_ready(request: Request) -> None:
    if request.state not in {State.APPROVED, State.SCHEDULED}:
        raise WrongState(request.id, request.state, "confirm", standing(request))
