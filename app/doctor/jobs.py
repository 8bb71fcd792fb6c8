"""The issuers of CI jobs' tokens: whether each answers, has keys, and signs what policy holds its tokens against."""

import asyncio
from collections.abc import Iterable

import aiohttp

from app.doctor.finding import Finding, bad, good, warning
from app.oidc.published import Published
from app.oidc.troubles import IssuerTrouble
from app.policy import Policy
from app.policy.workloads import Workload

PART = "jobs"


async def examine_jobs(policy: Policy | None) -> list[Finding]:
    """Examine every issuer that policy names; nothing where no machine is a job."""
    jobs = list(policy.workloads.values()) if policy else []
    async with aiohttp.ClientSession() as http:
        found = await asyncio.gather(
            *(_examine(http, issuer, jobs) for issuer in sorted({job.issuer for job in jobs}))
        )
    return [each for findings in found for each in findings]


async def _examine(http: aiohttp.ClientSession, issuer: str, jobs: Iterable[Workload]) -> list[Finding]:
    published = Published(http, issuer)
    try:
        metadata, keys = await published.metadata(), await published.keys()
    except IssuerTrouble as trouble:
        mend = "Jobs of this issuer cannot sign in. Is `oidc.issuer` right, and may the bot reach it?"
        return [bad(PART, str(trouble), mend)]
    if not keys:
        mend = "Let it sign with RS256, ES256 or another asymmetric algorithm."
        return [bad(PART, f"{issuer} publishes no key that counts", mend)]
    return [good(PART, f"{issuer} answers"), *_claims(issuer, metadata.get("claims_supported"), jobs)]


def _claims(issuer: str, known: object, jobs: Iterable[Workload]) -> list[Finding]:
    """Compare with the claims that it says that it signs, if it says so."""
    asked = {claim for job in jobs if job.issuer == issuer for claim in job.claims}
    if not isinstance(known, list) or not (missing := sorted(asked - set(map(str, known)))):
        return []
    mend = "A job whose token lacks one is refused; compare with `claims_supported` of its metadata."
    return [warning(PART, f"{issuer} does not say that it signs {', '.join(missing)}", mend)]
