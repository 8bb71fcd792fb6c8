"""Adding and removing second factors: takeover paths, so each step asks again who may.

It takes a factor that the person has or a grant that somebody else approved, never while a decision waits for
them; what is added counts only after the cooling-off that policy sets. Each change is an event in the person's
stream, from which they are told. What does not count yet its person takes back without more: that is how one
who learns of a key that is not theirs gets rid of it.
"""

import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import structlog
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from app.domain.credential import Credential
from app.domain.events import FactorAdded, FactorRemoved, RecoveryCodesMade
from app.domain.ids import new_credential_id
from app.domain.people import SYSTEM, Principal
from app.domain.proof import Factor, Proof
from app.domain.refusals import BadInput
from app.domain.value import Value
from app.mfa import recovery, totp, webauthn
from app.mfa.proving import Holdings, Proving, whose
from app.mfa.refusals import (
    AlreadyEnrolled,
    ClockOff,
    DecisionWaits,
    EnrolmentGone,
    FactorRefused,
    FactorsOff,
    NoFactor,
    TooManyFactors,
    UnknownCredential,
    WarrantNeeded,
    WrongCode,
)
from app.mfa.vault import Vault
from app.mfa.warrant import GRANT, Requests, WaitsOn, grant_for, is_good
from app.store.factors import APPS_AT_MOST, AT_MOST, FactorStore

LABEL_SHOWN = 40
TYPOS = {
    WrongCode.code,
    ClockOff.code,
    FactorsOff.code,
    EnrolmentGone.code,
    NoFactor.code,
    TooManyFactors.code,
}
log = structlog.get_logger(__name__)


class Rules(Protocol):
    """What policy says of factors: the action whose grant lets one enrol ("" for none), and the cooling-off."""

    @property
    def enrol(self) -> str:
        """The action's name."""
        ...

    @property
    def cooling_off(self) -> timedelta:
        """How long what was added does not count."""
        ...


class Given(NamedTuple):
    """What holds where policy says nothing of factors: who has one may add others, and nobody a first one."""

    enrol: str = ""
    cooling_off: timedelta = timedelta(hours=24)


NO_RULES = Given()


class BegunKey(NamedTuple):
    """A key is asked for: `options` is JSON for the browser. The ticket is the page's, and secret."""

    ticket: str
    options: str


class BegunApp(NamedTuple):
    """An app is to be set up: the page, and nothing else, shows the secret, as text and as a QR code in SVG."""

    ticket: str
    secret: str
    uri: str
    qr_svg: str


class Added(NamedTuple):
    """What was added, and recovery codes, shown this once, where the person had none."""

    credential: Credential
    codes: tuple[str, ...]


class Begun(Value):
    """An enrolment under way, as it is stored under the digest of its ticket."""

    slack: str
    factor: Factor
    label: str
    warrant: Proof
    challenge: str = ""
    secret: str = ""


