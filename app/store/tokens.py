"""Tokens of the API in Redis: each ends by its native TTL; revoking one deletes it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from app.domain.token import Token
from app.domain.value import Value
from app.store import keys
from app.store.requests import milliseconds, reachable, server_time
from app.store.scripts import Scripts

USE_NOTED_EVERY = timedelta(minutes=1)
LOGIN_WAITS = timedelta(minutes=5)
WRONG_VERIFIERS = 5
LISTED = 100


class Login(Value):
    """A machine that waits for somebody to type its code. `challenge`: SHA-256 of its verifier, in hexadecimal.

    `device` is what the machine says of itself; `ip` is where it asks from, empty where that is not known.
    """

    challenge: str
    device: str
    ip: str = ""


class TokenStore:
    """Tokens, and logins that lead to one. Raises Unavailable whenever the server cannot be reached."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._scripts = Scripts(client)

    async def now(self) -> datetime:
        """The server's clock, in UTC."""
        return await server_time(self._redis)

    async def keep(self, token: Token) -> bool:
        """Keep a new token; False when its id is taken."""
        async with reachable():
            kept = await self._scripts.run(
                "token_make",
                [keys.token(token.id), keys.tokens_of(token.owner)],
                [token.id, token.model_dump_json(), milliseconds(token.expires_at)],
            )
        return bool(kept)

    async def find(self, token_id: str) -> Token | None:
        """Read a token that is neither expired nor revoked."""
        async with reachable():
            return read_row(await self._redis.hmget(keys.token(token_id), ["doc", "used"]))

    async def note_use(self, token_id: str) -> None:
        """Note that a token is used now, to the minute."""
        async with reachable():
            span = int(USE_NOTED_EVERY.total_seconds() * 1000)
            await self._scripts.run("token_used", [keys.token(token_id)], [span])

    async def of(self, owner: str) -> Sequence[Token]:
        """The tokens of a person or a machine, the last to expire first."""
        async with reachable():
            ids: Any = await self._redis.zrevrange(keys.tokens_of(owner), 0, LISTED - 1)
            async with self._redis.pipeline(transaction=False) as pipeline:
                for token_id in ids:
                    _queue_read(pipeline, token_id)
                rows = await pipeline.execute() if ids else []
        return [token for token in map(read_row, rows) if token is not None]

    async def revoke(self, token: Token) -> None:
        """End a token at once."""
        async with reachable(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.delete(keys.token(token.id))
            pipeline.zrem(keys.tokens_of(token.owner), token.id)
            await pipeline.execute()

    # -- logins --------------------------------------------------------------------------------------

    async def ask_login(self, code: str, login: Login) -> bool:
        """Let a machine wait for its code to be typed; False when the code is taken."""
        async with reachable():
            waits = int(LOGIN_WAITS.total_seconds() * 1000)
            return bool(
                await self._scripts.run("login_ask", [keys.login(code)], [login.model_dump_json(), waits])
            )

    async def login(self, code: str) -> Login | None:
        """Read a login that nobody has confirmed yet."""
        async with reachable():
            doc, state = await self._redis.hmget(keys.login(code), ["doc", "state"])
        return Login.model_validate_json(doc) if doc and state == "asked" else None

    async def confirm_login(self, code: str, person: str) -> bool:
        """Let the machine that waits have a token of this person's; False when the code does not wait."""
        async with reachable():
            return bool(await self._scripts.run("login_confirm", [keys.login(code)], [person]))

    async def refuse_login(self, code: str) -> None:
        """Forget a code."""
        async with reachable():
            await self._redis.delete(keys.login(code))

    async def collect_login(self, code: str, challenge: str) -> tuple[str, Login | None, str]:
        """Give `unknown`, `waits` or `confirmed`, and with this one, once, the login and the person's id."""
        async with reachable():
            answer = await self._scripts.run(
                "login_collect", [keys.login(code)], [challenge, WRONG_VERIFIERS]
            )
        state, doc, person = [*answer, "", ""][:3]
        return state, Login.model_validate_json(doc) if doc else None, person

    # -- limits --------------------------------------------------------------------------------------

    async def draw(self, kind: str, caller: str, limit: int, span: timedelta, wanted: int) -> tuple[int, int]:
        """Draw up to `wanted` of the calls that a caller has in a span; gives how many, and ms until it is over."""
        async with reachable():
            drawn, left = await self._scripts.run(
                "draw", [keys.calls(kind, caller)], [limit, int(span.total_seconds() * 1000), wanted]
            )
        return int(drawn), int(left)


def _queue_read(pipeline: Pipeline, token_id: str) -> None:
    pipeline.hmget(keys.token(token_id), ["doc", "used"])


def read_row(row: Sequence[Any]) -> Token | None:
    """Read what `HMGET token doc used` gives; None where there is no such token."""
    doc, used = row
    if doc is None:
        return None
    token = Token.model_validate_json(doc)
    if used is None:
        return token
    return token.model_copy(update={"used_at": datetime.fromtimestamp(int(used) / 1000, UTC)})
