"""One-time pages that show the credentials of live access to its requester, once.

A page's address alone shows nothing: whoever has it must also type the word that Slack told the requester beside
it, or, where policy asks the requester for a factor, prove themselves by one. Looking changes nothing, so that
whatever opens links may; nothing is taken before the proof is right, and then by one caller alone.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import structlog

from app.domain.ids import ALPHABET
from app.domain.people import Principal
from app.domain.proof import Factor, factors_in_words
from app.domain.refusals import TooMany
from app.domain.request import Request
from app.handing import From, Handing
from app.mfa import webauthn
from app.mfa.confirming import TOKEN, Whose
from app.mfa.pages import NotAccepted, NotYours, PageGone, PageRefused, PageUsed
from app.mfa.proving import Asked, Proving
from app.mfa.shown import challenge_of, digest_of
from app.store.pages import PAGE_LASTS, Found, Page, PageStore, Task, name_of
from app.store.secrets import Opened
from app.store.tokens import TokenStore
from app.workflow import Workflow
from app.workflow.taking import VERB

WORD_LENGTH = 8
TRIES = 5
"""So many words may be typed on a page; of 2^40 nobody meets the right one by chance."""
WORD = "word"
TAKEN_HERE = frozenset({Factor.WEBAUTHN, Factor.TOTP})
log = structlog.get_logger(__name__)


class WrongWord(PageRefused):
    """What was typed is not what Slack told beside the link."""

    code = "wrong_word"

    def __init__(self) -> None:
        super().__init__(
            "That is not the code that Slack shows beside the link of this page. Nothing was shown; look at the "
            "newest message, for each page has a code of its own."
        )


class NoWayHere(PageRefused):
    """Policy asks for factors that these pages do not take."""

    code = "no_way_here"

    def __init__(self, request: Request, accepted: tuple[Factor, ...]) -> None:
        super().__init__(
            f"To see the credentials of {request.id} takes {factors_in_words(accepted)}, and the page that shows them "
            f"takes keys and apps alone. Give it back, and type `jit run {request.action} {request.resource} -- "
            "COMMAND` in a terminal."
        )


class PageMade(NamedTuple):
    """A page's address, and the word that is told beside it; empty where a factor is asked for instead."""

    request: Request
    url: str
    word: str
    accepted: tuple[Factor, ...]

    @property
    def in_words(self) -> str:
        """The factors of which one will do."""
        return factors_in_words(self.accepted)


class ToShow(NamedTuple):
    """What a page says before it shows anything, and how the person may prove themselves there."""

    page: Page
    request: Request
    by: Principal
    accepted: tuple[Factor, ...] | None
    """The factors of which one is needed; None where the word from Slack is."""
    key_options: str
    takes_code: bool

    @property
    def in_words(self) -> str:
        """The factors of which one will do."""
        return factors_in_words(self.accepted or ())


class HandedOut(NamedTuple):
    """What is shown, this once."""

    request: Request
    given: Opened


