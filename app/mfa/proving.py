"""Proving that one is the person, by a touch of a key or a code of an app. The only maker of such proofs.

A proof is worth one thing at one moment: a touch answers the challenge of one page, a code is of one step, and
the store takes each once. What is refused is recorded in the stream of its person.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

import structlog

from app.domain.credential import Credential
from app.domain.events import FactorRefused as Refusal
from app.domain.events import RecoveryCodeUsed
from app.domain.ids import new_credential_id
from app.domain.people import Principal
from app.domain.proof import Factor, Proof
from app.mfa import recovery, totp, webauthn
from app.mfa.refusals import (
    AnswerReplayed,
    ClockOff,
    CodeUsed,
    CoolingOff,
    FactorRefused,
    FactorsOff,
    NoFactor,
    SecretUnreadable,
    StaleCounter,
    TooManyTries,
    UnknownCredential,
    WrongCode,
    WrongRecoveryCode,
)
from app.mfa.relying_party import RelyingParty
from app.mfa.vault import Vault
from app.store.factors import FactorStore, Tried

RECOVERY = "recovery"
"""The kind of a proof by a recovery code, which is no factor: no policy takes it for one."""
log = structlog.get_logger(__name__)


class Asked(NamedTuple):
    """What somebody proves themselves for: the request's id, "" for none, and where from, as in `Proof`."""

    about: str = ""
    ip: str = ""
    ip_told_by: str = ""


UNSAID = Asked()


class Holdings(NamedTuple):
    """What somebody has, by now. `strange` was added by a Slack user who they are not, and never counts."""

    credentials: tuple[Credential, ...]
    codes: int
    now: datetime
    strange: tuple[Credential, ...] = ()

    def that_count(self, factor: Factor) -> tuple[Credential, ...]:
        """Those of a kind whose cooling-off is over."""
        return tuple(each for each in self.credentials if each.factor is factor and each.counts(self.now))


