"""One-time pages: from a link, by a proof of the person, to one call of the workflow.

Whoever holds a page's token sees what it is about and no more. To do something takes a factor of the person
for whom it was made; the page is taken then, and what it showed must be what stands now.
"""

import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import structlog

from app.domain.people import Principal
from app.domain.proof import Factor, Proof
from app.domain.proving import Purpose
from app.domain.refusals import NotWhatWasShown, Refused
from app.domain.request import Request
from app.mfa import webauthn
from app.mfa.doing import Done, do, may_do
from app.mfa.pages import Link, NotAccepted, NotYours, PageGone, PageRefused, PageUsed, Shown
from app.mfa.proving import Asked, Proving
from app.mfa.shown import challenge_of, digest_of
from app.store.pages import PAGE_LASTS, Page, PageStore, Task, name_of
from app.workflow import Workflow

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
NOWHERE = Asked()
PROVED = {task for task in Task if task.value in {purpose.value for purpose in Purpose}}
"""What policy may ask a factor for."""
ELSEWHERE = {Task.FACTORS, Task.CREDENTIALS}
"""Tasks of pages that are not these: their tokens open nothing here."""
log = structlog.get_logger(__name__)
Whose = Callable[[str], Awaitable[Principal]]
"""Gives the person behind a Slack user whom policy names and Slack vouches for now, or raises NotKnown."""
Tell = Callable[[Page, Done], Awaitable[None]]
Prove = Callable[[Shown], Awaitable[Proof]]


