"""Webhook: the user's own service gives and takes back, by signed calls; docs/webhook.md tells what it must do."""

from collections.abc import Sequence
from typing import ClassVar

from app.connectors.mark import Mark
from app.connectors.protocol import Capabilities, Found, Granted
from app.connectors.told import Call, GrantAnswer, ListAnswer, plan_line, question, read
from app.connectors.webhook import settings as written
from app.connectors.webhook.service import Service
from app.domain.request import Request


class Webhook:
    """Calls one address for all; what is asked stands in the body, and nothing of a request in the address."""

    Settings = written.Settings
    Parameters = written.Parameters
    capabilities: ClassVar[Capabilities] = Capabilities(native_expiry=False, ends_sessions=False)

    def __init__(self, name: str, settings: written.Settings, mark: Mark) -> None:
        self.name = name
        self._host, self._address = settings.host, settings.told
        self._mark = mark
        self._service = Service(settings)

    def plan(self, request: Request) -> Sequence[str]:
        asked = f"the service at {self._host} is asked for {request.action} on {request.resource}"
        return (asked, *plan_line(request))

    def place(self, request: Request) -> str:  # noqa: ARG002  the protocol's
        return f"the service at {self._address}"

    async def grant(self, request: Request, key: str) -> Granted:
        answer = await self._service.ask(question(Call.GRANT, self._mark, key, request), idempotency_key=key)
        return read(answer, GrantAnswer, self._host).granted(self.name, request, key)

    async def extend(self, request: Request, key: str) -> None:
        await self._service.ask(question(Call.EXTEND, self._mark, key, request))

    async def revoke(self, request: Request, key: str) -> None:
        await self._service.ask(question(Call.REVOKE, self._mark, key, request))

    async def check(self) -> None:
        await self._service.ask(question(Call.CHECK, self._mark))

    async def list_active(self) -> Sequence[Found]:
        answer = await self._service.ask(question(Call.LIST, self._mark))
        return read(answer, ListAnswer, self._host).found(self._host, self._mark)

    async def remove(self, found: Found) -> None:
        await self._service.ask(question(Call.REVOKE, self._mark, found.key))

    async def close(self) -> None:
        await self._service.close()
