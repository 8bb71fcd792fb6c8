"""What policy counts of what a person had before."""

from collections.abc import Iterable

from app.domain.request import Request, State
from app.policy.ask import History

CAME_TO_NOTHING = frozenset({State.DENIED, State.CANCELLED, State.LAPSED})
HELD = frozenset({State.APPROVED, State.SCHEDULED, State.GRANTING, State.ACTIVE, State.ENDING})


def history(earlier: Iterable[Request], action: str, besides: str = "") -> History:
    """Count what someone had before: `besides` is the request that is judged, and not counted."""
    others = [request for request in earlier if request.id != besides]
    return History(
        asked=tuple(
            request.created_at
            for request in others
            if request.action == action and request.state not in CAME_TO_NOTHING
        ),
        live=sum(request.state in HELD for request in others),
    )
