"""`/v1/ci`: how a job of CI gets a token for what its CI signs for it (docs/ci.md)."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from app.domain.token import Scope
from app.web.api.models import Sent
from app.web.api.services import Services
from app.web.limits import STRANGERS

LONGEST = 16_384


class JobToken(Sent):
    """The token that GitHub Actions or GitLab CI signed for the job; with `machine` where it may be several."""

    token: Annotated[str, Field(min_length=1, max_length=LONGEST, pattern="^[A-Za-z0-9._-]+$")]
    machine: Annotated[str, Field(pattern="^[a-z0-9-]{0,64}$", examples=["deploy-ci"])] = ""


class SignedIn(Sent):
    """The token that the job calls the API with, for a short time."""

    token: str
    machine: str = Field(examples=["deploy-ci"])
    scopes: tuple[Scope, ...]
    expires_at: str


def routes(services: Services) -> APIRouter:
    """Make the routes."""
    api = APIRouter(prefix="/ci", tags=["ci"])

    @api.post("/token", status_code=201)
    async def token(request: Request, response: Response, job: JobToken) -> SignedIn:
        """Sign a job in, once for each token that its CI gives it."""
        await services.limiter.take(STRANGERS, services.address(request).ip or "unknown")
        made = await services.jobs.exchange(job.token, job.machine)
        response.headers["Cache-Control"] = "no-store"
        return SignedIn(
            token=made.text,
            machine=made.token.owner,
            scopes=made.token.scopes,
            expires_at=made.token.expires_at.isoformat(),
        )

    return api
