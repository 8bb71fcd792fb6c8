"""Jobs of CI that stand for a machine: whose tokens are taken, and what these must say. Ids are identity, not names.

Claims of GitHub: https://docs.github.com/en/actions/reference/security/oidc; of GitLab:
https://docs.gitlab.com/ci/secrets/id_token_authentication
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from app.domain.duration import format_duration
from app.policy.draft import Draft, Entry
from app.policy.machine_shapes import WorkloadSpec
from app.policy.problems import Problem

ISSUERS = {"github": "https://token.actions.githubusercontent.com", "gitlab": "https://gitlab.com"}
IDS = {"github": "repository_id", "gitlab": "project_id"}
IN_GITHUB = {
    "environment": "environment",
    "ref": "ref",
    "workflow_ref": "workflow_ref",
    "event": "event_name",
}
IN_GITLAB = {
    "environment": "environment",
    "ref": "ref_path",
    "workflow_ref": "ci_config_ref_uri",
    "event": "pipeline_source",
}
"""The claim for each key; `ref` is written in full in policy, as `refs/heads/main`."""
NARROWING = ("environment", "ref", "workflow_ref")
LONGEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Workload:
    """What a job's token must say: each claim exactly so. `lasts`: how long a token of ours lasts."""

    issuer: str
    audience: str
    claims: Mapping[str, str]
    lasts: timedelta

    @property
    def digest(self) -> str:
        """SHA-256 of what makes the job this machine: a token of ours is dead as soon as policy says otherwise."""
        said = json.dumps([self.issuer, self.audience, sorted(self.claims.items())])
        return hashlib.sha256(said.encode()).hexdigest()

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether a token of this issuer is for us alone, and of this job."""
        is_for_us = claims.get("aud") in (self.audience, [self.audience])
        return is_for_us and all(as_said(claims.get(name)) == said for name, said in self.claims.items())


def as_said(claim: Any) -> str | None:
    """Bring a claim into the form of policy: ids come as text or as numbers; None for what is neither."""
    if isinstance(claim, bool):
        return "true" if claim else "false"
    return str(claim) if isinstance(claim, int | str) else None


def workloads(draft: Draft) -> Mapping[str, Workload]:
    """Give the job that stands for each machine, by the machine's name."""
    return MappingProxyType({
        entry.name: _workload(spec.oidc) for entry, spec in draft.machines if spec.oidc
    })  # fmt: skip


def _workload(spec: WorkloadSpec) -> Workload:
    names = IN_GITLAB if spec.project_id else IN_GITHUB
    claims = {names[key]: getattr(spec, key) for key in names if getattr(spec, key)}
    claims |= {id_: getattr(spec, id_) for id_ in IDS.values() if getattr(spec, id_)}
    if spec.subject:
        claims["sub"] = spec.subject
    if spec.ref_protected:
        claims["ref_protected"] = "true"
    return Workload(
        ISSUERS.get(spec.issuer, spec.issuer), spec.audience, MappingProxyType(claims), spec.lasts
    )


def workload_misfits(draft: Draft) -> Iterator[Problem]:
    """Find jobs whose tokens say nothing of who they are, or cannot say what is asked of them."""
    for entry, spec in draft.machines:
        if spec.oidc:
            yield from _identity(entry, spec.oidc)
            if spec.oidc.lasts > LONGEST:
                yield entry.problem(f"is over {format_duration(LONGEST)}; write less", "oidc", "lasts")


def _identity(entry: Entry, spec: WorkloadSpec) -> Iterator[Problem]:
    needed = IDS.get(spec.issuer)
    given = [name for name in IDS.values() if getattr(spec, name)]
    if needed:
        if needed not in given:
            text = f"is missing; write the number that {spec.issuer} has for it, for a name can be given away"
            yield entry.problem(text, "oidc", needed)
        for other in {*given} - {needed}:
            yield entry.problem(f"does not go with {spec.issuer}; write {needed}", "oidc", other)
    elif len(given) > 1:
        text = "does not go with repository_id; leave one of them out"
        yield entry.problem(text, "oidc", "project_id")
    elif not given and not spec.subject:
        text = "names no job; write repository_id, project_id or subject"
        yield entry.problem(text, "oidc")
    elif not given:
        for key in (*IN_GITHUB, "ref_protected"):
            if getattr(spec, key):
                text = "goes with repository_id or project_id alone; a subject says all by itself"
                yield entry.problem(text, "oidc", key)


def wide_workloads(draft: Draft) -> Iterator[Problem]:
    """Find machines that any job of a repository stands for: whoever can push a branch is one."""
    for entry, spec in draft.machines:
        job = spec.oidc
        if job and not job.subject and not any(getattr(job, key) for key in NARROWING):
            text = (
                "takes any job, from any branch; write environment, ref or workflow_ref, unless all are meant"
            )
            yield entry.problem(text, "oidc")
