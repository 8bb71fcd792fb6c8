"""Heartbeats of access that ends when none comes any more.

Silence counts only as far as somebody listened: a bot that was away, or could not reach its store, has heard nothing
and concludes nothing from it. So every process that serves the API notes that it does, and silence is counted from
when that began without a gap.
"""

from datetime import timedelta

from redis.asyncio import Redis

from app.domain.deadlines import Deadline
from app.domain.ids import partition_in
from app.store import keys
from app.store.requests import milliseconds, reachable, server_time
from app.store.scripts import Scripts

HEARING_NOTED_EVERY = timedelta(milliseconds=500)
HEARING_LASTS = timedelta(seconds=2)
"""A gap that is longer begins the listening anew; a shorter one costs a heartbeat or two, which is not all of them."""
LOOK_AGAIN = timedelta(seconds=1)
MARGIN = timedelta(seconds=2)
"""Beside the time between heartbeats, after listening began: callers come back with pauses of their own."""


class Beats:
    """Takes heartbeats, and tells when they have stopped. Raises Unavailable."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._scripts = Scripts(client)

    async def beat(self, request_id: str, seconds: int) -> bool:
        """Let access last for so many seconds more, at most until its end; False where it is over."""
        partition = partition_in(request_id)
        async with reachable():
            return bool(
                await self._scripts.run(
                    "beat",
                    [keys.beat(request_id), keys.grant(request_id), keys.deadlines(partition)],
                    [_member(request_id), seconds * 1000],
                )
            )

    async def has_stopped(self, request_id: str, seconds: int) -> bool:
        """Tell whether no heartbeat came for so many seconds in which one would have been heard."""
        unsure = await self._unsure_for(timedelta(seconds=seconds))
        async with reachable():
            return bool(
                await self._scripts.run(
                    "listen",
                    [keys.beat(request_id), keys.deadlines(partition_in(request_id))],
                    [_member(request_id), unsure],
                )
            )

    async def note_hearing(self) -> None:
        """Heartbeats are taken here now; to be noted again within HEARING_LASTS."""
        async with reachable():
            await self._scripts.run("hear", [keys.HEARING], [int(HEARING_LASTS.total_seconds() * 1000)])

    async def _unsure_for(self, between: timedelta) -> int:
        """Milliseconds until a heartbeat would have been heard by now; 0 when it would have been."""
        async with reachable():
            since = await self._redis.get(keys.HEARING)
        if since is None:
            return int(LOOK_AGAIN.total_seconds() * 1000)
        now = milliseconds(await server_time(self._redis))
        return max(0, int(since) + int((between + MARGIN).total_seconds() * 1000) - now)


def _member(request_id: str) -> str:
    return f"{Deadline.SILENCE}:{request_id}"
