"""Whether what was once let through would be denied by a changed policy."""

from app.domain.verdict import Outcome
from app.policy.ask import Ask, History
from app.policy.conditions import Facts
from app.policy.people_conditions import RequesterIs
from app.policy.policy import Policy
from app.policy.rules import Rule


def no_longer(policy: Policy, ask: Ask) -> str:
    """Say why a policy would deny an ask that was let through; empty where it stands.

    The ask is judged as it was asked, at its own time: it is a matter of who may have what, and not of the
    hour. What is not known of it any more, such as how often the same was asked before, speaks for it: taking
    access away takes a reason, and a lack of facts is none.
    """
    known = ask.model_copy(update={"history": ask.history or History()})
    verdict = policy.judge(known)
    if verdict.outcome is not Outcome.DENY:
        return ""
    if verdict.rules:
        return verdict.message
    facts = policy.facts_of(known)
    permitting = [rule for rule in policy.rules_about(known) if rule.effect is not Outcome.DENY]
    if any(_could_match(rule, facts) for rule in permitting if not rule.shadow):
        return ""
    return f"no rule lets {ask.requester.id} ask for {ask.action} on {ask.resource}"


def _could_match(rule: Rule, facts: Facts) -> bool:
    """Tell whether facts that are not known could let a rule match; what policy itself says is known."""
    found = [(condition, condition.look(facts)) for condition in rule.conditions]
    return all(
        finding.holds or (not finding.known and not isinstance(condition, RequesterIs))
        for condition, finding in found
    )
