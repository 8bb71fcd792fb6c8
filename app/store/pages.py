"""One-time pages in Redis: each ends by its native TTL, and is taken once. A token itself is never kept."""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from redis.asyncio import Redis

from app.domain.value import Value
from app.store import keys
from app.store.requests import reachable
from app.store.scripts import Scripts

PAGE_LASTS = timedelta(minutes=5)
TOKEN_BYTES = 32


class Purpose(StrEnum):
    """What the person is to do on a page."""

    APPROVE = "approve"
    DENY = "deny"
    MORE_TIME = "more_time"
    CONFIRM = "confirm"
    BREAK_GLASS = "break_glass"
    REVIEW = "review"
    FACTORS = "factors"


class Page(Value):
    """A page for one person (`person` and `slack` are their ids), about one request where `request_id` is set.

    `digest` is of what the page shows, `nonce` makes it unlike any other page's; `view` is a Slack view that
    is to change once the page is used. `details` are what else the person chose before they came here.
    """

    person: str
    slack: str
    purpose: Purpose
    request_id: str = ""
    digest: str = ""
    nonce: str
    view: str = ""
    details: tuple[tuple[str, str], ...] = ()
    made_at: datetime

    def detail(self, name: str) -> str:
        """What the person chose, empty where they did not."""
        return dict(self.details).get(name, "")


class Found(NamedTuple):
    """A page as it is kept; `used` tells that somebody has taken it."""

    page: Page
    used: bool


class PageStore:
    """Pages. Raises Unavailable whenever the server cannot be reached."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._scripts = Scripts(client)

    async def make(self, page: Page, lasts: timedelta = PAGE_LASTS) -> str:
        """Keep a page; gives its token, 256 random bits for a path."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        key = _key(token)
        async with reachable(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(key, "doc", page.model_dump_json())
            pipeline.pexpire(key, lasts)
            await pipeline.execute()
        return token

    async def find(self, token: str) -> Found | None:
        """Read a page, None where there is none (any more)."""
        async with reachable():
            doc, used = await self._redis.hmget(_key(token), ["doc", "used"])
        return Found(Page.model_validate_json(doc), used is not None) if doc else None

    async def take(self, token: str) -> Page | None:
        """Take a page: gives it to the first who asks, None to all others."""
        async with reachable():
            state, *doc = await self._scripts.run("page_take", [_key(token)], [])
        return Page.model_validate_json(doc[0]) if state == "taken" else None


def _key(token: str) -> str:
    return keys.page(hashlib.sha256(token.encode()).hexdigest())
