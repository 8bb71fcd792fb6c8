"""Whether what was once let through would be denied by a changed policy, or by what is known of people now.

It is always judged as it was asked, at its own time: it is a matter of who may have what, and not of the hour.
"""

from collections.abc import Mapping
from datetime import datetime

from app.domain.verdict import Outcome
from app.policy.ask import Ask, History
from app.policy.conditions import NOBODY_KNOWS, AskedBy, Condition, Facts
from app.policy.nearest import listed
from app.policy.people_conditions import AskedOften, HoldsOthers, RequesterIs
from app.policy.policy import Policy
from app.policy.rules import Rule
from app.policy.when import When


def no_longer(policy: Policy, ask: Ask) -> str:
    """Say why a policy would not let have by now what somebody has; empty where it stands.

    What is not known speaks for it: how often the same was asked before, or who is in a group whose source is
    away. Taking access away takes a reason, and a lack of facts is none.
    """
    known = ask.model_copy(update={"history": ask.history or History()})
    facts = policy.facts_of(known)
    verdict = policy.judge_facts(facts._replace(doubtful=NOBODY_KNOWS))
    if verdict.outcome is not Outcome.DENY:
        return ""
    if verdict.rules:
        return verdict.message
    return "" if any(_could_match(rule, facts) for rule in _permitting(policy, ask)) else _nothing_lets(ask)


def not_permitted(policy: Policy, ask: Ask) -> str:
    """Say why no rule would let somebody have by now what they are about to be given; empty where one would.

    What is not known speaks against it, except for counts: they were asked when it was asked for. Rules that deny
    are asked by `Policy.denial`.
    """
    facts = policy.facts_of(ask.model_copy(update={"history": None}))
    lets = [rule for rule in _permitting(policy, ask) if _would_match(rule, facts)]
    doubted = [rule.doubts(facts) for rule in lets]
    if not lets:
        return _nothing_lets(ask)
    if not all(doubted):
        return ""
    groups = sorted(frozenset[str]().union(*doubted))
    return f"who is in {listed(groups, 8)} is not known now, so it lets nobody ask; try again later"


def answers_behind(policy: Policy, ask: Ask) -> Mapping[str, datetime]:
    """Give when each source last answered on which it hangs whether somebody may ask; fresh ones alone."""
    groups: set[str] = set()
    for rule in policy.rules_about(ask):
        for condition in rule.conditions:
            if isinstance(condition, AskedBy):
                groups |= condition.groups
            elif isinstance(condition, When):
                groups |= policy.members.keys()
    return policy.answers(groups)


def _permitting(policy: Policy, ask: Ask) -> list[Rule]:
    return [each for each in policy.rules_about(ask) if each.effect is not Outcome.DENY and not each.shadow]


def _nothing_lets(ask: Ask) -> str:
    return f"no rule lets {ask.requester.id} ask for {ask.action} on {ask.resource}"


def _could_match(rule: Rule, facts: Facts) -> bool:
    """Tell whether facts that are not known could let a rule match; what policy itself says is known."""
    return all(_could_hold(condition, facts) for condition in rule.conditions)


def _could_hold(condition: Condition, facts: Facts) -> bool:
    finding = condition.look(facts)
    return finding.holds or (not finding.known and not isinstance(condition, RequesterIs))


def _would_match(rule: Rule, facts: Facts) -> bool:
    """Tell whether a rule matches, where counts are not known and do not matter."""
    requires = rule.effect is Outcome.REQUIRE
    findings = ((condition, condition.look(facts)) for condition in rule.conditions)
    return all(
        found.holds or (not found.known and (requires or isinstance(condition, AskedOften | HoldsOthers)))
        for condition, found in findings
    )
