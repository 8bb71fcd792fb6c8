"""The requester takes what they need to get in, once; it is recorded before they get it."""

from datetime import datetime

from app.domain.binding import must_be_bound_to
from app.domain.people import Principal
from app.domain.proof import Factor
from app.domain.proving import Purpose, factors_asked
from app.domain.request import Request, Taken
from app.domain.taking import must_be_takeable, take_credentials
from app.domain.transitions import Step
from app.workflow.proving import Proving

VERB = "take the credentials of"


class Taking(Proving):
    """Lets one take the credentials of a request."""

    async def may_take_credentials(self, request_id: str, by: Principal, digest: str = "") -> Request:
        """Read a request whose credentials this person may take now. Raises what taking them would raise.

        `digest` is of what they are about to do, where the request is bound to that.
        """
        request = (await self._store.load(request_id)).request
        must_be_takeable(request, by)
        async with self._recording(request_id, by, VERB):
            must_be_bound_to(request_id, request.binding, digest)
        return request

    async def take_credentials(
        self, request_id: str, by: Principal, ip: str, ip_told_by: str, *, on_page: bool
    ) -> Request:
        """Be the one who takes them. Raises UnknownRequest for others' requests, and NoCredentials."""

        def take(request: Request, now: datetime) -> Step:
            taken = Taken(at=now, ip=ip, ip_told_by=ip_told_by, on_page=on_page)
            return take_credentials(request, by, taken)

        return await self._by_person(request_id, by, VERB, take)

    async def asked_to_take(self, request: Request) -> tuple[Factor, ...] | None:
        """Name the factors of which policy asks the requester one, whatever they proved before; None for none."""
        now = await self._store.now()
        counted = await self._counted(request.id)
        return factors_asked(self._obliged(request, now, counted), Purpose.CONFIRM)
