"""`/v1/login` and `/v1/logout`: how `jit login` gets a token without any secret passing through Slack.

The shape is that of the device authorization grant (RFC 8628), and the verifier is that of PKCE (RFC 7636): the
code, which others may see, is of no use to anybody without the verifier, which never leaves the machine until
the token is collected.
"""

from typing import Annotated

from fastapi import APIRouter, Request, Response, Security
from pydantic import Field

from app.domain.token import Scope
from app.store.tokens import LOGIN_WAITS
from app.tokens import shown_code
from app.web.api.models import Sent, Word
from app.web.api.services import BEARER, Services
from app.web.limits import STRANGERS

ASK_EVERY = 2


class Device(Sent):
    """The machine that wants a token. `challenge`: SHA-256 of its verifier, in hexadecimal."""

    device: Annotated[Word, Field(examples=["ana@laptop"])]
    challenge: str = Field(pattern="^[0-9a-f]{64}$", examples=["0" * 64])


class Code(Sent):
    """What is to be typed in Slack as `/jit login CODE`, within so many seconds."""

    code: str = Field(examples=["7KX9-TQZ2"])
    expires_in: int
    interval: int = Field(description="Ask for the token so often, in seconds.")


class Collect(Sent):
    """The code, and the verifier whose SHA-256 was the challenge."""

    code: str = Field(max_length=20, examples=["7KX9-TQZ2"])
    verifier: str = Field(min_length=32, max_length=128, examples=["v" * 43])


class Collected(Sent):
    """The token; `status` is `waiting` while nobody has typed the code."""

    status: str = Field(examples=["waiting"])
    token: str | None = None
    person: str | None = Field(None, examples=["ana"])
    scopes: tuple[Scope, ...] = ()
    expires_at: str | None = None


def routes(services: Services) -> APIRouter:
    """Make the routes."""
    api = APIRouter(tags=["login"])

    @api.post("/login", status_code=201)
    async def ask(request: Request, device: Device) -> Code:
        """Ask for a token, which somebody has to confirm in Slack."""
        address = services.address(request)
        await services.limiter.take(STRANGERS, address.ip or "unknown")
        code = await services.tokens.ask_login(device.challenge, device.device, address.ip)
        return Code(code=shown_code(code), expires_in=int(LOGIN_WAITS.total_seconds()), interval=ASK_EVERY)

    @api.post("/login/token")
    async def collect(request: Request, response: Response, asked: Collect) -> Collected:
        """Collect the token, once, after somebody has confirmed."""
        await services.limiter.take(STRANGERS, services.address(request).ip or "unknown")
        made = await services.tokens.collect_login(asked.code, asked.verifier)
        response.headers["Cache-Control"] = "no-store"
        if made is None:
            return Collected(status="waiting")
        return Collected(
            status="confirmed",
            token=made.text,
            person=made.token.owner,
            scopes=made.token.scopes,
            expires_at=made.token.expires_at.isoformat(),
        )

    @api.post("/logout", status_code=204, dependencies=[Security(BEARER)])
    async def logout(request: Request) -> Response:
        """Revoke the token that this call carries."""
        calling = await services.calling(request)
        await services.tokens.end(calling.caller.token, calling.caller.by.id)
        return Response(status_code=204)

    return api
