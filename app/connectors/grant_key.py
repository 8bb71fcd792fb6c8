"""The connector of actions whose target asks the grant store itself: the grant key is the access.

Nothing is created elsewhere, so nothing can be left over: the key ends by its native TTL.
"""

from collections.abc import Sequence
from typing import ClassVar

from app.connectors.protocol import Capabilities, Found, Granted
from app.domain.request import Lease, Request


class GrantKey:
    """Gives nothing but the grant key that the store sets when a request becomes active."""

    name = "grant-key"
    capabilities: ClassVar[Capabilities] = Capabilities(
        native_expiry=True, ends_sessions=False, single_use=True
    )

    def plan(self, request: Request) -> Sequence[str]:  # noqa: ARG002  the protocol's
        """Nothing worth a line: services that check the grant tell what it opens."""
        return ()

    async def grant(self, request: Request, key: str) -> Granted:  # noqa: ARG002  the protocol's
        summary = f"{request.action} on {request.resource}, by the grant key"
        return Granted(Lease(connector=self.name, reference=request.id, summary=summary))

    async def extend(self, request: Request, key: str) -> None:
        """Nothing to do: the transition that extends a grant moves its key's TTL."""

    async def revoke(self, request: Request, key: str) -> None:
        """Nothing to do: the transition that ends a grant deletes its key."""

    async def check(self) -> None:
        """Nothing to look at: without the store nothing runs."""

    async def list_active(self) -> Sequence[Found]:
        return ()

    async def remove(self, found: Found) -> None:
        """Nothing is ever found."""

    async def close(self) -> None:
        """Nothing is held."""
