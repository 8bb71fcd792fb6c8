"""The digest: computed from the log, posted to the channel that policy names, once a day."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.audit.digest import Digest, digest_window, live_grant, make_digest
from app.audit.digest_value import Live
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
        live: Callable[[], AsyncIterator[Request]],
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
        live: list[Live] = []
        names = dict(self._names())
        async for request in self._live():  # of tens of thousands, only what is told is kept
            live.append(live_grant(request))
            names |= _names_in(request)
        return (await asyncio.to_thread(self._make, since, until, names)).with_live(live)

    def _make(self, since: datetime, until: datetime, names: Mapping[str, str]) -> Digest:
        return make_digest(
            self._log.between(since, until),
            (),
            since,
            until,
            self._log.head(),
            self._log.asked,
            names,
            self._log.unreviewed(),
        )


def _names_in(request: Request) -> dict[str, str]:
    people = (request.requester, *(decision.by for decision in request.decisions))
    return {person.id: person.name for person in people}
