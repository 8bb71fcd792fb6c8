"""The side towards the audit log: events are recorded, read back as stories, told in the daily digest, verified."""

import asyncio
from collections.abc import Sequence

import structlog

from app.audit.consumer import Ownership, Recorder
from app.audit.daily import Daily
from app.audit.digest import Digest
from app.audit.log import Head
from app.audit.story import StoryLine, story_lines
from app.bot.core import Core
from app.mail.digest import digest_mail
from app.mail.office import Office
from app.metrics.counting import Counting

log = structlog.get_logger(__name__)


class Auditing:
    """The audit log of this installation, and who reads it."""

    _sound: Head | None = None
    """Up to where it was found sound."""

    def __init__(self, core: Core, mail: Office) -> None:
        self._core = core
        self._mail = mail
        self._log = core.audit_log
        self._ownership = Ownership(self._log.log_id, core.connection.calls)
        self.daily = Daily(
            self._log,
            core.workflow.live,
            core.names,
            core.once,
            self.send_digest,
            core.settings.digest_zone,
            core.settings.digest_hour,
        )

    def recording(self) -> Counting:
        """Make what records events; each is counted too."""
        core = self._core
        recorder = Recorder(self._log, self._ownership)
        return Counting(core.meters, recorder.handle, core.store.find, lambda: core.policies.current.actions)

    async def story(self, request_id: str) -> Sequence[StoryLine]:
        """A request's whole story from the audit log."""
        await self._ownership.check()
        entries = await asyncio.to_thread(self._log.story, request_id)
        return story_lines(entries, self._core.names())

    async def digest_if_due(self) -> None:
        """Send the digest of a day that is over, once."""
        await self.daily.tick(await self._core.store.now())

    async def post_digest_now(self) -> str:
        """Post the digest of the last 24 hours; gives the channel."""
        await self._ownership.check()
        now = await self._core.store.now()
        await self._core.bulletin.digest(await self.daily.make_now(now), f"digest:{now.isoformat()}")
        return self._core.policy().digest_channel

    async def send_digest(self, digest: Digest, key: str) -> None:
        """Send the digest by mail, then post it: either is done once for a key, however often this is tried."""
        await self._mail.mailer.tell_digest_readers(key, digest_mail(digest))
        await self._core.bulletin.digest(digest, key)

    async def verify(self) -> None:
        """Read the audit log through, against where it was sound before."""
        found = await asyncio.to_thread(self._log.verify, self._sound)
        self._core.meters.audit_read(is_sound=found.is_sound)
        if found.problem:
            log.error("audit_log_broken", entry=found.problem.sequence, what=found.problem.what)
        else:
            self._sound = found.head
