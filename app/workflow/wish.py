"""What someone asks for, as it comes in."""

from datetime import datetime, timedelta

from app.domain.binding import Binding
from app.domain.gate import Gate
from app.domain.refusals import (
    BadInput,
)
from app.domain.run import Run
from app.domain.value import Value
from app.store.requests import DELIVERY_REMEMBERED, LATEST_START

SOONEST = timedelta(minutes=5)
"""A start that lies this little in the past is one that came while the form was filled in."""


class Wish(Value):
    """What someone asks for, as typed. `delivery` names the message that asked, so that it counts once."""

    action: str
    resource: str
    duration: timedelta | None = None
    reason: str = ""
    source: str = "slack"
    ip: str = ""
    ip_told_by: str = ""
    run: Run | None = None
    """As in `Request`."""
    delivery: str = ""
    delivery_kept: timedelta = DELIVERY_REMEMBERED
    """For how long it counts once."""
    gate: Gate | None = None
    """The deployment that waits elsewhere for what is decided; such a grant is good for one use."""
    start_at: datetime | None = None
    binding: Binding | None = None
    heartbeat: int | None = None
    """As in `Request`."""
    asked_with: tuple[str, ...] = ()
    """Other resources that the same wish names; each is a request of its own."""


def check_start(wanted: datetime | None, now: datetime) -> datetime | None:
    """Check the start that someone asks for; one that has just passed is at once. Raises BadInput."""
    if wanted is None or now - SOONEST < wanted <= now:
        return None
    if wanted < now:
        raise BadInput(
            "The start lies in the past: leave it out to start as soon as it is approved.", field="start"
        )
    if wanted > now + LATEST_START:
        raise BadInput(
            f"The start lies more than {LATEST_START.days} days ahead: ask nearer to it.", field="start"
        )
    return wanted
