"""Answering on pages: every no is said on a page, and whoever guesses tokens is slowed down."""

from collections.abc import Awaitable, Callable

import structlog
from fastapi import Request, Response

from app.domain.refusals import Refused, TooMany, Unavailable
from app.mfa.pages import PageGone, PageUsed
from app.web.limits import STRANGERS, Limiter
from app.web.pages.frame import Frame, NotThisForm
from app.web.pages.guessing import Guessing

STATUS = {
    "page_gone": 404,
    "page_used": 410,
    "too_many": 429,
    "too_many_tries": 429,
    "unavailable": 503,
    "busy": 503,
}
Answer = Callable[[], Awaitable[Response]]
log = structlog.get_logger(__name__)


class Answering:
    """Turns refusals into pages."""

    def __init__(self, frame: Frame, limiter: Limiter, guessing: Guessing) -> None:
        self._frame = frame
        self._limiter = limiter
        self._guessing = guessing

    async def answer(self, request: Request, answer: Answer) -> Response:
        """Answer, or say no on a page."""
        try:
            return await answer()
        except PageGone as gone:
            return self._no(request, await self.guessed(request, gone))
        except NotThisForm as no:
            log.info("form_refused_by_page", why=str(no), ip=self._frame.address(request).ip)
            return self._frame.refuse(request, "That was not sent", str(no))
        except Refused as refusal:
            return self._no(request, refusal)

    async def or_again(self, doing: Answer, again: Callable[[str, int], Awaitable[Response]]) -> Response:
        """Do what was sent, or show the page again with what is wrong, where it can still be used."""
        try:
            return await doing()
        except (PageGone, PageUsed):
            raise
        except Refused as refusal:
            try:
                return await again(str(refusal), STATUS.get(refusal.code, 409))
            except Refused:
                raise refusal from None

    async def guessed(self, request: Request, none_such: Refused) -> Refused:
        """Count a link that is none; gives what is said to it.

        Whoever asks for many of those guesses: they are told to wait, and it is recorded.
        """
        ip = self._frame.address(request).ip
        try:
            await self._limiter.take(STRANGERS, f"page:{ip}")
        except TooMany as slower:
            await self._guessing.record(ip)
            return slower
        except Unavailable as away:
            return away
        log.info("page_unknown", ip=ip)
        return none_such

    def _no(self, request: Request, refusal: Refused) -> Response:
        gone = isinstance(refusal, PageGone | PageUsed)
        title = "This page is gone" if gone else "That was not done"
        status = STATUS.get(refusal.code, 409)
        return self._frame.refuse(request, title, str(refusal), status=status)
