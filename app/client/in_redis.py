"""Whether there is a grant, by one look at one key of the bot's Redis, which it takes no more than to read.

The key of what somebody may do on something holds the grants for it by their ends, and ends natively with the last of
them. So the last one is live whenever the key is there, by the clock of Redis and whatever the clock here says.
"""

import zlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .need import Held, Need
from .refused import CannotTell

if TYPE_CHECKING:
    from .bot import BotGrants

PARTITIONS = 16
ONCE, BOUND = b"!", b"#"
"""What comes behind a grant's id in a member: good for one use, and for what has this digest alone."""
TIMEOUT = 0.5
LOOK, LAST = (b"ZREVRANGE",), (b"0", b"99", b"WITHSCORES")
"""As bytes, which cost nothing to encode."""
KEYS_REMEMBERED = 10_000


@lru_cache(maxsize=KEYS_REMEMBERED)
def key_of(need: Need) -> bytes:
    """Name the key, as the bot's catalogue of keys does."""
    partition = zlib.crc32(need.subject.encode()) % PARTITIONS
    return f"jit:{{p{partition:02d}}}:held:{need.subject}:{need.action}:{need.resource}".encode()


class RedisGrants:
    """Checks in the bot's Redis, at `redis://…`, `rediss://…` or `unix://…`. Raises CannotTell when it does not answer.

    Nothing is kept between two checks. Grants for one use are used up through `bot`: this only reads, and a user of
    Redis that may do `ZREVRANGE` and `TIME` on `jit:*:held:*` is enough for it.
    """

    def __init__(self, url: str, *, bot: "BotGrants | None" = None, timeout: float = TIMEOUT) -> None:
        """`timeout`: seconds, for a connection and for an answer each; nothing is sent yet."""
        import redis  # noqa: PLC0415  a service that asks the bot needs none
        import redis.asyncio  # noqa: PLC0415
        from redis.asyncio.retry import Retry as AsyncRetry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        how: dict[str, Any] = {"socket_timeout": timeout, "socket_connect_timeout": timeout, "protocol": 2}
        lost = (
            redis.ConnectionError,
        )  # one kept open that was closed meanwhile; a slow one is not asked twice
        self._redis = redis.Redis.from_url(
            url, retry=Retry(NoBackoff(), 1, supported_errors=lost), decode_responses=False, **how
        )
        self._async = redis.asyncio.Redis.from_url(
            url, retry=AsyncRetry(NoBackoff(), 1, supported_errors=lost), decode_responses=False, **how
        )
        self._troubles = (redis.RedisError, OSError, TimeoutError)
        self._bot = bot

    def check(self, need: Need) -> Held | None:
        """Tell which grant permits something now, None when none does."""
        try:
            rows = self._redis.execute_command(*LOOK, key_of(need), *LAST)  # type: ignore[no-untyped-call]
            if not rows:
                return None
            now = self._redis.time() if _wants_time(rows, need.digest) else None
        except self._troubles as error:
            raise CannotTell(f"Redis: {type(error).__name__}") from error
        return _held(rows, now, need.digest)

    async def check_async(self, need: Need) -> Held | None:
        """Tell the same, beside other things."""
        try:
            rows = await self._async.execute_command(*LOOK, key_of(need), *LAST)  # type: ignore[no-untyped-call]
            if not rows:
                return None
            now = await self._async.time() if _wants_time(rows, need.digest) else None
        except self._troubles as error:
            raise CannotTell(f"Redis: {type(error).__name__}") from error
        return _held(rows, now, need.digest)

    def consume(self, held: Held, need: Need) -> bool:
        """Use up a grant that is good for one use, through the bot. Raises CannotTell without one."""
        return self._through().consume(held, need)

    async def consume_async(self, held: Held, need: Need) -> bool:
        """Use it up, beside other things."""
        return await self._through().consume_async(held, need)

    def _through(self) -> "BotGrants":
        if self._bot is None:
            raise CannotTell("a grant for one use is used up through the bot: give RedisGrants a `bot`")
        return self._bot

    def close(self) -> None:
        """Close the connections of calls that wait."""
        self._redis.close()

    async def aclose(self) -> None:
        """Close all connections."""
        self._redis.close()
        await self._async.aclose()


def _wants_time(rows: list[bytes], digest: str) -> bool:
    """Tell whether others than the last to end matter, which may have ended: that one is for one use, or bound."""
    last = _grant(rows[0], rows[1])
    return len(rows) > 2 and (last.single_use or last.digest not in {"", digest})


def _held(rows: list[bytes], now: tuple[int, int] | None, digest: str) -> Held | None:
    """Choose as the bot does: what is bound to something else is not there, and what may be used often goes first."""
    last = _grant(rows[0], rows[1])
    if now is None:
        return last if last.digest in {"", digest} else None
    instant = now[0] + now[1] / 1_000_000
    every = [_grant(row, ends) for row, ends in zip(rows[::2], rows[1::2], strict=True)]
    found = [each for each in every if each.digest in {"", digest} and each.ends_at.timestamp() > instant]
    return next((each for each in found if not each.single_use), found[0] if found else None)


@lru_cache(maxsize=KEYS_REMEMBERED)  # how it is read is remembered, not that it is there
def _grant(member: bytes, ends: bytes) -> Held:
    ends_at = datetime.fromtimestamp(float(ends) / 1000, UTC)
    grant, _, digest = member.partition(BOUND)
    return Held(
        grant.removesuffix(ONCE).decode(), ends_at, single_use=grant.endswith(ONCE), digest=digest.decode()
    )
