"""A restart of a container, once for each grant."""

from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import quote

from app.connectors.docker import settings as written
from app.connectors.docker.marked import LABEL
from app.connectors.docker.target import OfEngine
from app.connectors.protocol import Capabilities, ConnectorFailed, Granted, parameters_of
from app.domain.request import Lease, Request

STOPS_WITHIN = "10"
"""Seconds that a container gets to stop, before it is killed."""


class Restart(OfEngine):
    """Leaves a container that never runs as its mark, with the start that was found: only that one is ended.

    So a second try, by whoever comes after a process that died, restarts nothing that was started since.
    """

    Settings = written.RestartSettings
    Parameters = written.RestartParameters
    capabilities: ClassVar[Capabilities] = Capabilities(
        native_expiry=True, ends_sessions=False, single_use=True, moves_ends=False
    )

    def plan(self, request: Request) -> Sequence[str]:
        parameters_of(request, written.RestartParameters)
        return (f"Docker: the container {self._container(request)} is restarted, once",)

    async def grant(self, request: Request, key: str) -> Granted:
        container = self._container_still(request)
        target = await self._inspect(container)
        how = {
            "Image": target["Image"],
            "Cmd": ["true"],
            "HostConfig": {"NetworkMode": "none"},
        }
        mark = await self._marked.make(
            request, key, how, target=target["Id"], before=target["State"]["StartedAt"]
        )
        labels = mark["Config"]["Labels"]
        before = (labels[f"{LABEL}target"], labels[f"{LABEL}before"])
        if (target["Id"], target["State"]["StartedAt"]) == before:
            await self._engine.ask("POST", f"/containers/{quote(target['Id'])}/restart", t=STOPS_WITHIN)
        now = await self._stays_up(container)
        if now is None or (now["Id"], now["State"]["StartedAt"]) == before:
            raise ConnectorFailed(f"the container {container} does not run after its restart")
        summary = f"the container {container}, restarted"
        return Granted(Lease(connector=self.name, reference=f"{self._engine.place}/{key}", summary=summary))
