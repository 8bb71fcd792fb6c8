"""Contract: a rule in shadow is judged and recorded, and changes nothing; what it would change is recorded."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.verdict import Outcome
from app.policy.lint import lint
from tests.policy.sets import COMMON, RULES, an_ask, draft_of, policy_of
from tests.policy.test_judging import asks, policy_with, some_rules, written

SHADOW = "  frozen: {effect: deny, mode: shadow, actions: [debug], message: Frozen.}\n"


def test_without_effect():
    """A denial in shadow leaves the request as it is, and the verdict says what it would have been."""
    policy = policy_of(RULES + SHADOW)
    verdict = policy.judge(an_ask(policy))
    marked = {reason.rule: (reason.matched, reason.shadow) for reason in verdict.reasons}

    assert (Outcome.REQUIRE, Outcome.DENY) == (verdict.outcome, verdict.shadow)
    assert {"ask-a-dba": (True, False), "frozen": (True, True), "payments-short": (False, False)} == marked
    assert (("ask-a-dba",), "group engineers may ask") == (verdict.rules, verdict.message)
    assert policy.denial(an_ask(policy)) is None


def test_no_difference():
    """Where the outcome would be the same, nothing is said."""
    policy = policy_of(RULES + SHADOW.replace("effect: deny", "effect: deny, longer_than: 2h"))
    denied = policy.judge(an_ask(policy, resource="payments-db", seconds=7201))

    assert policy.judge(an_ask(policy)).shadow is None
    assert (Outcome.DENY, None) == (denied.outcome, denied.shadow)
    assert ("payments-short",) == denied.rules


def test_permitting_in_shadow():
    """A rule in shadow permits nothing, tells in the verdict what it would, and obliges to nothing."""
    policy = policy_of(
        "rules:\n  x: {effect: auto_approve, mode: shadow, obligations: {single_use: true, up_to: 10m}}\n"
    )
    short, long = (policy.judge(an_ask(policy, seconds=seconds)) for seconds in (600, 601))

    assert (Outcome.DENY, Outcome.AUTO_APPROVE) == (short.outcome, short.shadow)
    assert "no rule allows it" == short.message
    assert not short.obligations.single_use
    assert (Outcome.DENY, None) == (long.outcome, long.shadow)


def in_shadow(lines: list[str]) -> list[str]:
    return [line.replace("{effect:", "{mode: shadow, effect:") for line in lines]


@given(some_rules, some_rules, asks)
def test_shadow_rules_change_nothing_but_the_record(rules, more, ask):
    """Whatever is added in shadow, all but the record is as without; the record is as if it were in force."""
    lines, added = written(rules), written(more, prefix="s")
    without = policy_with(lines).judge(ask)
    beside = policy_with([*lines, *in_shadow(added)]).judge(ask)
    in_force = policy_with([*lines, *added]).judge(ask)

    assert (without.outcome, without.stages, without.rules, without.message) == (
        beside.outcome, beside.stages, beside.rules, beside.message,
    )  # fmt: skip
    assert in_force.outcome is (beside.shadow or beside.outcome)
    assert tuple(r for r in beside.reasons if not r.shadow) == without.reasons


@given(some_rules, asks, st.booleans())
def test_denied_again(rules, ask, added):
    """What denies in shadow does not deny when it is asked again either."""
    lines = written(rules)
    policy = policy_with([*lines, SHADOW] if added else lines)

    assert (policy_with(lines).denial(ask) is None) is (policy.denial(ask) is None)


def test_given_in_shadow_alone():
    """An action that only rules in shadow give is given by no rule."""
    rules = "rules:\n  x: {effect: auto_approve, mode: shadow, groups: [engineers, dbas, security, nobody]}\n"
    warned = [str(problem) for problem in lint(draft_of({"c.yaml": COMMON, "r.yaml": rules}))]

    assert 3 == sum("is given by no rule" in line for line in warned)
