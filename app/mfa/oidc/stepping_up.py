"""A sign-in for one request: sent to the provider, and taken when it comes back."""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from app.domain.proof import Factor, Proof
from app.mfa.oidc.id_token import Wanted, check_acr, verify
from app.mfa.oidc.provider import Provider
from app.mfa.oidc.refusals import (
    MalformedCallback,
    NoAccount,
    NotSignedIn,
    OtherAccount,
    OtherBrowser,
    OtherIssuer,
    SignInRefused,
    UnknownAttempt,
)
from app.store.step_ups import Attempt, StepUpStore

LONGEST = 4096
STATE = re.compile(r"[A-Za-z0-9_-]{43}")
ERROR = re.compile(r"[A-Za-z0-9_.-]{1,60}")
NEW = timedelta()
Params = Sequence[tuple[str, str]]


class StepUp:
    """Sign-ins of people whom policy gives an account of the provider.

    `account_of` gives the subject of a person by their id, None where policy names none; it is asked when a
    sign-in begins and when it comes back. Nothing else that the provider says stands for a person.
    """

    def __init__(
        self, provider: Provider, store: StepUpStore, account_of: Callable[[str], str | None]
    ) -> None:
        self._provider = provider
        self._store = store
        self._account_of = account_of

    async def begin(
        self, person: str, *, digest: str, page: str, browser: str, return_to: str, fresh: timedelta = NEW
    ) -> str:
        """Give the address at the provider to send the person's browser to.

        `person` is an id; `digest` the SHA-256 of what the page shows; `page` the digest of the page's token;
        `browser` the secret in the browser's cookie; `return_to` the callback's address, as it is registered at
        the provider; `fresh` how long ago they may have signed in. Raises NoAccount, ProviderAway,
        ProviderMisfit or Unavailable.
        """
        if not browser or not digest:
            raise ValueError("a sign-in belongs to one browser and to what was shown in it")
        self._account(person)
        metadata = await self._provider.metadata()
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        attempt = Attempt(
            person=person,
            digest=digest,
            page=page,
            browser=_digest(browser),
            salt=secrets.token_urlsafe(32),
            verifier=verifier,
            return_to=return_to,
            fresh=int(fresh.total_seconds()),
            begun_at=await self._store.now(),
        )
        await self._store.keep(state, attempt)
        client = self._provider.client
        address: str = prepare_grant_uri(
            metadata["authorization_endpoint"],
            client.id,
            "code",
            return_to,
            "openid",
            state,
            nonce=nonce_of(attempt),
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
            prompt="login",
            max_age=str(attempt.fresh),
            acr_values=" ".join(client.acr),
        )
        return address

    async def finish(self, params: Params, browser: str) -> tuple[Proof, Attempt]:
        """Give the proof that the callback's query parameters lead to, and what was kept when it began.

        The caller still compares `digest` and `page` with what is there now. Raises SignInRefused (with
        `attempt`, where the callback is known to belong to one) or Unavailable; a sign-in is taken once, however
        it ends, unless it comes back to another browser.
        """
        said = _once_each(params)
        attempt = await self._take(said.get("state", ""), browser)
        try:
            return await self._proof(said, attempt), attempt
        except SignInRefused as refused:
            refused.attempt = attempt
            raise

    async def _take(self, state: str, browser: str) -> Attempt:
        if not STATE.fullmatch(state):
            raise UnknownAttempt
        answer, attempt = await self._store.take(state, _digest(browser))
        if answer == "taken" and attempt is not None:
            return attempt
        refused = OtherBrowser() if answer == "other" else UnknownAttempt()
        refused.attempt = attempt
        raise refused

    async def _proof(self, said: dict[str, str], attempt: Attempt) -> Proof:
        client = self._provider.client
        metadata = await self._provider.metadata()
        told = metadata.get("authorization_response_iss_parameter_supported") is True
        if said.get("iss", "" if told else client.issuer) != client.issuer:
            raise OtherIssuer(client.issuer)
        if error := said.get("error"):
            raise NotSignedIn(error if ERROR.fullmatch(error) else "for a reason that makes no sense")
        if not said.get("code"):
            raise MalformedCallback("has no code")
        account = self._account(attempt.person)
        token = await self._provider.redeem(said["code"], attempt.verifier, attempt.return_to)
        now = await self._store.now()
        since = now - timedelta(seconds=attempt.fresh) if attempt.fresh else attempt.begun_at
        wanted = Wanted(nonce_of(attempt), attempt.begun_at, min(since, attempt.begun_at), now)
        claims = await verify(token, self._provider, wanted)
        if claims["sub"] != account:
            raise OtherAccount
        check_acr(claims, client.acr)
        at = min(datetime.fromtimestamp(float(claims["auth_time"]), UTC), now)
        return Proof(kind=Factor.OIDC.value, credential=account[-4:], at=at)

    def _account(self, person: str) -> str:
        account = self._account_of(person)
        if not account:
            raise NoAccount(person)
        return account


def nonce_of(attempt: Attempt) -> str:
    """Derive the nonce from what was shown and from chance: a sign-in for one request fits no other."""
    made = hashlib.sha256(f"{attempt.digest}\n{attempt.person}\n{attempt.salt}".encode()).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def _once_each(params: Params) -> dict[str, str]:
    """Read parameters, of which none may come twice (RFC 6749 3.1). Raises MalformedCallback."""
    said = dict(params)
    if len(said) != len(params):
        raise MalformedCallback("says a thing twice")
    if any(len(value) > LONGEST for value in said.values()):
        raise MalformedCallback("is too long")
    return said


def _digest(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()
