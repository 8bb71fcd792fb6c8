"""The digest: computed from the log, posted to the channel that policy names, once a day."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.audit.digest import Digest, digest_window, make_digest
from app.audit.log import AuditLog
from app.domain.request import Request
from app.store.once import Once

JOB = "digest"
Post = Callable[[Digest, str], Awaitable[None]]
"""Posts a digest; the key makes that it is posted once, whoever dies in between."""


class Daily:
    """Knows when the digest is due, and what is in it."""

    def __init__(
        self,
        audit_log: AuditLog,
        live: Callable[[], Awaitable[list[Request]]],
        names: Callable[[], Mapping[str, str]],
        once: Once,
        post: Post,
        zone: str,
        hour: int,
    ) -> None:
        self._log = audit_log
        self._live = live
        self._names = names
        self._once = once
        self._post = post
        self._zone = ZoneInfo(zone)
        self._hour = hour

    async def tick(self, now: datetime) -> None:
        """Post the day's digest if its hour has come and nobody has posted it."""
        since, until, day = digest_window(now, self._zone, self._hour)
        if not await self._once.take(JOB, day):
            return
        if await asyncio.to_thread(self._log.began_before, until):
            await self._post(await self.make(since, until), f"digest:{day}")
        await self._once.done(JOB, day)

    async def make_now(self, now: datetime) -> Digest:
        """The digest of the last 24 hours."""
        return await self.make(now - timedelta(days=1), now)

    async def make(self, since: datetime, until: datetime) -> Digest:
        """Compute a digest."""
        live = await self._live()
        return await asyncio.to_thread(self._make, live, since, until)

    def _make(self, live: list[Request], since: datetime, until: datetime) -> Digest:
        return make_digest(
            self._log.between(since, until),
            live,
            since,
            until,
            self._log.head(),
            self._log.asked,
            self._names(),
        )
