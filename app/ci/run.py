"""Which run a job's token is of, by its claims, for the records.

Claims of GitHub: https://docs.github.com/en/actions/reference/security/oidc; of GitLab:
https://docs.gitlab.com/ci/secrets/id_token_authentication
"""

from collections.abc import Mapping
from typing import Any

from app.domain.run import Run
from app.policy.workloads import as_said

CLAIMS = {
    "project": ("repository", "project_path"),
    "run": ("run_id", "pipeline_id"),
    "attempt": ("run_attempt",),
    "job": ("job_id",),
    "commit": ("sha",),
    "actor": ("actor_id", "user_id"),
    "workflow": ("workflow_ref", "ci_config_ref_uri"),
}
"""For each field of a run the claims that say it: GitHub's, then GitLab's."""


def run_of(claims: Mapping[str, Any]) -> Run:
    """Tell the run of a token whose signature holds; what it does not say stays empty."""
    return Run.said({
        field: next((said for name in names if (said := as_said(claims.get(name)))), "")
        for field, names in CLAIMS.items()
    })  # fmt: skip
