"""A CI that signs tokens for jobs, over HTTP on a loopback port: what it publishes is what a test lets it."""

import secrets
import time
from typing import Any

from joserfc import jwt

from tests.mfa.oidc.forger import FOREIGN, KEY, Forger, forging

AUDIENCE = "https://jit.example.com"
WORKFLOW = "octo/deploy/.github/workflows/deploy.yml@refs/heads/main"
JOB = {
    "audience": AUDIENCE,
    "repository_id": "1296269",
    "environment": "production",
    "ref": "refs/heads/main",
    "workflow_ref": WORKFLOW,
}
SAID = {
    "aud": AUDIENCE,
    "sub": "repo:octo/deploy:environment:production",
    "repository": "octo/deploy",
    "repository_id": "1296269",
    "environment": "production",
    "ref": "refs/heads/main",
    "workflow_ref": WORKFLOW,
    "event_name": "push",
    "run_id": "30433642",
    "actor_id": "7",
    "sha": "0f1e2d3c",
}
"""What GitHub says of a job: https://docs.github.com/en/actions/reference/security/oidc."""
__all__ = ["AUDIENCE", "FOREIGN", "JOB", "KEY", "SAID", "WORKFLOW", "Forger", "claims", "forging", "signed"]


def claims(issuer: Forger, **other: Any) -> dict[str, Any]:
    """What a good token says; a claim of None is left out."""
    now = int(time.time())
    times = {"iat": now, "nbf": now - 5, "exp": now + 300, "iss": issuer.issuer, "jti": secrets.token_hex(8)}
    return {name: value for name, value in ({**SAID, **times} | other).items() if value is not None}


def signed(said: dict[str, Any], key: Any = KEY, **header: Any) -> str:
    """Sign a token, as the issuer does or otherwise."""
    heading = {"alg": "RS256", "kid": "one", "typ": "JWT"} | header
    heading = {name: value for name, value in heading.items() if value is not None}
    return jwt.encode(heading, said, key, algorithms=[heading["alg"]])
