"""The connector of actions whose target asks the grant store itself: the grant key is the access.

Nothing is created elsewhere, so nothing can be left over: the key ends by its native TTL.
"""

from app.domain.request import Lease, Request


class GrantKey:
    """Gives nothing but the grant key that the store sets when a request becomes active."""

    name = "grant-key"

    async def grant(self, request: Request) -> Lease:
        return Lease(
            connector=self.name,
            reference=request.id,
            summary=f"{request.action} on {request.resource}, by the grant key",
        )

    async def revoke(self, request: Request) -> None:
        """Nothing to do: the transition that ends a grant deletes its key."""
