"""Contract: a job is a machine only by all that policy says of it, exactly; ids are identity, and names are not."""

from datetime import timedelta

import pytest

from app.policy.machine_shapes import WorkloadSpec
from app.policy.workloads import Workload, _workload

JIT = "https://jit.example.com"
GITHUB = {
    "aud": JIT, "repository_id": "7", "repository": "octo/deploy", "environment": "production",
    "ref": "refs/heads/main", "event_name": "push", "ref_protected": "true",
    "workflow_ref": "octo/deploy/.github/workflows/deploy.yml@refs/heads/main",
}  # fmt: skip
GITLAB = {
    "aud": JIT, "project_id": "22", "environment": "production", "ref": "main", "ref_path": "refs/heads/main",
    "pipeline_source": "push", "ref_protected": "true",
    "ci_config_ref_uri": "gitlab.example.com/g/p//.gitlab-ci.yml@refs/heads/main",
}  # fmt: skip


def job(**said: str) -> Workload:
    return _workload(
        WorkloadSpec.model_validate({"issuer": "https://ci.example.com", "audience": JIT, **said})
    )


IN_GITHUB = job(
    repository_id="7", environment="production", ref="refs/heads/main", ref_protected="true", event="push",
    workflow_ref=GITHUB["workflow_ref"],
)  # fmt: skip
IN_GITLAB = job(
    project_id="22", environment="production", ref="refs/heads/main", ref_protected="true", event="push",
    workflow_ref=GITLAB["ci_config_ref_uri"],
)  # fmt: skip


@pytest.mark.parametrize(("workload", "claims"), [(IN_GITHUB, GITHUB), (IN_GITLAB, GITLAB)])
def test_each_claim_counts(workload, claims):
    """With all of them it is the machine; without one, or with another value or kind, it is not."""
    assert workload.fits(claims)
    for name in (*workload.claims, "aud"):
        for other in (None, "", "other", claims[name].upper() + "x", [claims[name], "x"], {}, 7.0, True):
            if other is True and name == "ref_protected":
                continue
            assert (name, other, False) == (name, other, workload.fits(claims | {name: other}))
        assert not workload.fits({key: said for key, said in claims.items() if key != name})


def test_numbers():
    """An id is the same as a number and as text."""
    assert (True, False) == (
        IN_GITLAB.fits(GITLAB | {"project_id": 22}), IN_GITLAB.fits(GITLAB | {"project_id": 222}),
    )  # fmt: skip


def test_a_name_is_nobody():
    """Another repository of the same name, as after a rename, is another."""
    assert not IN_GITHUB.fits(GITHUB | {"repository_id": "8"})
    assert IN_GITHUB.fits(GITHUB | {"repository": "other/name"})


def test_an_audience_beside_us():
    """A token that others take too may have come from them."""
    assert (True, False, False) == tuple(
        IN_GITHUB.fits(GITHUB | {"aud": aud}) for aud in ([JIT], [JIT, "https://other.example.com"], [])
    )


def test_the_digest():
    """It changes with what makes a job the machine, and not with how long a token lasts."""
    one = job(repository_id="7", environment="production")
    assert one.digest == job(environment="production", repository_id="7", lasts="2h").digest
    others = [
        job(repository_id="8", environment="production"),
        job(repository_id="7"),
        job(project_id="7", environment="production"),
        job(repository_id="7", environment="production", audience="other"),
        job(repository_id="7", environment="production", issuer="https://other.example.com"),
    ]
    assert 6 == len({one.digest, *(other.digest for other in others)})
    assert timedelta(hours=1) == one.lasts


def test_well_known_issuers():
    """`github` and `gitlab` stand for the addresses that they publish."""
    assert ["https://token.actions.githubusercontent.com", "https://gitlab.com"] == [
        job(issuer=name, repository_id="7").issuer for name in ("github", "gitlab")
    ]
