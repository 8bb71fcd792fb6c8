"""Guessing of page tokens is recorded: who tries so many that they are slowed down shows in the log and the digest.

A token has 256 random bits, so nobody finds one; whoever tries is up to something all the same.
"""

from datetime import timedelta

import structlog

from app.domain.events import FactorRefused
from app.domain.ids import new_credential_id
from app.domain.people import Principal
from app.domain.refusals import TooMany, Unavailable
from app.store.factors import FactorStore
from app.web.limits import Limit, Limiter

STRANGER = Principal(id="stranger", name="A stranger", slack="")
PAGE = "page"
"""The factor in the event: none was tried, but the links to pages."""
OF_ONE = Limit("guesser", 1, timedelta(hours=1), 1)
OF_ALL = Limit("guessers", 24, timedelta(hours=1), 1)
"""Many addresses are cheap: they must not fill the log."""
log = structlog.get_logger(__name__)


class Guessing:
    """Records guessing, once an hour for each address, and for so many addresses at most."""

    def __init__(self, store: FactorStore, limiter: Limiter) -> None:
        self._store = store
        self._limiter = limiter

    async def record(self, ip: str) -> None:
        """Record that this address guesses links to pages."""
        try:
            await self._limiter.take(OF_ONE, ip)
            log.warning("pages_guessed", ip=ip)
            await self._limiter.take(OF_ALL, "")
            now = (await self._store.of(STRANGER.id)).now
            event = FactorRefused(
                request_id=new_credential_id(STRANGER.id),
                at=now,
                by=STRANGER.id,
                person=STRANGER,
                factor=PAGE,
                code="pages_guessed",
                ip=ip,
            )
            await self._store.record(STRANGER.id, event)
        except (TooMany, Unavailable):
            return  # it is recorded already, or stands in the log of the bot alone
