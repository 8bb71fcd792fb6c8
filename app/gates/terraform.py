"""Run tasks of HCP Terraform and Terraform Enterprise: a run waits for a task that is passed or failed here.

developer.hashicorp.com, «Run tasks integration API»: `PATCH` of the callback with `data.type: task-results` and the
status `running`, `passed` or `failed`, by the access token that came with the event; an error unless it hears
something within 10 minutes, and in any case after 60.
"""

import re
from datetime import timedelta
from typing import ClassVar

from app.domain.gate import Answer, Gate, Turn
from app.domain.refusals import BadInput
from app.gates.calling import FOR_GOOD, Call, Caller
from app.gates.parts import part, pinned
from app.gates.protocol import LONGEST_SAID, Read, WaitsNoMore
from app.gates.settings import TerraformSettings
from app.policy.trigger_event import Event
from app.store.happened import event_name

STATUS = {Answer.APPROVED: "passed", Answer.REJECTED: "failed"}
LONGEST_NAME = 200
TOKEN = re.compile(r"[!-~]{1,4096}")
TYPE = "application/vnd.api+json"


class Terraform:
    """The run tasks of one address."""

    Settings = TerraformSettings
    source: ClassVar[str] = "terraform"
    title: ClassVar[str] = "Terraform"
    waits: ClassVar[timedelta | None] = timedelta(minutes=58)
    """Two minutes are left for the answer to arrive."""
    hears_every: ClassVar[timedelta | None] = timedelta(minutes=4)

    def __init__(self, name: str, settings: TerraformSettings) -> None:
        self.name = name
        self._settings = settings
        self._caller = Caller(settings, FOR_GOOD | {401, 403})  # the token is the event's: nobody can mend it

    def read(self, event: Event) -> Read:
        """Read the request of a run task. The token stays apart."""
        if event.hidden is None or not TOKEN.fullmatch(event.hidden.get_secret_value()):
            raise BadInput("The event is no run task of Terraform, or its access token is none.")
        right = f"{self._settings.api}/task-results/"
        task = pinned(
            event.content, right, r"([A-Za-z0-9][A-Za-z0-9-]{0,127})/callback", "task_result_callback_url"
        )
        names = [part(event.content, key) for key in ("organization_name", "workspace_name")]
        called = "/".join(each[:LONGEST_NAME] for each in names if isinstance(each, str) and each)
        token = event_name(f"gate.{self.name}", task).rpartition(":")[2]
        place = {"task": task, "token": token}
        gate = Gate(name=self.name, what=f"the run of {called or 'a workspace'}", place=place)
        return Read(gate, task, event.hidden)

    def turn(self, gate: Gate) -> Turn | None:  # noqa: ARG002  the protocol's
        return None

    async def still_open(self, gate: Gate, token: str, said: str) -> None:
        await self._say(gate, "running", said, token)

    async def is_ready(self, gate: Gate, token: str, said: str) -> None:
        await self._say(gate, "running", said, token)

    async def tell(self, gate: Gate, answer: Answer, said: str, token: str) -> None:
        await self._say(gate, STATUS[answer], said, token)

    async def check(self) -> str:
        """There is nothing to sign in with; whether it is there it says to anybody."""
        try:
            await self._caller.make(Call("GET", "/ping", {"Accept": TYPE}))
        except WaitsNoMore as said:
            return f"somebody who asks without a token ({said})"
        return "somebody who asks without a token"

    async def close(self) -> None:
        await self._caller.close()

    async def _say(self, gate: Gate, status: str, said: str, token: str) -> None:
        if not token:
            raise WaitsNoMore("its access token is gone, which is kept for an hour")
        attributes = {"status": status, "message": said[:LONGEST_SAID]}
        body = {"data": {"type": "task-results", "attributes": attributes}}
        path = f"/task-results/{gate.place['task']}/callback"
        headers = {"Authorization": f"Bearer {token}"}
        await self._caller.make(Call("PATCH", path, headers, body, TYPE))
