"""Contract: an explanation is the verdict with all that it rests on, and what would have made it pass.

It never says another thing than the verdict, and what it says would pass does: the changed ask is judged.
"""

import pytest
from hypothesis import given

from app.domain.people import Principal
from app.domain.verdict import Outcome
from app.policy.conditions import Facts
from app.policy.explain import Explanation, explain, explanation_lines
from app.policy.explain.lines import factor_lines
from app.policy.policy import CATALOGUE
from tests.policy.sets import RULES, an_ask, policy_of
from tests.policy.test_judging import any_asks, asks, policy_with, some_rules, written

POLICY = policy_of()
OTHERWISE = "for 1 h 30 min, through slack, at 2026-03-02 09:30 UTC: “INC-7”"


def explained(requester="ana", rules=RULES, **ask) -> Explanation:
    policy = policy_of(rules)
    return explain(policy, an_ask(policy, requester, **ask))


def ways(explanation: Explanation) -> list[tuple[str, tuple[str, ...], Outcome | None]]:
    return [(way.rule, way.changes, way.then and way.then.outcome) for way in explanation.ways]


# -- what is said -------------------------------------------------------------------------------------


def test_conditions_expected_against_actual():
    """Each condition of each rule that could match is shown with what it expects and what is there."""
    found = explained(seconds=5400)

    assert {
        ("ask-a-dba", "groups", True, "group engineers", "ana, in engineers"),
        ("payments-short", "resources", False, "payments-db", "orders-db"),
        ("payments-short", "longer_than", True, "more than 1 h", "1 h 30 min"),
    } == {
        (rule.rule, each.key, each.holds, each.expected, each.actual)
        for rule in found.rules
        for each in rule.conditions
    }


def test_who_may_approve_now():
    """Who may approve is told by stage; whoever asks is not among them."""
    assert [("dba", 1, ["chloe"])] == [
        (stage.stage, stage.quorum, [person.id for person in stage.people])
        for stage in explained("ben").approvers
    ]


def test_what_passes_needs_no_way():
    """Where the answer is not no, nothing is said of what would have made it pass."""
    assert () == explained().ways


# -- what would have made it pass ---------------------------------------------------------------------


def test_the_group_that_is_missing():
    """Someone in no group of the rule is told the group, and what policy would say then."""
    assert [("ask-a-dba", ("be in group engineers",), Outcome.REQUIRE)] == ways(explained("sam"))


def test_the_nearest_rules_by_conditions_that_fail():
    """Of several rules those that lack least are told, each with a change for each condition it lacks."""
    rules = """\
rules:
  one: {effect: auto_approve, actions: [debug], groups: [engineers], longest: 10m}
  three: {effect: auto_approve, actions: [debug], groups: [dbas], longest: 5m, sources: [api, ci]}
  also-one: {effect: auto_approve, actions: [debug], resources: [payments-db, "shard-*"]}
  none-of-it: {effect: deny, actions: [debug], sources: [api], message: No.}
"""
    assert [
        ("also-one", ("ask for payments-db",), Outcome.AUTO_APPROVE),
        ("one", ("ask for at most 10 min",), Outcome.AUTO_APPROVE),
    ] == ways(explained(rules=rules))


def test_every_condition_that_fails_gets_its_change():
    """A rule that lacks several conditions is told with all of the changes."""
    rules = """\
rules:
  x: {effect: auto_approve, actions: [debug], groups: [dbas, security], resources: [payments-db],
      longer_than: 1h, sources: [ci, api]}
"""
    (way,) = explained(rules=rules).ways

    assert Outcome.AUTO_APPROVE is way.then.outcome
    assert [
        "ask for more than 1 h",
        "ask for payments-db",
        "ask through api or ci",
        "be in group dbas or security",
    ] == sorted(way.changes)


def test_only_people_are_named():
    """A rule that names people and no groups is met by one of them asking."""
    rules = "rules:\n  x: {effect: auto_approve, actions: [debug], people: [sam, ben]}\n"

    assert [("x", ("have it asked by ben or sam",), Outcome.AUTO_APPROVE)] == ways(explained(rules=rules))


def test_a_rule_that_denies():
    """The rule that denies is told, and what keeps it from matching where that is up to the requester."""
    found = explained(resource="payments-db", seconds=7200)

    assert ("payments-short",) == found.verdict.rules
    assert [("payments-short", ("ask for at most 1 h",), Outcome.REQUIRE)] == ways(found)
    assert 3600 == found.ways[0].ask.seconds


def test_a_rule_that_denies_for_good():
    """Where nothing that the requester can change keeps a rule from denying, no way is made up."""
    rules = RULES + "  never: {effect: deny, actions: [debug], message: Never.}\n"

    assert [] == ways(explained(rules=rules, resource="payments-db", seconds=7200))


def test_a_way_that_leads_into_a_denial():
    """A change that makes one rule match and another deny is told as what it is."""
    rules = """\
rules:
  x: {effect: auto_approve, actions: [debug], sources: [api]}
  y: {effect: deny, sources: [api], message: Not by machines.}
"""
    assert [("x", ("ask through api",), Outcome.DENY)] == ways(explained(rules=rules))


def test_a_condition_that_nothing_can_meet():
    """A rule for durations that the action is never given for is no way."""
    rules = "rules:\n  x: {effect: auto_approve, actions: [debug], longer_than: 4h}\n"

    assert [] == ways(explained(rules=rules))


