"""The page on which people see and change their own second factors. Who may is the enrolment's to say, each time."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from app.domain.people import Principal
from app.domain.proof import Factor, Proof
from app.domain.refusals import Refused
from app.mfa import webauthn
from app.mfa.confirming import Confirming, Whose
from app.mfa.enrolment import Added, BegunApp, BegunKey, Enrolment
from app.mfa.pages import NotYours, PageGone, PageUsed
from app.mfa.proving import Asked, Holdings, Proving
from app.mfa.shown import challenge_of
from app.store.pages import Found, Page, PageStore, Task, name_of

__all__ = ["Confirming", "Mine", "OwnFactors"]


class Mine(NamedTuple):
    """What somebody's page shows; `why_not` says why they may change nothing yet, empty where they may."""

    by: Principal
    held: Holdings
    proved: bool
    why_not: str
    key_options: str
    takes_code: bool
    takes_recovery: bool


class OwnFactors:
    """Pages for changing one's own factors: each is one person's, for five minutes and one change."""

    def __init__(
        self,
        pages: PageStore,
        proving: Proving,
        enrolment: Enrolment,
        whose: Whose,
        now: Callable[[], Awaitable[object]],
        url: str,
    ) -> None:
        self._pages = pages
        self._proving = proving
        self._enrolment = enrolment
        self._whose = whose
        self._now = now
        self._url = url.rstrip("/")
