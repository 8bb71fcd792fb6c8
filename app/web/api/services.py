"""What the API's routes call: one value, made where the bot is wired. And who calls, found the same way by all."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fastapi import Request
from fastapi.security import HTTPBearer

from app.ci.jobs import Jobs
from app.domain.refusals import NotKnown, NotVerified, TokenRefused
from app.handing import Handing
from app.offline import NO_SIGNER, Signer
from app.store.watch import Watch
from app.tokens import Caller, Tokens
from app.web.address import Address, Network, address_of
from app.web.limits import STRANGERS, VERBS, Limit, Limiter
from app.web.published import Published
from app.web.triggers.opening import Triggers
from app.workflow import Workflow

BEARER = HTTPBearer(auto_error=False, description="A token of `jit login` or `jit token create`: `jit_…`.")
"""For the OpenAPI document; `token_of` reads the header."""


async def _at_once() -> None:
    """Nothing is waited for."""


async def _nothing(_: str) -> None:
    """No connector publishes anything."""


class Calling(NamedTuple):
    """Who calls, and from where."""

    caller: Caller
    address: Address


@dataclass(frozen=True)
class Services:
    """The parts of the bot that the API reaches."""

    workflow: Workflow
    tokens: Tokens
    watch: Watch
    limiter: Limiter
    handing: Handing
    jobs: Jobs
    triggers: Triggers | None = None
    signer: Signer = NO_SIGNER
    trusted: Sequence[Network] = ()
    ready: Callable[[], Awaitable[None]] = _at_once
    """Waits until it is known who is in groups, or cannot be found out soon."""
    published: Published = _nothing
    """Gives what a connector lets targets fetch, by its name."""

    def address(self, request: Request) -> Address:
        """Tell where a call comes from."""
        peer = request.client.host if request.client else None
        return address_of(peer, request.headers.getlist("x-forwarded-for"), self.trusted)

    async def calling(self, request: Request, limit: Limit = VERBS, *, verified: bool = True) -> Calling:
        """Tell who calls, and count it. Raises TokenRefused, NotKnown or TooMany.

        Not `verified`: by token and policy alone, without asking Slack whether the person is still there.
        """
        address = self.address(request)
        await self.ready()
        try:
            caller = await self.tokens.caller(token_of(request), verified=verified)
        except (TokenRefused, NotKnown) as no:
            await self.count_stranger(no, address)
            raise
        await self.limiter.take(limit, caller.token.owner)
        return Calling(caller, address)

    async def count_stranger(self, no: TokenRefused | NotKnown, address: Address) -> None:
        """Count a call without a valid token against its address; that Slack does not answer is nobody's fault."""
        if not isinstance(no, NotVerified):
            await self.limiter.take(STRANGERS, address.ip or "unknown")


def token_of(request: Request) -> str:
    """Read the token that a call carries. Raises TokenRefused when there is not exactly one."""
    headers = request.headers.getlist("authorization")
    scheme, _, token = (headers[0] if len(headers) == 1 else "").partition(" ")
    if scheme.lower() != "bearer":
        raise TokenRefused
    return token.strip()
