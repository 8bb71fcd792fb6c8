"""What goes wrong at targets, told to those who run the bot: ends that are not confirmed, first of all."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from app.domain.request import Request, State
from app.store.failing import Failing
from app.store.requests import RequestStore
from app.store.turns import Turns

PAGED_AFTER = 3
"""Tries: with the pauses between, some 6 seconds."""
log = structlog.get_logger(__name__)

Tell = Callable[[str, str], Awaitable[object]]
"""Says a text in the admin channel, once for its name."""


class Troubles:
    """Keeps what is failing where every replica sees it, and tells it once each hour that it lasts."""

    def __init__(self, failing: Failing, turns: Turns, tell: Tell) -> None:
        self._failing = failing
        self._turns = turns
        self._tell = tell

    async def end_failed(self, request: Request) -> None:
        """The target did not confirm an end, once more."""
        ending = request.ending
        if ending is None or ending.attempts < PAGED_AFTER:
            return
        what = f"{request.action} on {request.resource} of {request.requester.name}"
        text = f"{request.id} ({what}) has not ended at its target, tried {ending.attempts}×: {ending.error}"
        log.error("end_not_confirmed", request=request.id, attempts=ending.attempts, error=ending.error)
        await self._failing.note(request.id, text)
        hour = f"{ending.retry_at:%Y-%m-%dT%H}" if ending.retry_at else ""
        await self._tell(f"{text}. It is tried again until it does.", f"end:{request.id}:{hour}")

    async def ended(self, request: Request) -> None:
        """The target confirmed."""
        if request.ending and request.ending.attempts >= PAGED_AFTER:
            await self._failing.forget(request.id)

    async def not_extended(self, request: Request, error: str) -> None:
        """The target did not take a later end: access will end early there."""
        log.error("not_extended", request=request.id, error=error)
        text = f"{request.id} was given more time, and its target has not taken it: {error}"
        await self._tell(text, f"extend:{request.id}")

    async def is_new(self, request_id: str, said: str) -> bool:
        """Tell whether this has not been told within the hour, by any replica."""
        name = hashlib.sha256(said.encode()).hexdigest()[:12]
        return await self._turns.take(f"drift:{request_id}:{name}", timedelta(hours=1))

    async def drift(self, text: str, request_id: str) -> None:
        """A target held something else than the grants say."""
        await self._tell(text, f"drift:{request_id}:{hashlib.sha256(text.encode()).hexdigest()[:12]}")

    async def forget_all_but(self, store: RequestStore) -> None:
        """Forget the failing ends that have been confirmed meanwhile."""
        noted = await self._failing.all()
        ending = {each.id for each in await store.find(list(noted)) if each.state is State.ENDING}
        if over := noted.keys() - ending:
            await self._failing.forget(*over)
