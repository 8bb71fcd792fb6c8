"""Signing in as a job of CI: by the token that GitHub Actions or GitLab CI signs for it; nothing is stored.

GitHub gives a job with `permissions: {id-token: write}` an address to ask for tokens at
(https://docs.github.com/en/actions/reference/security/oidc); GitLab puts one into a variable that `id_tokens` names
(https://docs.gitlab.com/ci/secrets/id_token_authentication), which here is JIT_ID_TOKEN.
"""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from app.cli.api.client import Api, Refusal

WITHIN = 20.0


class Job(NamedTuple):
    """A job and the server that it calls. `address` and `bearer`: where GitHub gives tokens, else empty."""

    server: str
    audience: str
    machine: str
    id_token: str
    address: str
    bearer: str

    @property
    def can_again(self) -> bool:
        """Whether another token can be had; each is good for one sign-in."""
        return bool(self.address)

    async def sign_in(self) -> str:
        """Get a token of the API. Raises Refusal."""
        token = self.id_token or await self._from_github()
        async with Api(self.server) as api:
            said = await api.post("/v1/ci/token", {"token": token, "machine": self.machine})
        return str(said["token"])

    async def _from_github(self) -> str:
        import aiohttp  # noqa: PLC0415  the other commands start without it
        from yarl import URL  # noqa: PLC0415

        headers = {"Authorization": f"Bearer {self.bearer}", "Accept": "application/json"}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WITHIN)) as http,
                http.get(
                    URL(self.address).update_query(audience=self.audience),
                    headers=headers,
                    allow_redirects=False,
                ) as answer,
            ):
                said: Any = await answer.json(content_type=None) if answer.status == 200 else {}
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Refusal(f"GitHub gives the job no token: {str(error) or type(error).__name__}") from None
        if not isinstance(said, dict) or not isinstance(said.get("value"), str):
            raise Refusal(f"GitHub gives the job no token (HTTP {answer.status})")
        return str(said["value"])


def job_of(environment: Mapping[str, str] = os.environ) -> Job | None:
    """Tell whether this is a job that can sign in; a token of its own in JIT_TOKEN goes before."""
    server = environment.get("JIT_SERVER", "").rstrip("/")
    id_token = environment.get("JIT_ID_TOKEN", "")
    address = environment.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
    bearer = environment.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    if not server or environment.get("JIT_TOKEN") or not (id_token or (address and bearer)):
        return None
    audience = environment.get("JIT_AUDIENCE") or server
    return Job(server, audience, environment.get("JIT_MACHINE", ""), id_token, address, bearer)
