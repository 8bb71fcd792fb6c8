"""Credentials for a key that the requester made: the private half never leaves their machine."""

from app.connectors.calls import Calls, Told, nobody
from app.connectors.places import must_be_there
from app.connectors.protocol import ConnectorFailed, Secret, TakesKeys
from app.connectors.registry import Connectors
from app.domain.refusals import NotSetUp
from app.domain.request import Request


class OwnKeys:
    """Asks the connector of a live grant, where it is one that takes keys."""

    def __init__(self, connectors: Connectors, told: Told = nobody) -> None:
        self._connectors = connectors
        self._calls = Calls(told)

    async def certify(self, request: Request, public_key: str) -> Secret | None:
        """Give what lets a public key in; None where the target knows no keys. Raises NotSetUp."""
        opened = self._connectors.of(request)
        if opened is None or not isinstance(taker := opened.connector, TakesKeys):
            return None
        key = self._connectors.mark.key(request.id)
        try:
            await must_be_there(self._connectors, request)
            return await self._calls.make(
                "certify", opened, lambda: taker.certify(request, key, public_key), lambda: None
            )
        except ConnectorFailed as failure:
            raise NotSetUp(request.action, str(failure)) from None
