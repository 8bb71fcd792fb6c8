"""Sends the letters that are in the post, a few at a time, new ones before those that failed before."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from app.domain.refusals import Unavailable
from app.mail.composer import Mail
from app.mail.letter import Letter
from app.mail.relay import CannotBeUsed, NotNow, NotTaken, RefusedForGood, Relay
from app.store.post import Claimed, Failure, Fate, Post
from app.together import run_together

LANES_FOR_NEW = 3
IDLE = 0.5
FIRST_AGAIN, LONGEST_AGAIN = 5.0, 300.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
TRIED_FOR = timedelta(days=1)
"""After this a letter is given up: what it told is old."""
log = structlog.get_logger(__name__)

Compose = Callable[[str, Letter], Awaitable[Mail | None]]


class Postman:
    """Lanes that each send one letter at a time. A letter that fails goes to a lane of its own."""

    def __init__(
        self, post: Post, compose: Compose, relay: Relay, sender: str, first_again: float = FIRST_AGAIN
    ) -> None:
        """`sender` is the address that bounces go to; `first_again` is in seconds, and doubles."""
        self._post = post
        self._compose = compose
        self._relay = relay
        self._sender = sender
        self._first_again = first_again
        self._pause = 0.0
        self._works = False

    async def run(self) -> None:
        """Send until cancelled."""
        new = [self._lane(again=False) for _ in range(LANES_FOR_NEW)]
        await run_together([*new, self._lane(again=True)])

    async def _lane(self, *, again: bool) -> None:
        while True:
            try:
                claimed = await self._post.claim(1, again=again)
                for letter in claimed:
                    await self._deliver(letter)
            except Unavailable:
                await asyncio.sleep(FIRST_PAUSE)
            except Exception:  # a bug must not end the lane: it is told, and the letter is sent again
                log.exception("letter_failed")
                await asyncio.sleep(FIRST_PAUSE)
            else:
                await asyncio.sleep(self._pause or (0 if claimed else IDLE))

    async def _deliver(self, claimed: Claimed) -> None:
        letter = Letter.model_validate_json(claimed.doc)
        mail = await self._compose(claimed.id, letter)
        if mail is None:
            log.info("letter_dropped", letter=claimed.id)
            await self._post.end(claimed.id, Fate.DROPPED)
            return
        try:
            await self._relay.send(self._sender, mail.to, mail.message)
        except NotTaken as why:
            await self._failed(claimed, mail.to, why)
            return
        await self._post.end(claimed.id, Fate.SENT)
        if not self._works:
            self._works, self._pause = True, 0.0
            await self._post.relay_works()
        log.info("letter_sent", letter=claimed.id, tries=claimed.tries + 1)

    async def _failed(self, claimed: Claimed, to: str, why: NotTaken) -> None:
        """Note why; what is about us and not about the letter slows all down, and is told apart."""
        now = await self._post.now()
        is_old = now - claimed.since > TRIED_FOR
        is_final = isinstance(why, RefusedForGood) or is_old
        if isinstance(why, CannotBeUsed):
            self._works = False
            self._pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, self._pause * 2))
            await self._post.relay_fails(str(why))
        is_told = is_final or (isinstance(why, NotNow) and claimed.tries == 0)
        failure = Failure(letter=claimed.id, to=to, at=now, code=why.code, said=why.said, final=is_final)
        again_in = min(LONGEST_AGAIN, self._first_again * 2 ** min(claimed.tries, 10))
        log.warning(
            "letter_not_taken",
            letter=claimed.id,
            code=why.code,
            said=why.said,
            final=is_final,
            again_in=again_in,
        )
        await self._post.end(
            claimed.id,
            Fate.FAILED if is_final else Fate.WAITING,
            again_in=again_in,
            failure=failure if is_told else None,
        )
