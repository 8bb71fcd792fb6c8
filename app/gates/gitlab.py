"""GitLab's deployment approvals: a deployment to a protected environment is blocked until a user approves it.

docs.gitlab.com, Deployments API, «Approve or reject a blocked deployment»: `POST
/projects/:id/deployments/:deployment_id/approval` with `status`, `comment`, `represented_as`. The answer is that of
the token's user, whatever stands in the comment. Deployment webhooks bring the status `blocked`.
"""

from datetime import timedelta
from typing import ClassVar

from app.domain.gate import Answer, Gate, Turn
from app.domain.refusals import BadInput
from app.gates.calling import Call, Caller, secret_of
from app.gates.parts import ENVIRONMENT, number, part, text
from app.gates.protocol import LONGEST_SAID, NotNow, Read, WaitsNoMore
from app.gates.settings import GitlabSettings
from app.policy.trigger_event import Event

BLOCKED = "blocked"
LONGEST_NAME = 200


class Gitlab:
    """One user's approvals, at gitlab.com or at a server of one's own."""

    Settings = GitlabSettings
    source: ClassVar[str] = "gitlab"
    title: ClassVar[str] = "GitLab"
    waits: ClassVar[timedelta | None] = None
    hears_every: ClassVar[timedelta | None] = None

    def __init__(self, name: str, settings: GitlabSettings) -> None:
        self.name = name
        self._settings = settings
        self._caller = Caller(settings)

    def read(self, event: Event) -> Read:
        """Read a deployment event (docs.gitlab.com, «Webhook events»). No address of it is used."""
        found = event.content
        if part(found, "object_kind") != "deployment" or part(found, "status") != BLOCKED:
            raise BadInput("The event is no deployment that is blocked.")
        project, deployment = number(found, "project", "id"), number(found, "deployment_id")
        environment = text(found, ENVIRONMENT, "environment")
        name = part(found, "project", "path_with_namespace")
        called = name[:LONGEST_NAME] if isinstance(name, str) and name else f"project {project}"
        place = {"project": project, "deployment": deployment}
        return Read(
            Gate(name=self.name, what=f"{called} to {environment}", place=place), f"{project}:{deployment}"
        )

    def turn(self, gate: Gate) -> Turn | None:  # noqa: ARG002  the protocol's
        return None

    async def still_open(self, gate: Gate, token: str, said: str) -> None:
        """It waits without end."""

    async def is_ready(self, gate: Gate, token: str, said: str) -> None:  # noqa: ARG002  the protocol's
        found = await self._caller.make(Call("GET", _path(gate), self._headers()))
        status = part(found or {}, "status")
        if not isinstance(status, str):
            raise NotNow(f"{self._settings.host} does not say whether the deployment is blocked")
        if status != BLOCKED:
            raise WaitsNoMore(f"the deployment is {status[:40]}, and waits for no approval")

    async def tell(self, gate: Gate, answer: Answer, said: str, token: str) -> None:  # noqa: ARG002
        body = {"status": answer.value, "comment": said[:LONGEST_SAID]}
        if self._settings.represented_as:
            body["represented_as"] = self._settings.represented_as
        await self._caller.make(Call("POST", f"{_path(gate)}/approval", self._headers(), body))

    async def check(self) -> str:
        found = await self._caller.make(Call("GET", "/user", self._headers()))
        return f"the user {str(part(found or {}, 'username'))[:100]}"

    async def close(self) -> None:
        await self._caller.close()

    def _headers(self) -> dict[str, str]:
        return {"PRIVATE-TOKEN": secret_of(self._settings.token)}


def _path(gate: Gate) -> str:
    return f"/projects/{gate.place['project']}/deployments/{gate.place['deployment']}"
