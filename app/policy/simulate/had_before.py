"""What requesters had before, made up from recorded events."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

from app.domain.events import (
    Approved,
    Cancelled,
    Denied,
    Ended,
    Event,
    GrantBegun,
    GrantFailed,
    Lapsed,
    Requested,
)
from app.domain.verdict import Outcome
from app.policy.ask import History


def had_before(event: Requested, events: Iterable[Event]) -> History:
    """Give what the requester had when they made a request, from the events before it, in their order."""
    before = HadBefore()
    for each in events:
        if isinstance(each, Requested) and each.request_id == event.request_id:
            break
        before.take(each)
    return before.of(event)


class HadBefore:
    """Follows events in their order, and tells at any point what someone had until then."""

    def __init__(self) -> None:
        self._requests: dict[str, Requested] = {}
        self._counted: dict[tuple[str, str], dict[str, datetime]] = defaultdict(dict)
        self._live: dict[str, set[str]] = defaultdict(set)

    def of(self, event: Requested) -> History:
        """Give what the requester had when they made this request, which is not yet taken."""
        requester = event.requester.id
        earlier = self._counted[requester, event.action].values()
        return History(asked=tuple(each.astimezone(UTC) for each in earlier), live=len(self._live[requester]))

    def take(self, event: Event) -> None:
        """Go on by one event. What is about a request that was not taken adds nothing."""
        if isinstance(event, Requested):
            self._ask(event)
            return
        request = self._requests.get(event.request_id)
        if request is None:
            return
        match event:
            case Approved(settled=True) | GrantBegun():
                self._live[request.requester.id].add(request.request_id)
            case Denied() | Cancelled() | Lapsed():
                self._counted[request.requester.id, request.action].pop(request.request_id, None)
                self._live[request.requester.id].discard(request.request_id)
            case GrantFailed() | Ended():
                self._live[request.requester.id].discard(request.request_id)

    def _ask(self, event: Requested) -> None:
        if event.verdict.outcome is Outcome.DENY:
            return
        self._requests[event.request_id] = event
        self._counted[event.requester.id, event.action][event.request_id] = event.at
        if event.verdict.outcome is Outcome.AUTO_APPROVE:
            self._live[event.requester.id].add(event.request_id)
