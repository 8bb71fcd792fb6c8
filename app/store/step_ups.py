"""Sign-ins at the provider that are under way: each waits five minutes, and is taken once."""

from datetime import datetime, timedelta

from pydantic import Field
from redis.asyncio import Redis

from app.domain.value import Value
from app.store import keys
from app.store.requests import reachable, server_time
from app.store.scripts import Scripts

WAITS = timedelta(minutes=5)


class Attempt(Value):
    """A sign-in under way. `digest` is the request's and `page` the page token's, as whoever began it gave them.

    `browser` is the SHA-256, in hexadecimal, of what binds it to one browser. `verifier` is PKCE's (RFC 7636);
    `return_to` is where the provider sends the browser; `fresh` is how many seconds ago the person may have
    signed in, 0 for not before it began.
    """

    person: str
    digest: str
    page: str
    browser: str
    salt: str = Field(repr=False)
    verifier: str = Field(repr=False)
    return_to: str
    fresh: int
    begun_at: datetime
    used: bool = False


class StepUpStore:
    """Attempts by the SHA-256 of their state. Raises Unavailable whenever the server cannot be reached."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._scripts = Scripts(client)

    async def now(self) -> datetime:
        """The server's clock, in UTC."""
        return await server_time(self._redis)

    async def keep(self, state: str, attempt: Attempt) -> None:
        """Keep a new attempt."""
        async with reachable():
            await self._redis.set(keys.step_up(state), attempt.model_dump_json(), px=WAITS)

    async def take(self, state: str, browser: str) -> tuple[str, Attempt | None]:
        """Give `taken`, once, or `used`, or `other` where another browser began it, with the attempt; or `unknown`."""
        async with reachable():
            answer = await self._scripts.run("step_up_take", [keys.step_up(state)], [browser])
        said, doc = [*answer, ""][:2]
        return said, Attempt.model_validate_json(doc) if doc else None
