"""Telling those who run the bot what is wrong: in the admin channel, once for all replicas."""

import hashlib

import structlog
from slack_sdk.errors import SlackApiError

from app.bot.core import Core
from app.domain.refusals import Unavailable
from app.outbox import GiveUp, TryAgain
from app.slack.views.alarm import policy_broken, source_failed

log = structlog.get_logger(__name__)


class Admins:
    """The people of the admin channel."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def tell(self, text: str, name: str, day: str) -> bool:
        """Say something, once for a name and a day; False to try again."""
        try:
            if await self._core.once.take(name, day):
                await self._core.bulletin.notice(text, f"{name}:{day}")
                await self._core.once.done(name, day)
        except GiveUp as never:
            log.warning("admins_not_told", error=str(never))
        except (TryAgain, Unavailable, SlackApiError, OSError, TimeoutError) as error:
            log.warning("admins_not_told_yet", error=str(error))
            return False
        return True

    async def tell_of_target(self, text: str, name: str) -> bool:
        """Tell of a target, once for its name; False to try again."""
        return await self.tell(source_failed(text), f"target:{name}", "once")

    async def tell_broken_policy(self, problem: str) -> bool:
        """Say, once a day, that a policy is broken; False to try again."""
        digest = hashlib.sha256(problem.encode()).hexdigest()[:16]
        try:
            day = f"{await self._core.store.now():%Y-%m-%d}"
        except Unavailable as error:
            log.warning("admins_not_told_yet", error=str(error))
            return False
        return await self.tell(policy_broken(problem), f"policy:{digest}", day)
