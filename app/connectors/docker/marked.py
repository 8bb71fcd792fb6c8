"""Containers that bear our mark: named by the key of their grant, with labels of whose they are."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from app.connectors.docker.engine import Conflict, Engine, NotThere
from app.connectors.mark import Mark
from app.connectors.protocol import ConnectorFailed, Found
from app.domain.request import Request

LABEL = "io.jit-approval."
LOOKS, LOOKS_EVERY = 50, 0.1
Json = dict[str, Any]


class Marked:
    """Makes, finds and removes them; what lacks name or label is never touched."""

    def __init__(self, engine: Engine, mark: Mark) -> None:
        self._engine = engine
        self._mark = mark

    async def find(self, key: str) -> Json | None:
        """Inspect a grant's container, where there is one. Raises ConnectorFailed for a stranger of that name."""
        try:
            found: Json = await self._engine.ask("GET", f"/containers/{quote(key)}/json")
        except NotThere:
            return None
        labels = found["Config"]["Labels"] or {}
        if found["Name"] != f"/{key}" or not self._is_ours(key, labels):
            raise ConnectorFailed(f"there is a container {key} that is not ours; rename or remove it")
        return found

    async def make(self, request: Request, key: str, how: Mapping[str, Any], **labels: str) -> Json:
        """Make a grant's container, or find it as another try made it."""
        own = {
            "installation": self._mark.installation,
            "key": key,
            "request": request.id,
            "requester": request.requester.id,
            "ends-at": request.ends_at.isoformat() if request.ends_at else "",
        }
        body = {**how, "Labels": {LABEL + name: value for name, value in (own | labels).items()}}
        with suppress(Conflict):  # it is there already, or a stranger's is
            await self._engine.ask("POST", "/containers/create", body, name=key)
        for _ in range(LOOKS):  # a name is taken a moment before its container can be seen
            if made := await self.find(key):
                return made
            await asyncio.sleep(LOOKS_EVERY)
        raise ConnectorFailed(f"the container {key} is gone again")

    async def remove(self, key: str) -> None:
        """Remove it, with all that runs in it and its volumes."""
        for _ in range(LOOKS):
            found = await self.find(key)
            if found is None:
                return
            with suppress(NotThere, Conflict):  # another one is at it: that is no end yet
                await self._engine.ask("DELETE", f"/containers/{quote(found['Id'])}", force="1", v="1")
                return
            await asyncio.sleep(LOOKS_EVERY)
        raise ConnectorFailed(f"the container {key} is still being removed")

    async def all(self) -> Sequence[Found]:
        """List them, running or not. An image may hand labels on to strangers, so that the name counts too."""
        wanted = json.dumps({"label": [f"{LABEL}installation={self._mark.installation}"]})
        listed = await self._engine.ask("GET", "/containers/json", all="1", filters=wanted)
        keys = [
            key
            for each in listed
            for key in [(each["Labels"] or {}).get(f"{LABEL}key", "")]
            if f"/{key}" in each["Names"] and self._is_ours(key, each["Labels"])
        ]
        return [Found(key, self._engine.place) for key in keys]

    def _is_ours(self, key: str, labels: Mapping[str, str]) -> bool:
        own = (labels.get(f"{LABEL}installation"), labels.get(f"{LABEL}key"))
        return own == (self._mark.installation, key) and self._mark.request_in(key) is not None
