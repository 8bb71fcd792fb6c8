"""What every connector can do."""

from typing import Protocol

from app.domain.request import Lease, Request


class ConnectorFailed(Exception):  # noqa: N818  an answer of the target, told to people
    """The target refused or did not answer; `str()` says what for the people who wait, without secrets."""


class Connector(Protocol):
    """One kind of target. Both calls are idempotent by the request's id, and raise ConnectorFailed."""

    name: str

    async def grant(self, request: Request) -> Lease:
        """Create the access or find it there; it ends by itself at `request.ends_at` where that can be."""
        ...

    async def revoke(self, request: Request) -> None:
        """Remove the access and end its sessions; it is not an error when nothing is there."""
        ...