def test_what_the_catalogue_does_not_have():
    """The nearest person, action and resource, and a duration within the bounds are offered."""
    ask = an_ask(POLICY).model_copy(update={"resource": "payment-db", "seconds": 99999})
    stranger = ask.model_copy(
        update={"requester": Principal(id="anna", name="A", slack="U0A"), "action": "debugg"}
    )

    assert [("", ("ask for payments-db", "ask for at most 1 h"), Outcome.REQUIRE)] == ways(
        explain(POLICY, ask)
    )
    assert [
        ("", ("have anna added to the people of the policy, or ask as ana",), None),
        ("", ("ask for debug",), None),
    ] == ways(explain(POLICY, stranger))


# -- in words -----------------------------------------------------------------------------------------


def test_lines():
    """All of it reads as a page of plain text."""
    found = explained("sam", seconds=5400)

    assert [
        f"Sam Lindqvist (sam; security) asks for debug on orders-db {OTHERWISE}",
        "Denied: no rule allows it.",
        "Rules looked at",
        "  ✗ ask-a-dba requires approvals",
        "      ✗ groups: group engineers, but it is sam, in security",
        "  ✗ payments-short denies",
        "      ✗ resources: payments-db, but it is orders-db",
        "      ✓ longer_than: more than 1 h",
        "What would have made it pass",
        "  ask-a-dba: be in group engineers. Then it needs 1 of ben, chloe (dba)",
        f"Policy {POLICY.digest[:12]}",
    ] == explanation_lines(found)


def test_lines_of_what_passes():
    """What matched comes first, with who may approve; the reason is cut and on one line."""
    ask = an_ask(POLICY, "ben").model_copy(update={"reason": "a\nb " * 100})
    lines = explanation_lines(explain(POLICY, ask))

    assert lines[0].endswith("a b a b…”")
    assert ["Asks for approvals (ask-a-dba): group engineers may ask.", "  1 of chloe (dba)"] == lines[1:3]
    assert "  ✓ ask-a-dba requires approvals" == lines[4]


@pytest.mark.parametrize(("source", "known"), [("slack", "browser_check"), ("cli", "cli"), ("", "none")])
def test_an_address_comes_with_how_it_is_known(source, known):
    """What is asked is told with the address, and by whose connection it is known."""
    ask = an_ask(POLICY).model_copy(update={"ip": "192.0.2.7", "source": source})

    assert f" from 192.0.2.7 ({known}), at " in explanation_lines(explain(POLICY, ask))[0]


# -- in general ---------------------------------------------------------------------------------------


@given(some_rules, asks)
def test_says_what_the_verdict_says(rules, ask):
    """Verdict and rules are those of judging: matched where they matched, by each condition that holds."""
    policy = policy_with(written(rules))
    found, verdict = explain(policy, ask), policy.judge(ask)

    assert verdict == found.verdict
    assert {(reason.rule, reason.matched) for reason in verdict.reasons if reason.rule != CATALOGUE} == {
        (rule.rule, rule.matched) for rule in found.rules
    }
    assert all(rule.matched == all(each.holds for each in rule.conditions) for rule in found.rules)


@given(some_rules, asks)
def test_what_is_said_to_pass_does(rules, ask):
    """A way's verdict is the policy's own on the changed ask, and the rule that it names matches then."""
    policy = policy_with(written(rules))
    for way in explain(policy, ask).ways:
        if way.ask is not None:
            verdict = policy.judge_facts(Facts(way.ask, frozenset(way.groups)))
            matched = {reason.rule: reason.matched for reason in verdict.reasons}

            assert verdict == way.then
            assert way.changes
            if way.rule in matched:
                denied = {rule.rule for rule in explain(policy, ask).rules if rule.effect is Outcome.DENY}
                assert matched[way.rule] == (way.rule not in denied)


@given(some_rules, asks)
def test_a_denial_by_default_has_a_way_where_a_rule_permits(rules, ask):
    """The nearest rules that permit are named, unless a condition of theirs can never be met."""
    found = explain(policy_with(written(rules)), ask)
    permitting = [rule for rule in found.rules if rule.effect is not Outcome.DENY]
    changeable = [rule for rule in permitting if all(each.holds or each.change for each in rule.conditions)]
    least = min((sum(not each.holds for each in rule.conditions) for rule in permitting), default=0)
    if found.verdict.outcome is Outcome.DENY and not found.verdict.rules:
        nearest = [rule for rule in changeable if least == sum(not each.holds for each in rule.conditions)]
        assert {rule.rule for rule in nearest[:5]} >= {way.rule for way in found.ways}
        assert bool(nearest) == bool(found.ways)


@given(any_asks)
def test_never_raises(ask):
    """Whatever is asked can be explained, in lines and as JSON there and back."""
    found = explain(POLICY, ask)

    assert found == Explanation.model_validate_json(found.model_dump_json())
    assert all("\n" not in line for line in explanation_lines(found))


def test_how_people_prove_themselves():
    """The factors that are asked for are told by whose they are, with how old a proof may be; else nothing is."""
    rule = "rules:\n  x: {effect: require, stages: [{name: a, groups: [dbas]}], obligations: {mfa: %s}}\n"
    both = explained(rules=rule % "{approver: webauthn, requester: [oidc, totp], fresh: 10m}")
    one = explained(rules=rule % "{requester: totp}")

    assert [
        "  Approving takes a security key",
        "  The requester begins with a code of an authenticator app or a fresh sign-in",
        "  A proof for something else counts for 10 min",
    ] == [line for line in explanation_lines(both) if "Appro" in line or "begins" in line or "proof" in line]
    assert ["The requester begins with a code of an authenticator app"] == factor_lines(one.verdict)
    assert [] == factor_lines(explained().verdict)
