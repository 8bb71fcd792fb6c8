"""One-time pages in Redis: each ends by its native TTL, and is taken once. A token itself is never kept."""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from redis.asyncio import Redis

from app.domain.proof import Proof
from app.domain.value import Value
from app.store import keys
from app.store.requests import reachable
from app.store.scripts import Scripts

PAGE_LASTS = timedelta(minutes=5)
TOKEN_BYTES = 32


class Task(StrEnum):
    """What the person is to do on a page."""

    APPROVE = "approve"
    DENY = "deny"
    MORE_TIME = "more_time"
    CONFIRM = "confirm"
    GLASS = "break_glass"
    EXTEND = "extend"
    REVIEW = "review"
    FACTORS = "factors"
    CREDENTIALS = "credentials"


class Page(Value):
    """A page for one person (`person` and `slack` are their ids), about one request where `request_id` is set.

    `digest` is of what the page shows, `nonce` makes it unlike any other page's. `details` are what else the
    person chose before they came here.
    """

    person: str
    slack: str
    task: Task
    request_id: str = ""
    digest: str = ""
    nonce: str
    details: tuple[tuple[str, str], ...] = ()
    made_at: datetime

    def detail(self, name: str) -> str:
        """What the person chose, empty where they did not."""
        return dict(self.details).get(name, "")


class Found(NamedTuple):
    """A page as it is kept; `used` tells that somebody has taken it."""

    page: Page
    used: bool
    comment: str = ""
    proof: Proof | None = None
    """By what its person has proved themselves on it, where that opens the rest of the page."""


class PageStore:
    """Pages. Raises Unavailable whenever the server cannot be reached."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._scripts = Scripts(client)

    async def make(self, page: Page, lasts: timedelta = PAGE_LASTS) -> str:
        """Keep a page; gives its token, 256 random bits for a path."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        key = keys.page(name_of(token))
        async with reachable(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(key, "doc", page.model_dump_json())
            pipeline.pexpire(key, lasts)
            await pipeline.execute()
        return token

    async def find(self, name: str) -> Found | None:
        """Read a page by its name, None where there is none (any more)."""
        async with reachable():
            doc, *more = await self._redis.hmget(keys.page(name), ["doc", "used", "comment", "proof"])
        if not doc:
            return None
        used, comment, proof = more
        proved = Proof.model_validate_json(proof) if proof else None
        return Found(Page.model_validate_json(doc), used is not None, str(comment or ""), proved)

    async def take(self, name: str) -> Page | None:
        """Take a page: gives it to the first who asks, None to all others."""
        async with reachable():
            state, *doc = await self._scripts.run("page_take", [keys.page(name)], [])
        return Page.model_validate_json(doc[0]) if state == "taken" else None

    async def note_comment(self, name: str, comment: str) -> None:
        """Keep what was written on a page while its person is away to sign in."""
        await self._note(name, "comment", comment)

    async def note_proved(self, name: str, proof: Proof) -> None:
        """Keep by what a page's person has proved themselves on it."""
        await self._note(name, "proof", proof.model_dump_json())

    async def _note(self, name: str, field: str, value: str) -> None:
        async with reachable():
            await self._scripts.run("page_note", [keys.page(name)], [field, value])


def name_of(token: str) -> str:
    """Give the name of a page, which opens nothing: the SHA-256 of its token."""
    return hashlib.sha256(token.encode()).hexdigest()
