"""Sign-ins as the settings name a provider, if they do."""

from collections.abc import Callable

import aiohttp
from redis.asyncio import Redis

from app.mfa.oidc.provider import Client, Provider
from app.mfa.oidc.stepping_up import StepUp
from app.policy import Policy
from app.settings import Settings, contexts_in
from app.store.step_ups import StepUpStore


def client_of(settings: Settings) -> Client | None:
    """What the provider knows the bot as; None where no provider is named."""
    secret = settings.oidc_client_secret
    if not settings.oidc_issuer or secret is None:
        return None
    return Client(
        settings.oidc_issuer,
        settings.oidc_client_id,
        secret.get_secret_value(),
        contexts_in(settings.oidc_acr),
    )


def step_up(
    settings: Settings, http: aiohttp.ClientSession, redis: Redis, policy: Callable[[], Policy]
) -> StepUp | None:
    """Give the way to sign in; None where no provider is named. Asks nobody yet."""
    client = client_of(settings)
    if client is None:
        return None

    def account_of(person: str) -> str | None:
        """As the policy in force has it."""
        return policy().accounts.get(person)

    return StepUp(Provider(http, client), StepUpStore(redis), account_of)