class Confirming:
    """Makes pages, shows them, and does what they are for."""

    def __init__(
        self,
        pages: PageStore,
        workflow: Workflow,
        proving: Proving,
        whose: Whose,
        url: str = "",
        *,
        has_account: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """`url` is where people see the pages, empty where they see none.

        `has_account` tells whether a person, by their id, can sign in at the company's provider.
        """
        self._pages = pages
        self._workflow = workflow
        self._proving = proving
        self._whose = whose
        self._url = url.rstrip("/")
        self._has_account = has_account
        self.on_done: Tell = _nobody

    # -- making --------------------------------------------------------------------------------------

    async def make(
        self, task: Task, request: Request, by: Principal, details: Mapping[str, str] | None = None
    ) -> Link:
        """Make a page for one person about one request."""
        page = await self._drafted(task, request, by, details or {})
        token = await self._pages.make(page)
        return Link(token, self.url_of(token), page, await self._shown(page, request, by))

    async def make_review(self, request: Request, by: Principal, lasts: timedelta) -> str:
        """Make the page that a link in mail leads to: it shows, and leads on to a page that decides.

        Gives its address, empty where people see no pages.
        """
        if not self._url:
            return ""
        page = await self._drafted(Task.REVIEW, request, by, {})
        return self.url_of(await self._pages.make(page, max(lasts, PAGE_LASTS)))

    async def _drafted(self, task: Task, request: Request, by: Principal, details: Mapping[str, str]) -> Page:
        page = Page(
            person=by.id,
            slack=by.slack,
            task=task,
            request_id=request.id,
            nonce=secrets.token_urlsafe(24),
            details=tuple(sorted(details.items())),
            made_at=await self._workflow.now(),
        )
        return page.model_copy(update={"digest": digest_of(request, page)})

    def url_of(self, token: str) -> str:
        """Where a page is; empty where people see none."""
        return f"{self._url}/confirm/{token}" if self._url else ""

    # -- looking -------------------------------------------------------------------------------------

    async def look(self, token: str) -> Shown:
        """Look at a page, which changes nothing. Raises PageRefused, and why it could not be done now."""
        return await self._look(_name(token))

    async def again(self, token: str, user: str) -> Link:
        """Give a page that was made for this Slack user and can still be used. Raises what looking raises."""
        shown = await self.look(token)
        if shown.by.slack != user:
            raise NotYours
        return Link(token, self.url_of(token), shown.page, shown)

    async def may_lead_on(self, shown: Shown) -> None:
        """Tell whether what a link in mail shows can be decided now. Raises what deciding would raise."""
        await may_do(self._workflow, shown.page.model_copy(update={"task": Task.APPROVE}), shown.by)

    async def lead_on(self, token: str, task: Task) -> Link:
        """Go from what a link in mail shows to a page that decides. Raises what deciding would raise."""
        shown = await self.look(token)
        if shown.page.task is not Task.REVIEW or task not in {Task.APPROVE, Task.DENY}:
            raise PageGone
        page = shown.page.model_copy(update={"task": task})
        return await self.make(task, await may_do(self._workflow, page, shown.by), shown.by)

    # -- doing ---------------------------------------------------------------------------------------

    async def by_key(self, token: str, answer: str, seen: Asked, comment: str = "") -> Done:
        """Do it by a security key's answer; `seen` says where it came from."""

        async def prove(shown: Shown) -> Proof:
            challenge, asked = challenge_of(shown.page), seen._replace(about=shown.request.id)
            return await self._proving.by_key(shown.by, answer, challenge, asked)

        return await self._do(_name(token), Factor.WEBAUTHN, prove, seen, comment)

    async def by_code(
        self, token: str, code: str, seen: Asked = NOWHERE, comment: str = "", user: str | None = None
    ) -> Done:
        """Do it by a code of an app; `user` is the Slack user who typed it, where it was typed in Slack."""

        async def prove(shown: Shown) -> Proof:
            if user is not None and user != shown.by.slack:
                raise NotYours
            return await self._proving.by_code(shown.by, code, seen._replace(about=shown.request.id))

        return await self._do(_name(token), Factor.TOTP, prove, seen, comment)

    async def before_sign_in(self, token: str, comment: str) -> tuple[str, Shown]:
        """Keep what was written, and give the page's name and what it shows, for a sign-in to be bound to."""
        shown = await self.look(token)
        if Factor.OIDC not in shown.accepted or shown.page.task is Task.REVIEW:
            raise NotAccepted(shown.accepted)
        await self._pages.note_comment(name_of(token), comment)
        return name_of(token), shown

    async def by_sign_in(self, name: str, person: str, digest: str, proof: Proof, seen: Asked) -> Done:
        """Do it by a sign-in that was checked: whose it is, and for which page and digest it was begun."""

        async def prove(shown: Shown) -> Proof:
            if person != shown.by.id or not hmac.compare_digest(digest, shown.page.digest):
                raise NotYours
            return proof.seen_from(seen.ip, seen.ip_told_by)

        return await self._do(name, Factor.OIDC, prove, seen, "")

    async def note_refusal(self, name: str, code: str) -> None:
        """Record that a sign-in for a page proved nothing."""
        page, _ = await self._found(name)
        await self._workflow.record_attempt(page.request_id, await self._person(page), page.task, code)

    async def _do(self, name: str, factor: Factor, prove: Prove, seen: Asked, comment: str) -> Done:
        page, written = await self._found(name)
        by = await self._person(page)
        try:
            shown = await self._look(name)
            if factor not in shown.accepted or page.task is Task.REVIEW:
                raise NotAccepted(shown.accepted)
            proof = await prove(shown)
            if await self._pages.take(name) is None:
                raise PageUsed
        except Refused as refusal:
            log.info("not_proved", code=refusal.code, person=by.id, request=page.request_id, ip=seen.ip)
            if isinstance(refusal, PageRefused | NotWhatWasShown):
                await self._workflow.record_attempt(page.request_id, by, page.task, refusal.code)
            raise
        done = await do(self._workflow, page, by, proof, comment or written)
        await self.on_done(page, done)
        return done

    # -- reading -------------------------------------------------------------------------------------

    async def _look(self, name: str) -> Shown:
        found = await self._pages.find(name)
        if found is None or found.page.task in ELSEWHERE:
            raise PageGone
        if found.used:
            raise PageUsed
        page, by = found.page, await self._person(found.page)
        request = await may_do(self._workflow, page, by)
        if page.task is not Task.REVIEW and not hmac.compare_digest(page.digest, digest_of(request, page)):
            raise NotWhatWasShown(request.id)
        return await self._shown(page, request, by)

    async def _found(self, name: str) -> tuple[Page, str]:
        """Find a page, used or not, and what was written on it."""
        found = await self._pages.find(name)
        if found is None or found.page.task in ELSEWHERE:
            raise PageGone
        return found.page, found.comment

    async def _person(self, page: Page) -> Principal:
        """Ask anew who the page's person is: they may have left since."""
        by = await self._whose(page.slack)
        if by.id != page.person:
            raise NotYours
        return by

    async def _shown(self, page: Page, request: Request, by: Principal) -> Shown:
        accepted = await self._accepted(request, page.task)
        held = await self._proving.holdings(by)
        keys = held.that_count(Factor.WEBAUTHN) if Factor.WEBAUTHN in accepted and self._url else ()
        return Shown(
            page=page,
            request=request,
            by=by,
            accepted=accepted,
            key_options=webauthn.assertion_options(keys, challenge_of(page), self._proving.rp)
            if keys
            else "",
            takes_code=Factor.TOTP in accepted and bool(held.that_count(Factor.TOTP)),
            by_oidc=Factor.OIDC in accepted and bool(self._url) and self._has_account(by.id),
        )

    async def _accepted(self, request: Request, task: Task) -> tuple[Factor, ...]:
        """Name the factors of which one will do: those that policy asks for, else any."""
        asked = await self._workflow.needed(request, Purpose(task.value)) if task in PROVED else None
        return tuple(Factor) if asked is None else asked


def _name(token: str) -> str:
    """Give the name of the page that a token opens. Raises PageGone for what is no token."""
    if not TOKEN.fullmatch(token):
        raise PageGone
    return name_of(token)


async def _nobody(page: Page, done: Done) -> None:
    """Tell nobody: there is nothing in Slack to change."""
