"""Offline tokens: whether the bot can sign those that policy lets people have."""

from app.doctor.finding import Finding, good, warning
from app.policy import Policy
from app.policy.nearest import listed
from app.settings import Settings

PART = "offline tokens"
SHOWN = 8


def examine_offline(settings: Settings, policy: Policy | None) -> list[Finding]:
    """Examine the settings that signing takes; nothing where no action says `offline: true`."""
    actions = sorted(name for name, action in policy.actions.items() if action.offline) if policy else []
    if not actions:
        return []
    needed = {"JIT_SIGNING_KEYS": settings.signing_keys, "JIT_PUBLIC_URL": settings.public_url}
    lacking = [name for name, value in needed.items() if not value]
    if not lacking:
        return [good(PART, f"signed for {listed(actions, SHOWN)}")]
    told = f"policy lets grants of {listed(actions, SHOWN)} be had as tokens, and the bot signs none"
    return [warning(PART, told, f"Set {' and '.join(lacking)}, or take `offline: true` out of the policies.")]
