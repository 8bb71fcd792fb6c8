"""Contract: the doctor asks each issuer that policy names for jobs, and says what would keep a job from signing in."""

import json

import pytest

from app.doctor.finding import Grade
from app.doctor.jobs import examine_jobs
from tests.ci_issuer import JOB, forging
from tests.policy.sets import policy_of

RULES = "rules:\n  office: {effect: auto_approve}\n"


@pytest.fixture
async def issuer():
    async with forging() as opened:
        yield opened


def policy(issuer: str):
    """A policy in which one machine is a job of that issuer."""
    machine = {"scopes": ["read", "request"], "oidc": {"issuer": issuer, **JOB}}
    return policy_of(f"{RULES}machines: {json.dumps({'deploy-ci': machine})}\n")


async def test_one_that_is_good(issuer):
    """It answers and signs all that is asked of a job: nothing else is told."""
    issuer.metadata["claims_supported"] = ["sub", "repository_id", "environment", "ref", "workflow_ref"]
    assert [(Grade.GOOD, "jobs", f"{issuer.issuer} answers", "")] == await examine_jobs(policy(issuer.issuer))


async def test_a_claim_that_it_does_not_sign(issuer):
    """What policy asks of a token and the issuer never says would refuse every job."""
    issuer.metadata["claims_supported"] = ["sub", "repository_id", "ref"]
    _, told = await examine_jobs(policy(issuer.issuer))
    assert (Grade.WARNING, f"{issuer.issuer} does not say that it signs environment, workflow_ref") == told[
        0:3:2
    ]


async def test_one_without_keys(issuer):
    """An issuer that publishes no key that counts can sign nobody in."""
    issuer.keys = []
    (told,) = await examine_jobs(policy(issuer.issuer))
    assert (Grade.BAD, f"{issuer.issuer} publishes no key that counts") == told[0:3:2]


async def test_one_that_is_away():
    """One that cannot be reached is named, with what follows."""
    (told,) = await examine_jobs(policy("http://127.0.0.1:1"))
    assert (Grade.BAD, True, True) == (
        told.grade, "cannot be reached" in told.said, "cannot sign in" in told.mend,
    )  # fmt: skip


async def test_none():
    """Without jobs, or without a policy that holds, nothing is asked."""
    assert ([], []) == (await examine_jobs(policy_of(RULES)), await examine_jobs(None))
