"""The page on which people see and change their own second factors. Who may is the enrolment's to say, each time."""

import secrets
from typing import NamedTuple, TypeVar

from app.domain.people import Principal
from app.domain.proof import Factor, Proof
from app.domain.refusals import Refused
from app.mfa import webauthn
from app.mfa.confirming import TOKEN, Whose
from app.mfa.enrolment import Added, BegunApp, BegunKey, Enrolment
from app.mfa.pages import NotYours, PageGone, PageUsed
from app.mfa.proving import Asked, Holdings, Proving
from app.mfa.shown import challenge_of
from app.store.pages import Found, Page, PageStore, Task, name_of
from app.store.proofs import ProofStore

T = TypeVar("T")


class Mine(NamedTuple):
    """What somebody's page shows. `why_not` says why they may change nothing yet, empty where they may.

    `key_options` (JSON, empty where no key of theirs counts), `takes_code` and `takes_recovery` are the ways in
    which they can prove that it is them.
    """

    by: Principal
    held: Holdings
    why_not: str
    key_options: str
    takes_code: bool
    takes_recovery: bool


class OwnFactors:
    """Pages for changing one's own factors: each is one person's, for five minutes and for one change."""

    def __init__(
        self,
        pages: PageStore,
        proofs: ProofStore,
        proving: Proving,
        enrolment: Enrolment,
        whose: Whose,
        url: str,
    ) -> None:
        self._pages = pages
        self._proofs = proofs
        self._proving = proving
        self._enrolment = enrolment
        self._whose = whose
        self._url = url.rstrip("/")

    async def held(self, by: Principal) -> Holdings:
        """What somebody has."""
        return await self._proving.holdings(by)

    async def make(self, by: Principal) -> str:
        """Make somebody's page; gives its address, empty where people see no pages."""
        if not self._url:
            return ""
        held = await self._proving.holdings(by)
        page = Page(
            person=by.id,
            slack=by.slack,
            task=Task.FACTORS,
            digest=f"factors of {by.id}",
            nonce=secrets.token_urlsafe(24),
            made_at=held.now,
        )
        return f"{self._url}/factors/{await self._pages.make(page)}"

    async def look(self, token: str) -> Mine:
        """Look at a page, which changes nothing. Raises PageRefused."""
        found, by = await self._found(token)
        held, why_not = await self._proving.holdings(by), ""
        try:
            await self._enrolment.check(by, found.proof)
        except Refused as no:
            why_not = str(no)
        keys = held.that_count(Factor.WEBAUTHN) if found.proof is None else ()
        return Mine(
            by=by,
            held=held,
            why_not=why_not,
            key_options=webauthn.assertion_options(keys, challenge_of(found.page), self._proving.rp)
            if keys
            else "",
            takes_code=found.proof is None and bool(held.that_count(Factor.TOTP)),
            takes_recovery=found.proof is None and held.codes > 0,
        )

    async def prove(self, token: str, how: str, answer: str, seen: Asked) -> None:
        """Prove that it is oneself by a factor that one has: `key`, `code` or `recovery`. Raises FactorRefused."""
        found, by = await self._found(token)
        match how:
            case "key":
                proof = await self._proving.by_key(by, answer, challenge_of(found.page), seen)
            case "code":
                proof = await self._proving.by_code(by, answer, seen)
            case _:
                proof = await self._proving.by_recovery_code(by, answer, seen)
        await self._pages.note_proved(name_of(token), proof)

    async def begin_key(self, token: str, label: str) -> BegunKey:
        """Ask for a new key. Raises what the enrolment raises, as the others do."""
        by, proof = await self._who(token)
        return await self._enrolment.begin_key(by, label, proof)

    async def finish_key(self, token: str, ticket: str, answer: str) -> Added:
        """Add the key."""
        by, _ = await self._who(token)
        return await self._changed(token, by, await self._enrolment.finish_key(by, ticket, answer))

    async def begin_app(self, token: str, label: str) -> BegunApp:
        """Make the secret of a new app."""
        by, proof = await self._who(token)
        return await self._enrolment.begin_app(by, label, proof)

    async def finish_app(self, token: str, ticket: str, code: str) -> Added:
        """Add the app."""
        by, _ = await self._who(token)
        return await self._changed(token, by, await self._enrolment.finish_app(by, ticket, code))

    async def remove(self, token: str, credential_id: str) -> str:
        """Remove a factor; gives its name."""
        by, proof = await self._who(token)
        removed = await self._enrolment.remove(by, credential_id, proof)
        return (await self._changed(token, by, removed)).label

    async def make_codes(self, token: str) -> tuple[str, ...]:
        """Make new recovery codes."""
        by, proof = await self._who(token)
        return await self._changed(token, by, await self._enrolment.make_codes(by, proof))

    async def _changed(self, token: str, by: Principal, result: T) -> T:
        """Close the page, and let nothing count any more that was proved before the change."""
        await self._pages.take(name_of(token))
        await self._proofs.forget(by.id)
        return result

    async def _who(self, token: str) -> tuple[Principal, Proof | None]:
        found, by = await self._found(token)
        return by, found.proof

    async def _found(self, token: str) -> tuple[Found, Principal]:
        found = await self._pages.find(name_of(token)) if TOKEN.fullmatch(token) else None
        if found is None or found.page.task is not Task.FACTORS:
            raise PageGone
        if found.used:
            raise PageUsed
        by = await self._whose(found.page.slack)
        if by.id != found.page.person:
            raise NotYours
        return found, by
