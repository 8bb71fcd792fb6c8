"""Handing out credentials: to the requester of live access, once, whatever way they come and however many race.

They are opened first, then the request is marked in one atomic write of which one caller is the winner, and only
the winner gets what was opened. So a store that goes away in the middle gives nothing to anybody, and what was not
recorded was not handed out.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple

from app.domain.people import Principal
from app.domain.refusals import NoCredentials, Unavailable
from app.domain.request import Request
from app.store.secrets import Opened, Sealed, Secrets, in_clear
from app.workflow import Workflow

Certify = Callable[[Request, str], Awaitable[Sealed | None]]
"""Gives for a live grant what lets in a public key of the requester's own; None where the target takes none."""


async def _no_keys(_: Request, __: str) -> None:
    """No target takes keys."""


class From(NamedTuple):
    """From where they are taken, and whether they are shown on a page."""

    ip: str = ""
    ip_told_by: str = ""
    on_page: bool = False


class Handing:
    """Hands credentials out."""

    def __init__(self, workflow: Workflow, secrets: Secrets, certify: Certify = _no_keys) -> None:
        """`certify` is left out where no target takes keys."""
        self._workflow = workflow
        self._secrets = secrets
        self._certify = certify

    async def may(self, request_id: str, by: Principal) -> Request:
        """Read a request of which this person can have the credentials now. Raises what handing out would raise."""
        request, _ = await self._open(request_id, by, "")
        return request

    async def hand_out(
        self, request_id: str, by: Principal, to: From, public_key: str = "", digest: str = ""
    ) -> Opened:
        """Give what lets the requester in, for their own public key where one is given and the target takes keys.

        Of access that is bound to something exact `digest` says to what, or nothing is given.

        Raises UnknownRequest for requests of others; NoCredentials where access is over, where there are none, and,
        as CredentialsGone, where somebody was first; DigestNeeded or DigestMismatch; NotSetUp where the target does
        not certify; Unavailable.
        """
        request, opened = await self._open(request_id, by, digest)
        certified = await self._certify(request, public_key) if public_key else None
        given = in_clear(certified) if certified else opened
        await self._workflow.take_credentials(request.id, by, to.ip, to.ip_told_by, on_page=to.on_page)
        with suppress(Unavailable):  # nobody gets it again by the mark on the request, and it ends by its TTL
            await self._secrets.forget(request.id)
        return given

    async def _open(self, request_id: str, by: Principal, digest: str) -> tuple[Request, Opened]:
        """Read a request and what lets its requester in; where that is gone, say so, and not that there was none."""
        request = await self._workflow.may_take_credentials(request_id, by, digest)
        opened = await self._secrets.read(request.id)
        if opened is None:
            await self._workflow.may_take_credentials(
                request_id, by, digest
            )  # raises, where it is taken or over now
            raise NoCredentials(request.id)
        return request, opened
