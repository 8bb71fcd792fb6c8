"""Pages for people: whether policy goes by where people are, and whether there is a page that finds it out."""

from app.doctor.finding import Finding, warning
from app.policy import Policy
from app.policy.nearest import listed
from app.policy.unknown_address import is_about_address
from app.settings import Settings

PART = "pages"
SHOWN = 8


def examine_pages(settings: Settings, policy: Policy | None) -> list[Finding]:
    """Examine what rules about addresses come to for people in Slack, which tells none."""
    if policy is None or settings.public_url:
        return []
    rules = sorted({
        rule.name
        for action in policy.actions.values()
        for rule in policy.rules_of(action)
        if any(map(is_about_address, rule.conditions)) and not rule.shadow
    })  # fmt: skip
    if not rules:
        return []
    told = (
        f"there is no page that shows where people in Slack are, and rules go by it: {listed(rules, SHOWN)}"
    )
    return [warning(PART, told, "Set JIT_PUBLIC_URL; until then such a request from Slack fails closed.")]
