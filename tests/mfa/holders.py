"""People with keys and apps, for tests: each part is the product's, the key is software."""

import secrets
from datetime import datetime, timedelta

import pyotp

from app.domain.credential import Credential
from app.domain.events import Event, FactorAdded
from app.domain.ids import new_credential_id, partition_of
from app.domain.people import Principal
from app.domain.proof import SLACK_SESSION, Factor
from app.mfa import totp, webauthn
from app.mfa.proving import Proving, whose
from app.mfa.recovery import digest_of, new_codes
from app.mfa.relying_party import RelyingParty, relying_party
from app.mfa.vault import Vault
from app.playground.authenticator import Authenticator
from app.store.connection import Connection
from app.store.factors import FactorStore
from app.store.stream import Stream

RP = relying_party("https://jit.example.com")
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
NEWER = "HxwdHhscGRobFxgVFhUUExIREA8ODQwLCgkIBwYFBAM="


class Holder:
    """Somebody who has factors, over a store."""

    def __init__(
        self,
        connection: Connection,
        by: Principal,
        keys: tuple[str, ...] = (KEY,),
        rp: RelyingParty = RP,
    ) -> None:
        self.by = by
        self.rp = rp
        self.store = FactorStore(connection.calls)
        self.vault = Vault(keys)
        self.proving = Proving(self.store, self.vault, rp)
        self.device = Authenticator()
        self._connection = connection

    async def now(self) -> datetime:
        return (await self.store.of(self.by.id)).now

    async def has_key(
        self, counts_in: timedelta = timedelta(), device: Authenticator | None = None
    ) -> Credential:
        """Add a key, as enrolment does once it has asked who may."""
        challenge = secrets.token_bytes(32)
        options = webauthn.registration_options(self.by, (), challenge, self.rp)
        answer = (device or self.device).create(options, self.rp.origin)
        key = webauthn.verify_registration(answer, challenge, self.rp)
        made = await self._made(Factor.WEBAUTHN, counts_in)
        return await self._add(made.model_copy(update=key._asdict()))

    async def has_app(self, secret: str, counts_in: timedelta = timedelta()) -> Credential:
        """Add an app, none of whose steps is taken yet."""
        made = await self._made(Factor.TOTP, counts_in)
        return await self._add(made.model_copy(update={"secret": self.vault.seal(secret, whose(self.by))}))

    async def has_codes(self, counts_in: timedelta = timedelta()) -> tuple[str, ...]:
        """Have new recovery codes."""
        codes, now = new_codes(), await self.now()
        event = self._event(await self._made(Factor.TOTP, counts_in))
        digests = [digest_of(code, self.by) for code in codes]
        assert await self.store.make_codes(self.by.id, digests, now + counts_in, event)
        return codes

    async def touches(self, challenge: bytes, **changed: object) -> str:
        """Answer a challenge, as the browser would."""
        origin = str(changed.pop("origin", self.rp.origin))
        return self.device.get(await self.proving.ask_key(self.by, challenge), origin, **changed)

    async def code(self, secret: str, off: timedelta = timedelta()) -> str:
        """What an app shows whose clock is off by so much."""
        return pyotp.TOTP(secret).generate_otp(totp.step_at(await self.now() + off))

    async def told(self) -> list[Event]:
        """Every event of the person's partition."""
        stream, partition = Stream(self._connection.calls, self._connection.waits), partition_of(self.by.id)
        group = secrets.token_hex(4)
        await stream.make_group(partition, group)
        return [entry.event for entry in await stream.unread(partition, group, 10, 1000)]

    async def refused(self) -> list[str]:
        """The codes of what was refused, in order."""
        return [event.code for event in await self.told() if event.kind == "factor_refused"]

    async def _made(self, factor: Factor, counts_in: timedelta) -> Credential:
        now = await self.now()
        return Credential(
            id=new_credential_id(self.by.id),
            factor=factor,
            slack=self.by.slack,
            label="mine",
            created_at=now,
            counts_from=now + counts_in,
        )

    async def _add(self, made: Credential) -> Credential:
        assert "ok" == (await self.store.add(self.by.id, made, self._event(made)))[0]
        return made

    def _event(self, made: Credential) -> FactorAdded:
        return FactorAdded(
            request_id=made.id,
            at=made.created_at,
            by=self.by.id,
            person=self.by,
            factor=made.factor.value,
            label=made.label,
            counts_from=made.counts_from,
            proof=SLACK_SESSION,
        )
