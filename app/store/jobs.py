"""Tokens that a CI signed for its jobs: each is taken once, over all replicas, for one token of the API."""

from datetime import datetime, timedelta

from redis.asyncio import Redis

from app.domain.token import Token
from app.store import keys
from app.store.requests import milliseconds, reachable, server_time
from app.store.scripts import Scripts


class UsedAlready(Exception):  # noqa: N818  an answer
    """The CI's token was taken before."""


class JobStore:
    """Raises Unavailable whenever the server cannot be reached: then no job's token is taken."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._scripts = Scripts(client)

    async def now(self) -> datetime:
        """The server's clock, in UTC."""
        return await server_time(self._redis)

    async def keep(self, token: Token, issuer: str, jti: str, remembered: timedelta) -> bool:
        """Take a CI's token and keep ours for it, in one; False, and nothing is done, when the id of ours is taken.

        The CI's is remembered as long as it could hold. Raises UsedAlready.
        """
        async with reachable():
            said = await self._scripts.run(
                "job_token_make",
                [keys.job(issuer, jti), keys.token(token.id), keys.tokens_of(token.owner)],
                [
                    token.id,
                    token.model_dump_json(),
                    milliseconds(token.expires_at),
                    max(1, int(remembered.total_seconds() * 1000)),
                ],
            )
        if said == "used":
            raise UsedAlready
        return bool(said == "made")
