"""Second factors as the settings have them: every part of them, made once."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import aiohttp
from redis.asyncio import Redis

from app.domain.request import Request
from app.handing import Handing
from app.mfa.confirming import Confirming, Whose
from app.mfa.credentials import CredentialPages
from app.mfa.enrolment import Enrolment
from app.mfa.oidc.set_up import step_up
from app.mfa.own_factors import OwnFactors
from app.mfa.proving import Proving
from app.mfa.relying_party import relying_party
from app.mfa.signing_in import SigningIn
from app.mfa.vault import Vault
from app.policy import Policy
from app.settings import Settings
from app.store.factors import FactorStore
from app.store.pages import PageStore
from app.store.proofs import ProofStore
from app.store.tokens import TokenStore
from app.workflow import Workflow


class SecondFactors(NamedTuple):
    """What pages and forms call; `signing_in` is None where no provider is named or there are no pages."""

    confirming: Confirming
    own: OwnFactors
    credentials: CredentialPages
    signing_in: SigningIn | None


def second_factors(
    settings: Settings,
    redis: Redis,
    http: aiohttp.ClientSession,
    workflow: Workflow,
    policy: Callable[[], Policy],
    whose: Whose,
    handing: Handing,
) -> SecondFactors:
    """Make them. `whose` gives the person behind a Slack user, verified now, or raises NotKnown.

    `handing` gives credentials, which pages of the same kind show.
    """
    url = settings.public_url
    secret = settings.secret_keys.get_secret_value().split(",") if settings.secret_keys else []
    store, vault, pages = FactorStore(redis), Vault(secret), PageStore(redis)
    proving = Proving(store, vault, relying_party(url) if url else None)
    enrolment = Enrolment(store, vault, proving, lambda: policy().factors, workflow, workflow.decisions_for)
    provider = step_up(settings, http, redis, policy) if url else None

    def has_account(person: str) -> bool:
        return provider is not None and bool(policy().accounts.get(person))

    def fresh(request: Request) -> timedelta:
        return timedelta(seconds=request.verdict.obligations.oldest_proof or 0)

    confirming = Confirming(pages, workflow, proving, whose, url, has_account=has_account)
    return SecondFactors(
        confirming,
        OwnFactors(pages, ProofStore(redis), proving, enrolment, whose, url),
        CredentialPages(pages, TokenStore(redis), workflow, proving, handing, whose, url),
        SigningIn(provider, confirming, url, fresh) if provider else None,
    )
