"""Access that lives by heartbeats: it ends soon after whoever uses it has stopped, however that came about."""

from app.domain.people import Principal
from app.domain.refusals import UnknownRequest, WrongState
from app.domain.request import Request, State
from app.domain.silence import fall_silent, must_beat
from app.workflow.writing import Writing


class Beating(Writing):
    """Takes heartbeats, and ends what has none any more."""

    async def beat(self, request_id: str, by: Principal) -> tuple[Request, int]:
        """Take a heartbeat of one's own live access; gives for how many seconds it counts.

        Raises UnknownRequest alike for others' and for none, NoHeartbeat, and WrongState once it is over.
        """
        request, now = await self._store.load(request_id)
        if not by.is_same_person(request.requester):
            raise UnknownRequest(request_id)
        seconds = must_beat(request, now)
        if self._beats is None or not await self._beats.beat(request_id, seconds):
            must_beat(*await self._store.load(request_id))  # says how it ended, where it has
            raise WrongState(request_id, "expired", "keep alive", f"the time of {request_id} is up")
        return request, seconds

    async def listen(self, request_id: str) -> None:
        """End access whose heartbeats have stopped; while they have not, it is looked at again later."""
        request = (await self._store.load(request_id)).request
        if self._beats is None or request.state is not State.ACTIVE or request.heartbeat is None:
            raise WrongState(request_id, request.state, "listen to")
        if await self._beats.has_stopped(request_id, request.heartbeat):
            await self._apply(request_id, fall_silent)
