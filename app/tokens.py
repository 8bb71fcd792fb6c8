"""Who calls the API, and how people and machines come by a token.

Fails closed: policy and Slack are asked at every call, so that whoever leaves either loses all tokens at once.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import structlog

from app.domain.ids import ALPHABET, Choose
from app.domain.people import Principal
from app.domain.refusals import BadInput, ScopeMissing, TokenRefused, TooMany, UnknownCode
from app.domain.run import Run
from app.domain.token import (
    LASTS,
    LASTS_AT_MOST,
    OF_PEOPLE,
    Bearer,
    Made,
    Scope,
    Token,
    digest_of,
    make_token,
    read_token,
)
from app.policy import Permission, Policy
from app.policy.workloads import Workload
from app.store.checks import Checked, Checks
from app.store.held import Held
from app.store.tokens import LOGIN_WAITS, USE_NOTED_EVERY, Login, TokenStore

CODE_LENGTH = 8
TRIES = 10
"""So many codes may somebody type while one waits; of 2^40 codes they meet none by chance."""
DEVICE_SHOWN = 64
log = structlog.get_logger(__name__)
Verify = Callable[[str], Awaitable[Principal]]
"""Gives the person behind a Slack user whom policy names and Slack vouches for now, or raises NotKnown."""
Keep = Callable[[Token], Awaitable[bool]]
"""Keeps a new token; gives False when its id is taken."""


class Caller(NamedTuple):
    """Who calls, and what for they may: what the token was made for, less what policy no longer lets."""

    by: Principal
    token: Token
    scopes: frozenset[Scope]

    @property
    def is_machine(self) -> bool:
        return self.token.bearer is Bearer.MACHINE

    def source(self, said: str) -> str:
        """Give what calls, for policy and the records: a job of CI is one whatever it says."""
        return "ci" if self.token.workload else said

    def require(self, *any_of: Scope) -> None:
        """Raise ScopeMissing unless the token is for one of these."""
        if not self.scopes.intersection(any_of):
            raise ScopeMissing(any_of[0])


class Tokens:
    """Makes tokens, and tells whose they are."""

    def __init__(
        self, store: TokenStore, checks: Checks, policy: Callable[[], Policy], verify: Verify
    ) -> None:
        self._store = store
        self._checks = checks
        self._policy = policy
        self._verify = verify

    # -- using ---------------------------------------------------------------------------------------

    async def caller(self, text: str, *, verified: bool = True) -> Caller:
        """Give whom a token's text stands for. Raises TokenRefused, or NotKnown for people who are gone.

        Not `verified`, it is whom policy names, and Slack is not asked whether they are still there.
        """
        presented = read_token(text)
        token = await self._store.find(presented.id) if presented else None
        return await self._caller(text, token, verified=verified)

    async def check(self, text: str, person: str, action: str, resource: str) -> tuple[Caller, Held | None]:
        """Give the caller, and the grant by which a person may do something now: in one round trip."""
        caller, checked = await self.look(text, person, action, resource, "")
        return caller, checked.held

    async def look(
        self, text: str, person: str, action: str, resource: str, digest: str
    ) -> tuple[Caller, Checked]:
        """The same for what has a digest, with the grant that is bound to something else."""
        presented = read_token(text)
        if presented is None:
            raise TokenRefused
        checked = await self._checks.look(presented.id, person, action, resource, digest)
        return await self._caller(text, checked.token), checked

    async def _caller(self, text: str, token: Token | None, *, verified: bool = True) -> Caller:
        presented = read_token(text)
        if presented is None or token is None or not presented.is_of(token):
            raise TokenRefused
        by, scopes = await self._stands_for(token, verified=verified)
        if token.used_at is None or datetime.now(UTC) - token.used_at >= USE_NOTED_EVERY:
            await self._store.note_use(token.id)
        return Caller(by, token, scopes)

    async def _stands_for(self, token: Token, *, verified: bool) -> tuple[Principal, frozenset[Scope]]:
        if token.bearer is Bearer.MACHINE:
            if token.workload:
                job = self._policy().workloads.get(token.owner)
                if job is None or job.digest != token.workload:
                    raise TokenRefused
            allowed = self._policy().machines.get(token.owner, frozenset[Scope]())
            return machine(token.owner), allowed.intersection(token.scopes)
        person = self._policy().people.get(token.owner)
        if person is None or person.slack != token.slack:
            raise TokenRefused
        if verified:
            person = await self._verify(token.slack)
        if person.id != token.owner:
            raise TokenRefused
        return person, frozenset(token.scopes)

    # -- a person's, by login ------------------------------------------------------------------------

    async def ask_login(self, challenge: str, device: str, ip: str, choose: Choose = secrets.choice) -> str:
        """Let a machine wait until somebody types its code in Slack; gives the code."""
        login = Login(challenge=challenge, device=" ".join(device.split())[:DEVICE_SHOWN], ip=ip)
        while True:
            code = "".join(choose(ALPHABET) for _ in range(CODE_LENGTH))
            if await self._store.ask_login(code, login):
                return code

    async def login(self, code: str, by: Principal) -> tuple[str, Login]:
        """Look at who asks by a code, before confirming it. Raises UnknownCode, or TooMany after some tries."""
        drawn, left = await self._store.draw("codes", by.id, TRIES, LOGIN_WAITS, 1)
        if not drawn:
            raise TooMany("codes were typed", after=max(1, left // 1000))
        read = read_code(code)
        login = await self._store.login(read)
        if login is None:
            raise UnknownCode
        return read, login

    async def confirm_login(self, code: str, by: Principal) -> Login:
        """Let the machine that asks have a token of this person's. Raises UnknownCode."""
        read, login = await self.login(code, by)
        if not await self._store.confirm_login(read, by.id):
            raise UnknownCode
        log.info("login_confirmed", by=by.id, device=login.device, ip=login.ip)
        return login

    async def collect_login(self, code: str, verifier: str) -> Made | None:
        """Give the machine that waits its token, once; None while nobody has confirmed. Raises UnknownCode."""
        state, login, person = await self._store.collect_login(read_code(code), digest_of(verifier))
        if state == "waits":
            return None
        known = self._policy().people.get(person)
        if login is None or known is None:
            raise UnknownCode
        return await self._make(Bearer.PERSON, known, OF_PEOPLE, LASTS, login.device)

    # -- a machine's ---------------------------------------------------------------------------------

    async def make_for_machine(
        self, name: str, scopes: Iterable[Scope], lasts: timedelta, label: str = ""
    ) -> Made:
        """Make a machine's token. Raises BadInput unless policy names the machine and lets it do all this."""
        wanted, allowed = frozenset(scopes), self._policy().machines.get(name)
        if allowed is None:
            named = ", ".join(sorted(self._policy().machines)) or "none"
            raise BadInput(f"policy names no machine “{name[:64]}” (it names: {named}); add it to `machines`")
        if not wanted or not wanted <= allowed:
            raise BadInput(f"policy lets {name} have {', '.join(sorted(allowed))}; ask for some of these")
        if not timedelta() < lasts <= LASTS_AT_MOST:
            raise BadInput(f"a token lasts up to {LASTS_AT_MOST.days} days")
        return await self._make(Bearer.MACHINE, machine(name), sorted(wanted), lasts, label)

    async def make_for_job(self, name: str, job: Workload, label: str, run: Run, keep: Keep) -> Made:
        """Make a token for a job that is known to be this machine, for all that policy lets the machine do.

        `keep` keeps it only together with taking what the job showed. Raises what that raises.
        """
        allowed = sorted(self._policy().machines.get(name, frozenset[Scope]()))
        return await self._make(
            Bearer.MACHINE, machine(name), allowed, job.lasts, label, job.digest, run, keep
        )

    async def _make(
        self,
        bearer: Bearer,
        owner: Principal,
        scopes: Sequence[Scope],
        lasts: timedelta,
        label: str,
        workload: str = "",
        run: Run | None = None,
        keep: Keep | None = None,
    ) -> Made:
        now = await self._store.now()
        while True:
            made = make_token(
                lambda token_id, digest: Token(
                    id=token_id,
                    bearer=bearer,
                    owner=owner.id,
                    slack=owner.slack,
                    scopes=tuple(scopes),
                    label=label[:DEVICE_SHOWN],
                    workload=workload,
                    run=run,
                    digest=digest,
                    created_at=now,
                    expires_at=now + lasts,
                )
            )
            if await (keep or self._store.keep)(made.token):
                log.info("token_made", token=made.token.id, owner=owner.id, bearer=bearer, scopes=scopes)
                return made

    # -- seeing and ending ---------------------------------------------------------------------------

    async def of(self, owner: str) -> Sequence[Token]:
        """The tokens of a person or machine. Who may see them is the caller's to check."""
        return await self._store.of(owner)

    async def revoke(self, token_id: str, by: Principal) -> Token:
        """End one's own token, or, by the permission to revoke, anyone's. Raises BadInput alike for no such."""
        token = await self._store.find(token_id)
        may_any = self._policy().may(by.id, Permission.REVOKE)
        is_own = token is not None and token.bearer is Bearer.PERSON and token.owner == by.id
        if token is None or not (is_own or may_any):
            raise BadInput(f"You have no token {token_id[:20]}. `/jit tokens` lists yours.", field="id")
        await self.end(token, by.id)
        return token

    async def end_by_id(self, token_id: str, by: str) -> None:
        """End a token at once. Raises BadInput when there is no such."""
        token = await self._store.find(token_id)
        if token is None:
            raise BadInput(f"there is no token {token_id[:20]}, or it is expired or revoked")
        await self.end(token, by)

    async def end(self, token: Token, by: str) -> None:
        """End a token at once."""
        await self._store.revoke(token)
        log.info("token_revoked", token=token.id, owner=token.owner, by=by)


def machine(name: str) -> Principal:
    """A machine as one who acts: no Slack user, so that it is never taken for a person."""
    return Principal(id=name, name=name, slack="")


def read_code(text: str) -> str:
    """Bring a code as typed (any case, spaces, hyphens, O for 0) into its one form. Raises UnknownCode."""
    code = text.upper().replace("-", "").replace(" ", "").strip("`").translate(str.maketrans("OIL", "011"))
    if len(code) != CODE_LENGTH or not set(code) <= set(ALPHABET):
        raise UnknownCode
    return code


def shown_code(code: str) -> str:
    """Write a code as people type it: `ABCD-2345`."""
    return f"{code[:4]}-{code[4:]}"
