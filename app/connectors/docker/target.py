"""What every connector of a Docker engine does alike: containers behind resources, and their ends."""

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from app.connectors.docker.engine import Engine, NotThere
from app.connectors.docker.marked import Json, Marked
from app.connectors.docker.settings import RestartSettings
from app.connectors.mark import Mark
from app.connectors.protocol import ConnectorFailed, Found, Unfit
from app.domain.request import Request

SETTLES = 0.5
"""Seconds after which a container that has been started must still run."""


class OfEngine:
    """A connector of one engine; what it makes for a grant is a container of the grant's own."""

    def __init__(self, name: str, settings: Any, mark: Mark) -> None:
        reached: RestartSettings = settings
        self.name = name
        self._containers = reached.containers
        self._engine = Engine(reached)
        self._marked = Marked(self._engine, mark)

    def place(self, request: Request) -> str:  # noqa: ARG002  the protocol's
        """The engine alone: what is made there is found by its name, whatever container it is for."""
        return f"the Docker engine at {self._engine.place}"

    async def extend(self, request: Request, key: str) -> None:
        """Nothing to do: the engine knows of no end, it is the bot that ends it."""

    async def revoke(self, request: Request, key: str) -> None:  # noqa: ARG002  the protocol's
        await self._marked.remove(key)

    async def check(self) -> None:
        for container in self._containers.values():
            await self._inspect(container)

    async def list_active(self) -> Sequence[Found]:
        return await self._marked.all()

    async def remove(self, found: Found) -> None:
        await self._marked.remove(found.key)

    async def close(self) -> None:
        await self._engine.close()

    def _container(self, request: Request) -> str:
        """Name the container behind a resource. Raises Unfit."""
        found = self._containers.get(request.resource)
        if found is None:
            raise Unfit(f"the connector {self.name} has no container for {request.resource}")
        return found

    def _container_still(self, request: Request) -> str:
        """The same, once it is given."""
        try:
            return self._container(request)
        except Unfit as unfit:
            raise ConnectorFailed(str(unfit)) from None

    async def _stays_up(self, container: str) -> Json | None:
        """Inspect it a moment after its start; None where it does not run then, or starts over and over."""
        await asyncio.sleep(SETTLES)
        found = await self._inspect(container)
        return found if found["State"]["Running"] and not found["State"]["Restarting"] else None

    async def _inspect(self, container: str) -> Json:
        try:
            found: Json = await self._engine.ask("GET", f"/containers/{quote(container)}/json")
        except NotThere:
            raise ConnectorFailed(f"there is no container {container}") from None
        return found
