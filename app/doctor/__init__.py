"""Examines an installation from outside, as `jit serve` would find it. Changes nothing unless it is told to."""

from pathlib import Path

from app.doctor.connectors import examine_connectors
from app.doctor.directory import examine_directory
from app.doctor.factors import examine_factors
from app.doctor.finding import Finding, Grade, bad, good
from app.doctor.gates import examine_gates
from app.doctor.jobs import examine_jobs
from app.doctor.mail import examine_mail
from app.doctor.metrics import examine_metrics
from app.doctor.offline import examine_offline
from app.doctor.pages import examine_pages
from app.doctor.sign_in import examine_sign_in
from app.doctor.slack import examine_slack
from app.doctor.store import examine_store
from app.policy import Policy, PolicyError, PolicySource, shipped_policies
from app.settings import Settings, SettingsError, read_settings

__all__ = ["Finding", "Grade", "examine"]


async def examine(*, reconcile: bool = False) -> list[Finding]:
    """Examine all; what cannot be examined because settings are wrong is left out.

    With `reconcile`, what targets hold without a grant is removed.
    """
    try:
        settings = read_settings()
    except SettingsError as error:
        return [
            bad("settings", line, "Set it in the environment of the bot.") for line in str(error).splitlines()
        ]
    policy, told = _examine_policy(settings)
    return [
        good("settings", "complete"),
        *told,
        *examine_pages(settings, policy),
        *examine_offline(settings, policy),
        *examine_metrics(settings),
        *await examine_store(settings),
        *await examine_slack(settings, policy),
        *await examine_directory(settings, policy),
        *await examine_sign_in(settings, policy),
        *await examine_jobs(policy),
        *await examine_factors(settings, policy),
        *await examine_connectors(settings, policy, reconcile=reconcile),
        *await examine_gates(settings, policy),
        *await examine_mail(settings, policy),
    ]


def _examine_policy(settings: Settings) -> tuple[Policy | None, list[Finding]]:
    folder: Path = settings.policies or shipped_policies()
    try:
        policy = PolicySource(folder).current
    except PolicyError as error:
        mend = "`jit policy check` shows the same; mend the files and ask again."
        return None, [bad("policy", line, mend) for line in str(error).splitlines()]
    told = good("policy", f"valid, {len(policy.actions)} actions, digest {policy.digest[:12]}")
    if settings.policies is None:
        mend = "Copy them, put in your own people and rules, and set JIT_POLICIES to the folder."
        return policy, [told, Finding(Grade.WARNING, "policy", "the shipped demo's policies are used", mend)]
    return policy, [told]