class CredentialPages:
    """Makes such pages, shows what they are about, and shows the credentials once the person is proved."""

    def __init__(
        self,
        pages: PageStore,
        tries: TokenStore,
        workflow: Workflow,
        proving: Proving,
        handing: Handing,
        whose: Whose,
        url: str,
    ) -> None:
        """`url` is where people see the pages, empty where they see none; `tries` counts words that are typed."""
        self._pages = pages
        self._tries = tries
        self._workflow = workflow
        self._proving = proving
        self._handing = handing
        self._whose = whose
        self._url = url.rstrip("/")

    async def make(self, request_id: str, by: Principal) -> PageMade:
        """Make a page for the requester. Raises what taking the credentials would raise."""
        request = await self._handing.may(request_id, by)
        accepted = await self._workflow.asked_to_take(request)
        if accepted is not None and not TAKEN_HERE.intersection(accepted):
            raise NoWayHere(request, accepted)
        word = "" if accepted is not None else "".join(secrets.choice(ALPHABET) for _ in range(WORD_LENGTH))
        page = Page(
            person=by.id,
            slack=by.slack,
            task=Task.CREDENTIALS,
            request_id=request.id,
            nonce=secrets.token_urlsafe(24),
            details=((WORD, _digest(word)),) if word else (),
            made_at=await self._workflow.now(),
        )
        page = page.model_copy(update={"digest": digest_of(request, page)})
        url = f"{self._url}/credentials/{await self._pages.make(page)}" if self._url else ""
        return PageMade(request, url, f"{word[:4]}-{word[4:]}" if word else "", accepted or ())

    async def look(self, token: str) -> ToShow:
        """Look at a page, which changes nothing. Raises PageRefused, and why nothing would be shown."""
        found, by = await self._found(token)
        request = await self._handing.may(found.page.request_id, by)
        if found.used:
            raise PageUsed
        return await self._to_show(found.page, request, by)

    async def by_word(self, token: str, typed: str, seen: Asked) -> HandedOut:
        """Show them to who types the word that Slack told the requester."""

        async def prove(show: ToShow) -> None:
            if show.accepted is not None:
                raise NotAccepted(show.accepted)
            if not show.page.detail(WORD):
                raise PageGone  # it was made while policy asked for a factor
            drawn, left = await self._tries.draw("page-words", name_of(token), TRIES, PAGE_LASTS, 1)
            if not drawn:
                raise TooMany("codes were typed", after=max(1, left // 1000))
            if not hmac.compare_digest(show.page.detail(WORD), _digest(_clean(typed))):
                raise WrongWord

        return await self._show_once(token, prove, seen)

    async def by_factor(self, token: str, factor: Factor, answer: str, seen: Asked) -> HandedOut:
        """Show them to who proves themselves by a security key's answer, or a code of an app."""

        async def prove(show: ToShow) -> None:
            if factor not in (show.accepted or ()):
                raise NotAccepted(show.accepted or ())
            asked = seen._replace(about=show.request.id)
            if factor is Factor.WEBAUTHN:
                await self._proving.by_key(show.by, answer, challenge_of(show.page), asked)
            else:
                await self._proving.by_code(show.by, answer, asked)

        return await self._show_once(token, prove, seen)

    async def _show_once(
        self, token: str, prove: Callable[[ToShow], Awaitable[None]], seen: Asked
    ) -> HandedOut:
        show = await self.look(token)
        try:
            await prove(show)
            if await self._pages.take(name_of(token)) is None:
                raise PageUsed
        except PageRefused as refusal:
            log.info("credentials_not_shown", code=refusal.code, request=show.request.id, ip=seen.ip)
            await self._workflow.record_attempt(show.request.id, show.by, VERB, refusal.code)
            raise
        to = From(seen.ip, seen.ip_told_by, on_page=True)
        given = await self._handing.hand_out(show.request.id, show.by, to)
        log.info("credentials_shown", request=show.request.id, by=show.by.id, ip=seen.ip)
        return HandedOut(show.request, given)

    async def _found(self, token: str) -> tuple[Found, Principal]:
        found = await self._pages.find(name_of(token)) if TOKEN.fullmatch(token) else None
        if found is None or found.page.task is not Task.CREDENTIALS:
            raise PageGone
        by = await self._whose(found.page.slack)
        if by.id != found.page.person:
            raise NotYours
        return found, by

    async def _to_show(self, page: Page, request: Request, by: Principal) -> ToShow:
        accepted = await self._workflow.asked_to_take(request)
        held = await self._proving.holdings(by)
        keys = held.that_count(Factor.WEBAUTHN) if Factor.WEBAUTHN in (accepted or ()) else ()
        return ToShow(
            page=page,
            request=request,
            by=by,
            accepted=accepted,
            key_options=webauthn.assertion_options(keys, challenge_of(page), self._proving.rp)
            if keys
            else "",
            takes_code=Factor.TOTP in (accepted or ()) and bool(held.that_count(Factor.TOTP)),
        )


def _clean(typed: str) -> str:
    """Bring a word as typed (any case, spaces, hyphens, O for 0) into its one form."""
    return re.sub(r"[\s`-]", "", typed[:64].upper()).translate(str.maketrans("OIL", "011"))


def _digest(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()
