"""Contract: giving a part of what was asked gets nothing past policy.

The part must be in the catalogue, no rule may deny it, some rule must let it be asked for, and it may need no
approval that the whole does not. What it obliges to beside that is added.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.refusals import BadInput, DeniedByPolicy
from app.policy.globs import Globs, may_match_below
from app.policy.narrowing import has_parts, of_a_part
from tests.policy.sets import COMMON, an_ask, policy_of

ACTIONS = COMMON.replace("[orders-db, payments-db, shard-*]", "[orders-db, orders-db/*, payments-db]")
ASKS = """
  ask-a-dba:
    effect: require
    actions: [debug]
    groups: [engineers]
    resources: [orders-db, orders-db/public*, orders-db/secret, orders-db/one]
    stages: [{name: dba, groups: [dbas]}]
"""
PART = "orders-db/public"


def of_part(rules: str, part: str = PART):
    policy = policy_of("rules:" + ASKS + rules, ACTIONS)
    whole = policy.judge(an_ask(policy, resource="orders-db"))
    assert whole.stages, whole.message
    return whole, of_a_part(policy, an_ask(policy, resource=part), whole)


def test_a_part_like_the_whole():
    """What the same rule lets through with the same stages is given, and the verdict stays what it was."""
    whole, verdict = of_part("")
    assert whole == verdict


def test_a_part_that_policy_would_give_at_once():
    """Approvals are more than a part needs, and no harm."""
    rules = """
  at-once: {effect: auto_approve, actions: [debug], groups: [engineers], resources: [orders-db/logs]}
"""
    whole, verdict = of_part(rules, "orders-db/logs")
    assert whole == verdict


def test_what_the_catalogue_does_not_have():
    """A part of a resource that is given only as a whole."""
    policy = policy_of(
        "rules:"
        + ASKS.replace("[orders-db, orders-db/public*, orders-db/secret, orders-db/one]", "[orders-db]")
    )
    whole = policy.judge(an_ask(policy, resource="orders-db"))
    with pytest.raises(BadInput, match="not a resource of debug"):
        of_a_part(policy, an_ask(policy, resource=PART), whole)


def test_a_part_that_a_rule_denies():
    """A rule that denies the part alone."""
    rules = """
  no-secrets: {effect: deny, actions: [debug], resources: [orders-db/secret], message: Secrets are not looked at.}
"""
    with pytest.raises(DeniedByPolicy, match="Secrets are not looked at"):
        of_part(rules, "orders-db/secret")


def test_a_part_that_no_rule_gives():
    """What nothing lets through is denied, though the whole was let through."""
    with pytest.raises(DeniedByPolicy, match="by itself"):
        of_part("", "orders-db/private")


@pytest.mark.parametrize(
    "stage", ["{name: lead, groups: [security]}", "{name: dba, quorum: 2, groups: [dbas, security]}"]
)
def test_a_part_that_needs_more_approvals(stage):
    """Another stage, or the same with a higher quorum: it has to be asked for by itself."""
    rules = f"""
  secrets:
    effect: require
    actions: [debug]
    groups: [engineers]
    resources: [orders-db/secret]
    stages: [{stage}]
"""
    with pytest.raises(BadInput, match="other approvals"):
        of_part(rules, "orders-db/secret")


def test_what_a_part_obliges_to_is_added():
    """A part that is good for one use is so here too, and who is to be told of it is told."""
    rules = """
  once:
    effect: auto_approve
    actions: [debug]
    groups: [engineers]
    resources: [orders-db/one]
    obligations: {single_use: true, tell: [security]}
"""
    whole, verdict = of_part(rules, "orders-db/one")
    assert (False, True, ("security",)) == (
        whole.obligations.single_use,
        verdict.obligations.single_use,
        verdict.obligations.tell,
    )
    assert whole.stages == verdict.stages


@pytest.mark.parametrize(
    ("resource", "has"),
    [("orders-db", True), ("payments-db", False), ("orders", False), ("orders-db/a", True)],
)
def test_whether_there_may_be_parts(resource, has):
    """As the catalogue's names and patterns say."""
    assert has is has_parts(policy_of("rules:" + ASKS, ACTIONS).actions["debug"], resource)


SIGNS = st.text("ab/*?", min_size=1, max_size=6)


@given(SIGNS, st.text("ab/", min_size=1, max_size=4), st.text("ab/", min_size=1, max_size=4))
def test_no_part_is_overlooked(glob, start, rest):
    """Whatever matches below a start, that it may was said before."""
    if Globs.of([glob]).match(start + rest):
        assert may_match_below(glob, start)
