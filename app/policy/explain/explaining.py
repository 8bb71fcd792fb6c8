"""Why policy says what it says, who may approve, and what would have made it pass: a function of both."""

from app.domain.verdict import Outcome
from app.policy.ask import Ask
from app.policy.catalogue import Action
from app.policy.conditions import Facts
from app.policy.explain.asleep import asleep
from app.policy.explain.explanation import Explanation, Looked, RuleLooked
from app.policy.explain.remedies import shown
from app.policy.explain.ways import is_of_the_catalogue, ways, who_may
from app.policy.policy import Policy
from app.policy.rules import Rule


def explain(policy: Policy, ask: Ask) -> Explanation:
    """Explain what a policy says of an ask. Never raises."""
    facts = policy.facts_of(ask)
    verdict = policy.judge_facts(facts)
    approvers = who_may(policy, verdict, ask.requester.id)
    action = None if is_of_the_catalogue(verdict) else policy.actions.get(ask.action)
    return Explanation(
        ask=ask,
        groups=tuple(sorted(facts.groups)),
        verdict=verdict,
        rules=tuple(_looked(rule, facts, action) for rule in policy.rules_about(ask)) if action else (),
        approvers=approvers,
        asleep=asleep(policy, ask, approvers),
        ways=tuple(ways(policy, verdict, facts)) if verdict.outcome is Outcome.DENY else (),
    )


def _looked(rule: Rule, facts: Facts, action: Action) -> RuleLooked:
    conditions = []
    for condition in rule.conditions:
        finding, seen = condition.look(facts), shown(condition, facts, action)
        conditions.append(
            Looked(
                key=seen.key,
                holds=finding.holds,
                known=finding.known,
                expected=seen.expected,
                actual=seen.actual,
                change="" if finding.holds else seen.change,
            )
        )
    return RuleLooked(
        rule=rule.name,
        effect=rule.effect,
        matched=rule.look(facts).matched,
        message=rule.message,
        conditions=tuple(conditions),
        shadow=rule.shadow,
    )
