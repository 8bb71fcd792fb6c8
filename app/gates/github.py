"""GitHub's custom deployment protection rules: a GitHub App is asked by webhook and answers by the REST API.

docs.github.com, «Creating custom deployment protection rules»: a JWT as the App, an installation token for the one
repository, and the review, `POST /repos/{owner}/{repo}/actions/runs/{run_id}/deployment_protection_rule` (REST API,
«Review custom deployment protection rules for a workflow run»: `environment_name`, `state`, `comment`; 204).
"""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from app.domain.gate import Answer, Gate, Turn
from app.domain.refusals import BadInput
from app.gates.calling import Call, Caller, secret_of
from app.gates.parts import ENVIRONMENT, number, part, pinned, text
from app.gates.protocol import LONGEST_SAID, NotNow, Read
from app.gates.settings import GithubSettings
from app.policy.trigger_event import Event

REPOSITORY = re.compile(r"(?!\.{1,2}/)[A-Za-z0-9_.-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}", re.ASCII)
TOKEN = re.compile(r"[!-~]{1,1000}")
BACKDATED, LASTS = 60, 300
"""Seconds: a JWT's `iat` lies 60 s back against drift of clocks, and `exp` at most 10 min ahead (docs.github.com,
«Generating a JSON Web Token (JWT) for a GitHub App»)."""


class Github:
    """One GitHub App, at github.com or at a server of one's own (`https://HOST/api/v3`)."""

    Settings = GithubSettings
    source: ClassVar[str] = "github"
    title: ClassVar[str] = "GitHub"
    waits: ClassVar[timedelta | None] = None
    hears_every: ClassVar[timedelta | None] = None

    def __init__(self, name: str, settings: GithubSettings, clock: Callable[[], float] = time.time) -> None:
        self.name = name
        self._settings = settings
        self._caller = Caller(settings)
        self._clock = clock

    def read(self, event: Event) -> Read:
        """Read `deployment_protection_rule`, action `requested` (docs.github.com, «Webhook events and payloads»)."""
        found = event.content
        if part(found, "action") != "requested" or part(found, "deployment_callback_url") is None:
            raise BadInput("The event is no deployment_protection_rule that is requested.")
        repository = text(found, REPOSITORY, "repository", "full_name")
        right = f"{self._settings.api}/repos/{repository}/actions/runs/"
        run = pinned(
            found, right, r"([1-9][0-9]{0,18})/deployment_protection_rule", "deployment_callback_url"
        )
        environment = text(found, ENVIRONMENT, "environment")
        place = {
            "repository": repository,
            "repository_id": number(found, "repository", "id"),
            "installation": number(found, "installation", "id"),
            "deployment": number(found, "deployment", "id"),
            "run": run,
            "environment": environment,
        }
        key = f"{repository}:{run}:{environment}:{place['deployment']}"
        return Read(Gate(name=self.name, what=f"{repository} to {environment}", place=place), key)

    def turn(self, gate: Gate) -> Turn | None:
        """A review names run and environment, which the attempts of a run share, and the jobs of an attempt."""
        run = (gate.place[part] for part in ("repository_id", "run", "environment"))
        return Turn("\n".join(run), gate.place["deployment"])

    async def still_open(self, gate: Gate, token: str, said: str) -> None:
        """It waits for up to 30 days without hearing anything."""

    async def is_ready(self, gate: Gate, token: str, said: str) -> None:  # noqa: ARG002  the protocol's
        await self._token(gate)

    async def tell(self, gate: Gate, answer: Answer, said: str, token: str) -> None:  # noqa: ARG002
        path = (
            f"/repos/{gate.place['repository']}/actions/runs/{gate.place['run']}/deployment_protection_rule"
        )
        body = {
            "environment_name": gate.place["environment"],
            "state": answer.value,
            "comment": said[:LONGEST_SAID],
        }
        await self._caller.make(Call("POST", path, _headers(await self._token(gate)), body))

    async def check(self) -> str:
        said = await self._caller.make(Call("GET", "/app", _headers(self._jwt())))
        return f"the App {str(part(said or {}, 'slug'))[:100]}"

    async def close(self) -> None:
        await self._caller.close()

    async def _token(self, gate: Gate) -> str:
        """Get a token that may review deployments of this one repository, and nothing else."""
        wanted = {
            "repository_ids": [int(gate.place["repository_id"])],
            "permissions": {"deployments": "write"},
        }
        path = f"/app/installations/{gate.place['installation']}/access_tokens"
        said = await self._caller.make(Call("POST", path, _headers(self._jwt()), wanted))
        found = part(said or {}, "token")
        if not isinstance(found, str) or not TOKEN.fullmatch(found):
            raise NotNow(f"{self._settings.host} gave no installation token")
        return found

    def _jwt(self) -> str:
        """Sign as the App. Raises NotNow where the key is missing, or is none."""
        written = secret_of(self._settings.key)
        now = int(self._clock())
        claims = {"iat": now - BACKDATED, "exp": now + LASTS, "iss": self._settings.app}
        try:
            return jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, RSAKey.import_key(written))
        except (JoseError, ValueError, TypeError):
            where = self._settings.key.env or self._settings.key.file
            raise NotNow(
                f"{where} does not hold an RSA private key in PEM form, as GitHub gives it"
            ) from None


def _headers(token: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