class Enrolment:
    """Changes of factors over their store, the policy in force, and what waits for people."""

    def __init__(
        self,
        store: FactorStore,
        vault: Vault,
        proving: Proving,
        rules: Callable[[], Rules | None],
        requests: Requests,
        waits_on: WaitsOn,
    ) -> None:
        """`rules` gives what policy says of factors, None for nothing."""
        self._store = store
        self._vault = vault
        self._proving = proving
        self._policy = rules
        self._requests = requests
        self._waits_on = waits_on

    # -- keys ----------------------------------------------------------------------------------------

    async def begin_key(self, by: Principal, label: str, proof: Proof | None = None) -> BegunKey:
        """Ask for a new key, on the strength of a proof by a factor, else of a grant. Raises Refused."""
        async with self._recording(by, Factor.WEBAUTHN):
            held, warrant = await self._may(by, proof)
            _must_have_room(held, Factor.WEBAUTHN)
            challenge = secrets.token_bytes(32)
            options = webauthn.registration_options(by, held.credentials, challenge, self._proving.rp)
            begun = Begun(
                slack=by.slack,
                factor=Factor.WEBAUTHN,
                label=_label(label, "Security key"),
                warrant=warrant,
                challenge=bytes_to_base64url(challenge),
            )
            return BegunKey(await self._keep(by, begun), options)

    async def finish_key(self, by: Principal, ticket: str, answer: str) -> Added:
        """Add the key that the browser made, given as its JSON. A ticket is good once. Raises Refused."""
        async with self._recording(by, Factor.WEBAUTHN):
            begun = _read(await self._store.take(by.id, _digest(ticket)), by, Factor.WEBAUTHN)
            key = webauthn.verify_registration(answer, base64url_to_bytes(begun.challenge), self._proving.rp)
            held = await self._may_still(by, begun.warrant)
            if any(each.raw_id == key.raw_id for each in held.credentials):
                raise AlreadyEnrolled
            return await self._add(
                by, held, begun, self._made(by, held, begun).model_copy(update=key._asdict())
            )

    # -- apps ----------------------------------------------------------------------------------------

    async def begin_app(self, by: Principal, label: str, proof: Proof | None = None) -> BegunApp:
        """Make a secret for a new app, on the strength of a proof by a factor, else of a grant. Raises Refused."""
        async with self._recording(by, Factor.TOTP):
            held, warrant = await self._may(by, proof)
            _must_have_room(held, Factor.TOTP)
            secret = totp.new_secret()
            begun = Begun(
                slack=by.slack,
                factor=Factor.TOTP,
                label=_label(label, "Authenticator app"),
                warrant=warrant,
                secret=self._vault.seal(secret, whose(by)),
            )
            uri = totp.uri_of(secret, by.name)
            return BegunApp(await self._keep(by, begun), secret, uri, totp.qr_of(uri))

    async def finish_app(self, by: Principal, ticket: str, code: str) -> Added:
        """Add the app that shows the right code. A mistyped code leaves the ticket good. Raises Refused."""
        async with self._recording(by, Factor.TOTP):
            typed, digest = totp.clean(code), _digest(ticket)
            begun = _read(await self._store.begun(by.id, digest), by, Factor.TOTP)
            held = await self._may_still(by, begun.warrant)
            of = totp.read(self._vault.open(begun.secret, whose(by)).secret, typed, held.now)
            if of.off:
                raise ClockOff(of.off_by(held.now))
            if not of.step:
                raise WrongCode
            _read(await self._store.take(by.id, digest), by, Factor.TOTP)
            made = self._made(by, held, begun)
            return await self._add(
                by, held, begun, made.model_copy(update={"secret": begun.secret, "step": of.step})
            )

    # -- removing, and recovery codes ------------------------------------------------------------------

    async def remove(self, by: Principal, credential_id: str, proof: Proof | None = None) -> Credential:
        """Remove a factor of one's own. Raises Refused.

        One that counts takes what adding takes; one that does not count yet takes nothing, at any time.
        """
        async with self._recording(by):
            held = await self._proving.holdings(by)
            credential = next((each for each in held.credentials if each.id == credential_id), None)
            if credential is None:
                raise UnknownCredential
            warrant = None
            if credential.counts(held.now):
                held, warrant = await self._may(by, proof)
                await self._use_up(by, warrant)
            event = FactorRemoved(
                request_id=credential.id,
                at=held.now,
                by=by.id,
                person=by,
                factor=credential.factor.value,
                label=credential.label,
                proof=warrant,
            )
            if not await self._store.remove(by.id, credential, event):
                raise UnknownCredential
            log.info(event.kind, by=by.id, credential=credential.id)
            return credential

    async def make_codes(self, by: Principal, proof: Proof | None = None) -> tuple[str, ...]:
        """Give new recovery codes, shown this once, in the place of all earlier ones. Raises Refused."""
        async with self._recording(by):
            held, warrant = await self._may(by, proof)
            if not held.credentials:
                raise NoFactor("factor")
            await self._use_up(by, warrant)
            codes, counts_from = recovery.new_codes(), self._counts_from(held)
            event = RecoveryCodesMade(
                request_id=new_credential_id(by.id),
                at=held.now,
                by=by.id,
                person=by,
                counts_from=counts_from,
                proof=warrant,
            )
            digests = [recovery.digest_of(code, by) for code in codes]
            if not await self._store.make_codes(by.id, digests, counts_from, event):
                raise NoFactor("factor")
            return codes

    def _rules(self) -> Rules:
        return self._policy() or NO_RULES

    # -- who may -------------------------------------------------------------------------------------

    async def check(self, by: Principal, proof: Proof | None = None) -> Proof:
        """Give what lets somebody change their factors now: a proof, or a grant. Raises Refused."""
        return (await self._may(by, proof))[1]

    async def _may(self, by: Principal, proof: Proof | None) -> tuple[Holdings, Proof]:
        if waiting := await self._waits_on(by):
            raise DecisionWaits(list(waiting[:3]))
        held = await self._proving.holdings(by)
        if proof is not None and is_good(proof, held):
            return held, proof
        action = self._rules().enrol
        grant = grant_for(await self._requests.mine(by), action, by, held.now) if action else None
        if grant is None:
            raise WarrantNeeded(action, by.id, has_factor=bool(held.credentials))
        return held, Proof(kind=GRANT, credential=grant, at=held.now)

    async def _may_still(self, by: Principal, warrant: Proof) -> Holdings:
        """Ask again what was asked as it began; what was touched then is not too old for being typed slowly."""
        if waiting := await self._waits_on(by):
            raise DecisionWaits(list(waiting[:3]))
        held = await self._proving.holdings(by)
        if warrant.kind != GRANT and not is_good(warrant.model_copy(update={"at": held.now}), held):
            raise WarrantNeeded(self._rules().enrol, by.id, has_factor=bool(held.credentials))
        return held

    async def _use_up(self, by: Principal, warrant: Proof) -> None:
        """Use the grant, if it is that: exactly once, whoever races. Raises Refused."""
        if warrant.kind == GRANT:
            await self._requests.consume(warrant.credential, by)

    # -- keeping -------------------------------------------------------------------------------------

    async def _keep(self, by: Principal, begun: Begun) -> str:
        ticket = secrets.token_urlsafe(32)
        await self._store.begin(by.id, _digest(ticket), begun.model_dump_json())
        return ticket

    def _made(self, by: Principal, held: Holdings, begun: Begun) -> Credential:
        return Credential(
            id=new_credential_id(by.id),
            factor=begun.factor,
            slack=by.slack,
            label=begun.label,
            created_at=held.now,
            counts_from=self._counts_from(held),
        )

    def _counts_from(self, held: Holdings) -> datetime:
        return held.now + self._rules().cooling_off

    async def _add(self, by: Principal, held: Holdings, begun: Begun, made: Credential) -> Added:
        _must_have_room(held, begun.factor)
        await self._use_up(by, begun.warrant)
        await self._drop_strange(by, held)
        codes = recovery.new_codes()
        event = FactorAdded(
            request_id=made.id,
            at=held.now,
            by=by.id,
            person=by,
            factor=made.factor.value,
            label=made.label,
            counts_from=made.counts_from,
            proof=begun.warrant,
        )
        digests = [recovery.digest_of(code, by) for code in codes]
        outcome, kept = await self._store.add(by.id, made, event, digests)
        if outcome == "full":
            raise TooManyFactors(AT_MOST, "factors")
        if outcome == "apps":
            raise TooManyFactors(APPS_AT_MOST, "authenticator apps")
        if outcome == "taken":
            raise AlreadyEnrolled
        log.info(event.kind, by=by.id, credential=made.id, factor=made.factor.value)
        return Added(made, codes if kept else ())

    async def _drop_strange(self, by: Principal, held: Holdings) -> None:
        """Remove what an earlier holder of the person's id in the policies has left, with their recovery codes."""
        for each in held.strange:
            event = FactorRemoved(
                request_id=each.id,
                at=held.now,
                by=SYSTEM,
                person=by,
                factor=each.factor.value,
                label=each.label,
                proof=None,
            )
            await self._store.remove(by.id, each, event)

    @asynccontextmanager
    async def _recording(self, by: Principal, factor: str = "") -> AsyncIterator[None]:
        """Record an attempt that was refused, where it is more than a typo."""
        try:
            yield
        except FactorRefused as refusal:
            if refusal.code not in TYPOS:
                now = (await self._proving.holdings(by)).now
                await self._proving.record(by, factor, refusal, now)
            raise


def _must_have_room(held: Holdings, factor: Factor) -> None:
    apps = sum(each.factor is Factor.TOTP for each in held.credentials)
    if factor is Factor.TOTP and apps >= APPS_AT_MOST:
        raise TooManyFactors(APPS_AT_MOST, "authenticator apps")
    if len(held.credentials) >= AT_MOST:
        raise TooManyFactors(AT_MOST, "factors")


def _read(doc: str | None, by: Principal, factor: Factor) -> Begun:
    begun = Begun.model_validate_json(doc) if doc else None
    if begun is None or begun.slack != by.slack or begun.factor is not factor:
        raise EnrolmentGone
    return begun


def _label(label: str, otherwise: str) -> str:
    cleaned = " ".join(label.split())
    if not cleaned.isprintable():
        raise BadInput("The name of a factor is plain text: letters, digits, spaces.", field="label")
    return cleaned[:LABEL_SHOWN] or otherwise


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
