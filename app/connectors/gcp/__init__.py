"""Google Cloud: for each grant a binding of roles with a condition on time, so that it ends by itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import structlog

from app.connectors.gcp import settings as written
from app.connectors.gcp.bindings import Bindings, end_of, given, moved, standing, taken, title_of, wanted
from app.connectors.gcp.policies import Policies
from app.connectors.mark import Mark
from app.connectors.protocol import Capabilities, ConnectorFailed, Found, Granted, Unfit, parameters_of
from app.domain.request import Lease, Request

log = structlog.get_logger(__name__)


class Gcp:
    """Binds roles on projects, folders and organizations.

    Google takes some 2 minutes until a change of a policy counts everywhere, at times 7 or more, at the beginning
    and at an early end alike; the end of the condition counts at once.
    https://cloud.google.com/iam/docs/access-change-propagation
    """

    Settings = written.Settings
    Parameters = written.Parameters
    capabilities: ClassVar[Capabilities] = Capabilities(native_expiry=True, ends_sessions=False)

    def __init__(self, name: str, settings: written.Settings, mark: Mark) -> None:
        self.name = name
        self._settings = settings
        self._mark = mark
        self._policies = Policies(settings)

    def plan(self, request: Request) -> Sequence[str]:
        place, member, roles = self._place(request), self._member(request), _roles(request)
        for role in roles:
            owner = role.split("/roles/")[0]
            if owner.startswith("projects/") and owner != place:
                raise Unfit(f"roles: {role} is a role of {owner}, and cannot be given on {place}")
        return (
            f"Google Cloud: {', '.join(roles)} on {place}, for {member}, by a condition that ends it on time",
            "it may take some minutes to be usable, and as long to be gone where it is ended early",
        )

    def place(self, request: Request) -> str:
        return self._place(request)

    async def grant(self, request: Request, key: str) -> Granted:
        if request.ends_at is None:
            raise ConnectorFailed("the grant has no end")
        try:
            self.plan(request)
            place, member, roles = self._place(request), self._member(request), _roles(request)
        except Unfit as unfit:
            raise ConnectorFailed(str(unfit)) from None
        asked = wanted(roles, member, key, request.ends_at)
        read = await self._policies.change(place, lambda bindings: given(bindings, key, asked))
        summary = f"{', '.join(roles)} on {place}{_beside(read, roles, member)}"
        return Granted(Lease(connector=self.name, reference=f"{place}/{key}", summary=summary))

    async def extend(self, request: Request, key: str) -> None:
        if request.ends_at is None:
            return
        ends_at = request.ends_at
        await self._policies.change(
            self._place_still(request), lambda bindings: moved(bindings, key, ends_at)
        )

    async def revoke(self, request: Request, key: str) -> None:
        await self._take(self._place_still(request), key)

    async def check(self) -> None:
        for place in self._settings.places:
            if lacking := await self._policies.lacking(place):
                raise ConnectorFailed(f"the bot lacks {' and '.join(lacking)} on {place}")
            await self._policies.bindings(place)

    async def list_active(self) -> Sequence[Found]:
        found: list[Found] = []
        for place in self._settings.places:
            bindings = await self._policies.bindings(place)
            keys = {title: None for each in bindings if self._mark.request_in(title := title_of(each))}
            found += [Found(key, place, _end(bindings, key)) for key in keys]
        return found

    async def remove(self, found: Found) -> None:
        if found.place in self._settings.places and self._mark.request_in(found.key):
            await self._take(found.place, found.key)

    async def close(self) -> None:
        await self._policies.close()

    async def _take(self, place: str, key: str) -> None:
        await self._policies.change(place, lambda bindings: taken(bindings, key))

    def _member(self, request: Request) -> str:
        """Find who the requester is at Google. Raises Unfit."""
        member = self._settings.people.get(request.requester.id)
        if member is None:
            raise Unfit(f"the connector {self.name} has nobody for {request.requester.id} in its people")
        return member

    def _place(self, request: Request) -> str:
        """Find what a resource is. Raises Unfit."""
        if found := self._settings.resources.get(request.resource):
            return found
        raise Unfit(
            f"the connector {self.name} has no project, folder or organization for {request.resource}"
        )

    def _place_still(self, request: Request) -> str:
        """The same for what was given before: settings that name it no more are to be mended."""
        try:
            return self._place(request)
        except Unfit as unfit:
            raise ConnectorFailed(f"{unfit} any more; name it again in JIT_CONNECTORS") from None


def _roles(request: Request) -> list[str]:
    return parameters_of(request, written.Parameters).roles


def _end(bindings: Bindings, key: str) -> datetime | None:
    """Give the first end of a grant's bindings; None where one has none that can be told."""
    ends = [end_of(each) for each in bindings if title_of(each) == key]
    told = [each for each in ends if each]
    return min(told) if len(told) == len(ends) else None


def _beside(bindings: Bindings, roles: Sequence[str], member: str) -> str:
    """Say what the person holds without an end: taking the grant back will not end that."""
    held = standing(bindings, roles, member)
    if not held:
        return ""
    log.warning("standing_access", roles=held)
    return f"; they hold {', '.join(held)} there without an end, too"
