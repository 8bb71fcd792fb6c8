"""The sign-in provider: whether it answers, signs in a way that counts, and knows the contexts that are accepted."""

from collections.abc import Mapping
from typing import Any

import aiohttp

from app.doctor.finding import Finding, bad, good, warning
from app.mfa.oidc import Client, Provider, SignInRefused
from app.mfa.oidc.set_up import client_of
from app.policy import Policy
from app.settings import Settings

PART = "sign-in"


async def examine_sign_in(settings: Settings, policy: Policy | None) -> list[Finding]:
    """Examine the provider that is named; nothing where there is none."""
    client = client_of(settings)
    if client is None:
        return []
    async with aiohttp.ClientSession() as http:
        provider = Provider(http, client)
        try:
            metadata, keys = await provider.metadata(), await provider.keys()
        except SignInRefused as refused:
            return [bad(PART, str(refused), "Is JIT_OIDC_ISSUER right, and the provider up?")]
    if not keys:
        mend = "Let it sign ID tokens with RS256, ES256 or another asymmetric algorithm."
        return [bad(PART, f"{client.issuer} publishes no key that counts", mend)]
    return [good(PART, f"{client.issuer} answers"), *_contexts(client, metadata), *_accounts(policy)]


def _contexts(client: Client, metadata: Mapping[str, Any]) -> list[Finding]:
    """Compare with what it says that it supports, if it says so."""
    known = metadata.get("acr_values_supported")
    if not isinstance(known, list) or not (missing := set(client.acr) - set(map(str, known))):
        return []
    mend = f"It says that it knows {', '.join(map(str, known))[:200]}: is JIT_OIDC_ACR right?"
    return [warning(PART, f"does not say that it knows the acr {', '.join(sorted(missing))}", mend)]


def _accounts(policy: Policy | None) -> list[Finding]:
    if policy is None or policy.accounts:
        return []
    mend = "Write the subject of each person's account as `oidc` in the policies' people."
    return [warning(PART, "policy gives nobody an account, so nobody's sign-in counts", mend)]