class Proving:
    """Proofs over the store of factors, the site that keys answer for, and the keys of secrets."""

    def __init__(self, store: FactorStore, vault: Vault, rp: RelyingParty | None) -> None:
        """Without `rp` (no `JIT_PUBLIC_URL`) there is no page on which a key could be touched."""
        self._store = store
        self._vault = vault
        self._rp = rp

    @property
    def rp(self) -> RelyingParty:
        """The site. Raises FactorsOff without one."""
        if self._rp is None:
            raise FactorsOff(
                "Security keys are off here: whoever runs me has to set `JIT_PUBLIC_URL` first, for the page on "
                "which they are touched."
            )
        return self._rp

    async def holdings(self, by: Principal) -> Holdings:
        """What somebody has that was added for the Slack user who they are now."""
        enrolled = await self._store.of(by.id)
        own = tuple(each for each in enrolled.credentials if each.slack == by.slack)
        strange = tuple(each for each in enrolled.credentials if each.slack != by.slack)
        return Holdings(own, enrolled.codes if own else 0, enrolled.now, strange)

    # -- keys ----------------------------------------------------------------------------------------

    async def ask_key(self, by: Principal, challenge: bytes) -> str:
        """Give the options, as JSON, that ask for a touch. Raises NoFactor, CoolingOff, FactorsOff."""
        held = await self.holdings(by)
        return webauthn.assertion_options(_of(held, Factor.WEBAUTHN, "security key"), challenge, self.rp)

    async def by_key(self, by: Principal, answer: str, challenge: bytes, asked: Asked = UNSAID) -> Proof:
        """Take a touch, given as the browser's JSON, as the answer to a challenge. Raises FactorRefused."""
        held = await self.holdings(by)
        try:
            credential, count = webauthn.verify_assertion(
                answer, held.credentials, challenge, self.rp, held.now
            )
        except FactorRefused as refusal:
            await self.record(by, Factor.WEBAUTHN, refusal, held.now, asked)
            raise
        event = _refusals(by, Factor.WEBAUTHN, asked, held.now, credential.id)
        outcome = await self._store.use_key(
            by.id,
            credential.id,
            count,
            hashlib.sha256(challenge).hexdigest(),
            replayed=event(AnswerReplayed.code),
            stale=event(StaleCounter.code),
        )
        if outcome == "gone":
            raise UnknownCredential
        if outcome == "replayed":
            raise AnswerReplayed
        if outcome == "stale":
            log.warning("sign_count_went_back", by=by.id, credential=credential.id)
            raise StaleCounter
        return _proof(Factor.WEBAUTHN, credential.id, asked, held.now)

    # -- apps ----------------------------------------------------------------------------------------

    async def by_code(self, by: Principal, code: str, asked: Asked = UNSAID) -> Proof:
        """Take a code of an app. Raises BadInput unless it is 6 digits, else FactorRefused."""
        typed = totp.clean(code)
        held = await self.holdings(by)
        try:
            counting = _of(held, Factor.TOTP, "authenticator app")
        except CoolingOff as refusal:
            await self.record(by, Factor.TOTP, refusal, held.now, asked)
            raise
        apps = [(each, *self._open(by, each)) for each in counting]
        readable = [(each, secret, anew) for each, secret, anew in apps if secret]
        if not readable:
            await self.record(by, Factor.TOTP, SecretUnreadable(), held.now, asked, apps[0][0].id)
            raise SecretUnreadable
        read = [(each, anew, totp.read(secret, typed, held.now)) for each, secret, anew in readable]
        fits = [each for each in read if each[2].step] or [each for each in read if each[2].off] or read
        app, anew, of = fits[0]
        event = _refusals(by, Factor.TOTP, asked, held.now, app.id)
        tried = await self._store.use_step(
            by.id,
            app.id,
            of.step,
            of.off,
            wrong=event(ClockOff.code if of.off else WrongCode.code),
            used=event(CodeUsed.code),
            locked=event(TooManyTries.code),
        )
        _raise_unless_taken(tried, of, held.now)
        if anew:
            await self._store.reseal(by.id, app, anew)
        return _proof(Factor.TOTP, app.id, asked, held.now)

    def _open(self, by: Principal, app: Credential) -> tuple[str, str | None]:
        try:
            return self._vault.open(app.secret, whose(by))
        except SecretUnreadable:
            log.exception(
                "secret_unreadable", by=by.id, credential=app.id, mend="put its key back into JIT_SECRET_KEYS"
            )
            return "", None

    # -- recovery codes ------------------------------------------------------------------------------

    async def by_recovery_code(self, by: Principal, code: str, asked: Asked = UNSAID) -> Proof:
        """Use up a recovery code: it lets its person add or remove a factor, and nothing else.

        Raises FactorRefused.
        """
        held = await self.holdings(by)
        new_id = new_credential_id(by.id)
        event = _refusals(by, RECOVERY, asked, held.now, new_id)
        tried = await self._store.use_code(
            by.id,
            recovery.digest_of(code, by),
            used=RecoveryCodeUsed(request_id=new_id, at=held.now, by=by.id, person=by, ip=asked.ip),
            wrong=event(WrongRecoveryCode.code),
            locked=event(TooManyTries.code),
        )
        if tried.outcome == "locked":
            raise TooManyTries(tried.after)
        if tried.outcome == "cooling":
            raise CoolingOff(held.now + tried.after, held.now)
        if tried.outcome != "ok":
            raise WrongRecoveryCode
        return Proof(kind=RECOVERY, ip=asked.ip, ip_told_by=asked.ip_told_by, at=held.now)

    async def record(
        self,
        by: Principal,
        factor: str,
        refusal: FactorRefused,
        now: datetime,
        asked: Asked = UNSAID,
        credential_id: str = "",
    ) -> None:
        """Record in the person's stream that a factor was refused."""
        event = _refusals(by, factor, asked, now, credential_id or new_credential_id(by.id))
        await self._store.record(by.id, event(refusal.code))


def whose(by: Principal) -> str:
    """Say whose a secret is, for the vault."""
    return f"{by.id}\0{by.slack}"


def _of(held: Holdings, factor: Factor, what: str) -> Sequence[Credential]:
    """Those of a kind that count. Raises NoFactor, or CoolingOff when all are too new."""
    if found := held.that_count(factor):
        return found
    new = [each.counts_from for each in held.credentials if each.factor is factor]
    if new:
        raise CoolingOff(min(new), held.now)
    raise NoFactor(what)


def _raise_unless_taken(tried: Tried, of: totp.Read, now: datetime) -> None:
    match tried.outcome:
        case "locked":
            raise TooManyTries(tried.after)
        case "gone":
            raise UnknownCredential
        case "used":
            raise CodeUsed
        case "wrong" if of.off:
            raise ClockOff(of.off_by(now))
        case "wrong" | "cooling":
            raise WrongCode
        case "ok":
            return


def _refusals(
    by: Principal, factor: str, asked: Asked, now: datetime, credential_id: str
) -> Callable[[str], Refusal]:
    def event(code: str) -> Refusal:
        return Refusal(
            request_id=credential_id,
            at=now,
            by=by.id,
            person=by,
            factor=str(factor),
            code=code,
            about=asked.about,
            ip=asked.ip,
        )

    return event


def _proof(factor: Factor, credential_id: str, asked: Asked, now: datetime) -> Proof:
    return Proof(
        kind=factor.value, credential=credential_id, ip=asked.ip, ip_told_by=asked.ip_told_by, at=now
    )
