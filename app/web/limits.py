"""How often somebody may call. Counted in Redis over all replicas, which draw calls from there, some at a time.

What a replica has drawn and does not use is lost to the caller until the span is over; the limit itself is
never exceeded. A limit on frequent calls is drawn in large parts, so that a check costs no write.
"""

import asyncio
import time
from datetime import timedelta
from typing import NamedTuple
from weakref import WeakValueDictionary

from app.domain.refusals import TooMany
from app.store.tokens import TokenStore

REMEMBERED = 10_000


class Limit(NamedTuple):
    """So many calls in a span; `part`: how many a replica draws at once."""

    kind: str
    calls: int
    span: timedelta
    part: int


VERBS = Limit("verbs", 240, timedelta(minutes=1), 1)
BEATS = Limit("beats", 12_000, timedelta(minutes=1), 20)
"""Heartbeats: of some two hundred commands at a time."""
CHECKS = Limit("checks", 300_000, timedelta(minutes=1), 5_000)
STRANGERS = Limit("strangers", 120, timedelta(minutes=1), 1)
"""Calls without a valid token, by address."""
EVENTS = Limit("events", 1_200, timedelta(minutes=1), 1)
"""Events that are genuine, by source."""
OPENINGS = Limit("openings", 120, timedelta(hours=1), 1)
"""Events that match, by trigger: a flood of them must not drown the approvers."""


class _Drawn(NamedTuple):
    left: int
    until: float


class Limiter:
    """Counts calls."""

    def __init__(self, store: TokenStore) -> None:
        self._store = store
        self._drawn: dict[tuple[str, str], _Drawn] = {}
        self._drawing: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def take(self, limit: Limit, caller: str) -> None:
        """Count a call. Raises TooMany, which says when the next one is taken."""
        if self._taken(limit, caller):
            return
        async with self._drawing.setdefault((limit.kind, caller), asyncio.Lock()):  # many would draw in vain
            if not self._taken(limit, caller):
                await self._draw(limit, caller)

    def _taken(self, limit: Limit, caller: str) -> bool:
        """Take one of the calls that are drawn; False when more have to be."""
        key, now = (limit.kind, caller), time.monotonic()
        held = self._drawn.get(key)
        if held is None or now >= held.until or held.left == 0:
            return False
        if held.left < 0:
            raise TooMany("calls", after=max(1, round(held.until - now)))
        self._drawn[key] = held._replace(left=held.left - 1)
        return True

    async def _draw(self, limit: Limit, caller: str) -> None:
        key, now = (limit.kind, caller), time.monotonic()
        drawn, left = await self._store.draw(limit.kind, caller, limit.calls, limit.span, limit.part)
        if len(self._drawn) >= REMEMBERED:
            self._drawn.clear()
        until = now + left / 1000
        self._drawn[key] = _Drawn(drawn - 1, until)  # none drawn is remembered as -1: the span is used up
        if not drawn:
            raise TooMany("calls", after=max(1, round(left / 1000)))
