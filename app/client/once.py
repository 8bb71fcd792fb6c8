"""Tokens that are taken a single time, in one process or in all that share a Redis."""

import heapq
import threading
import time
from collections.abc import Callable
from typing import Protocol

from .refused import CannotTell

MOST = 100_000


class Once(Protocol):
    """Remembers the ids of tokens. `seconds`: how long one counts still."""

    def take(self, token: str, seconds: float) -> bool:
        """Tell whether a token is taken for the first time. Raises CannotTell where that is not known."""


class OnceHere:
    """In this process alone: another worker takes the token once more."""

    def __init__(self, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        """`most`: so many are remembered at a time; while more count, none is taken."""
        self._most = most
        self._clock = clock
        self._seen: set[str] = set()
        self._ends: list[tuple[float, str]] = []
        self._lock = threading.Lock()

    def take(self, token: str, seconds: float) -> bool:
        """Tell whether it is the first time."""
        with self._lock:
            now = self._clock()
            while self._ends and self._ends[0][0] <= now:
                self._seen.discard(heapq.heappop(self._ends)[1])
            if token in self._seen:
                return False
            if len(self._seen) >= self._most:
                raise CannotTell("more tokens were taken than are remembered")
            self._seen.add(token)
            heapq.heappush(self._ends, (now + seconds + 1, token))
            return True


class OnceInRedis:
    """In all processes that share a Redis of the service's own: the bot's is not written to."""

    def __init__(self, url: str, *, prefix: str = "jit-token:", timeout: float = 0.5) -> None:
        import redis  # noqa: PLC0415  whoever remembers in the process needs none
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        self._redis = redis.Redis.from_url(
            url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 0)
        )
        self._prefix = prefix
        self._troubles = (redis.RedisError, OSError, TimeoutError)

    def take(self, token: str, seconds: float) -> bool:
        """Tell whether it is the first time. Raises CannotTell when Redis does not answer."""
        try:
            return bool(self._redis.set(self._prefix + token, "1", nx=True, px=int(seconds * 1000) + 1000))
        except self._troubles as error:
            raise CannotTell(f"Redis: {type(error).__name__}") from error
