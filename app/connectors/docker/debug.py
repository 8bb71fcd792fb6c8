"""A debug container beside a container, for as long as the grant lasts."""

import json
from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import SecretStr

from app.connectors.docker import settings as written
from app.connectors.docker.engine import NotThere
from app.connectors.docker.frames import texts
from app.connectors.docker.target import OfEngine
from app.connectors.mark import Mark
from app.connectors.protocol import (
    Capabilities,
    ConnectorFailed,
    Granted,
    Secret,
    Unfit,
    parameters_of,
)
from app.connectors.told import one_line
from app.domain.request import Lease, Request

MOST_PROCESSES = 256
MOST_PRINTED = 256 * 1024


class Debug(OfEngine):
    """It sees the processes and the network of the container, and has no capability but what policy adds."""

    Settings = written.DebugSettings
    Parameters = written.DebugParameters
    capabilities: ClassVar[Capabilities] = Capabilities(native_expiry=False, ends_sessions=True)

    def __init__(self, name: str, settings: written.DebugSettings, mark: Mark) -> None:
        super().__init__(name, settings, mark)
        self._settings = settings

    def plan(self, request: Request) -> Sequence[str]:
        wanted = parameters_of(request, written.DebugParameters)
        beside = f"Docker: a container of {self._settings.image} beside {self._container(request)}"
        added = f", with {', '.join(wanted.add)}" if wanted.add else ""
        run = [f"runs {json.dumps(wanted.run, ensure_ascii=False)} in it"[:300]] if wanted.run else []
        return (beside + added, *run, "when it ends all that runs in it is killed, and it is removed")

    async def grant(self, request: Request, key: str) -> Granted:
        try:
            wanted = parameters_of(request, written.DebugParameters)
        except Unfit as unfit:
            raise ConnectorFailed(str(unfit)) from None
        container = self._container_still(request)
        target = await self._inspect(container)
        if not target["State"]["Running"]:
            raise ConnectorFailed(f"the container {container} does not run")
        made = await self._marked.make(request, key, self._how(target["Id"], wanted))
        await self._engine.ask("POST", f"/containers/{quote(made['Id'])}/start")  # 304 where it runs
        if await self._stays_up(made["Id"]) is None:
            raise ConnectorFailed(
                f"{key} does not keep running: does its image have {self._settings.hold[0]}?"
            )
        files = {"DEBUG_OUTPUT": SecretStr(await self._run(made["Id"], wanted.run))} if wanted.run else {}
        environment = {"DEBUG_CONTAINER": SecretStr(key)}
        if self._settings.for_people:
            environment["DOCKER_HOST"] = SecretStr(self._settings.for_people)
        summary = f"the container {key} beside {container}"
        lease = Lease(connector=self.name, reference=f"{self._engine.place}/{key}", summary=summary)
        return Granted(lease, Secret(environment=environment, files=files))

    async def check(self) -> None:
        await super().check()
        image = self._settings.image
        try:
            await self._engine.ask("GET", f"/images/{quote(image, safe='')}/json")
        except NotThere:
            raise ConnectorFailed(f"the engine has no image {image}, and none is pulled") from None

    def _how(self, target: str, wanted: written.DebugParameters) -> dict[str, Any]:
        return {
            "Image": self._settings.image,
            "Entrypoint": self._settings.hold,
            "Cmd": [],
            "HostConfig": {
                "PidMode": f"container:{target}",
                "NetworkMode": f"container:{target}",
                "CapDrop": ["ALL"],
                "CapAdd": wanted.add,
                "SecurityOpt": ["no-new-privileges"],
                "Memory": self._settings.memory,
                "PidsLimit": MOST_PROCESSES,
                "RestartPolicy": {"Name": "no"},
            },
        }

    async def _run(self, container: str, words: Sequence[str]) -> str:
        """Execute what policy says in it, and give what it prints. Raises ConnectorFailed, unless it ends with 0."""
        asked = {"Cmd": list(words), "AttachStdout": True, "AttachStderr": True}
        made = await self._engine.ask("POST", f"/containers/{quote(container)}/exec", asked)
        place = f"/exec/{quote(made['Id'])}"
        said = await self._engine.read("POST", f"{place}/start", {"Detach": False, "Tty": False})
        text = texts(said)
        if len(text) > MOST_PRINTED:
            raise ConnectorFailed(f"{words[0]} prints more than {MOST_PRINTED} characters")
        ended = (await self._engine.ask("GET", f"{place}/json"))["ExitCode"]
        if ended != 0:
            raise ConnectorFailed(f"{words[0]} ended with {ended}: {one_line(text[-200:])}")
        return text
