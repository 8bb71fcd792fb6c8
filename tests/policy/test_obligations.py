"""Contract: the strictest of all obligations that apply holds, and it is the same in whatever order they come.

Putting obligations together is a join: commutative, associative, idempotent, and never weaker than each.
What policy itself holds to denies what does not fit, with what would fit; the rest stands in the verdict.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.proof import Factor
from app.domain.verdict import Obligations, Outcome, Rung, Verdict, strictest
from app.policy import PolicyError
from tests.policy.sets import an_ask, policy_of

names = st.lists(st.sampled_from(["dbas", "security", "ana"]), max_size=3)
tuples = names.map(tuple)
factors = st.none() | st.lists(st.sampled_from(Factor), max_size=3).map(tuple)
rungs = st.builds(Rung, after=st.sampled_from([60, 900]), groups=tuples, people=tuples)
obligations = st.builds(
    Obligations,
    up_to=st.none() | st.sampled_from([60, 600, 3600]),
    single_use=st.booleans(),
    tickets=tuples,
    break_glass=st.booleans(),
    parallel=st.booleans(),
    tell=tuples,
    escalation=st.lists(rungs, max_size=3).map(tuple),
    mfa_approver=factors,
    mfa_requester=factors,
    fresh_seconds=st.none() | st.sampled_from([0, 60, 600]),
).map(Obligations.in_order)


def is_as_strict(one: Obligations, other: Obligations) -> bool:
    """Say what strict means, part by part, without putting anything together."""
    return (
        (other.up_to is None or (one.up_to is not None and one.up_to <= other.up_to))
        and (one.single_use or not other.single_use)
        and set(one.tickets) >= set(other.tickets)
        and (other.break_glass or not one.break_glass)
        and (other.parallel or not one.parallel)
        and set(one.tell) >= set(other.tell)
        and set(one.escalation) >= set(other.escalation)
        and accepts_no_more(one.mfa_approver, other.mfa_approver)
        and accepts_no_more(one.mfa_requester, other.mfa_requester)
        and (
            other.fresh_seconds is None
            or (one.fresh_seconds is not None and one.fresh_seconds <= other.fresh_seconds)
        )
    )


def accepts_no_more(one, other) -> bool:
    """Say it of factors: where none is asked for, the mere session is accepted too."""
    return other is None or (one is not None and set(one) <= set(other))


@given(obligations, obligations, obligations)
def test_a_join(one, other, third):
    """In whatever order and how often they are put together, the same comes of it, at least as strict as each."""
    both = one.and_also(other)

    assert both == other.and_also(one)
    assert both.and_also(third) == one.and_also(other.and_also(third))
    assert one == one.and_also(one)
    assert both == both.and_also(one)
    assert is_as_strict(both, one)
    assert is_as_strict(both, other)


@given(obligations, obligations, obligations)
def test_the_least_strict_that_is(one, other, third):
    """Nothing that is at least as strict as both is less strict than both together."""
    if is_as_strict(third, one) and is_as_strict(third, other):
        assert is_as_strict(third, one.and_also(other))


@given(st.lists(obligations, max_size=5), st.randoms(use_true_random=False))
def test_strictest(each, chance):
    """Of none there are none; of several the order never shows."""
    shuffled = chance.sample(each, len(each))

    assert strictest(each) == strictest(shuffled)
    assert Obligations() == strictest([])


def test_what_was_stored_before():
    """A verdict that was stored without obligations, shadow and approver's attributes can still be read."""
    old = {
        "outcome": "require",
        "reasons": [{"rule": "x", "effect": "require", "matched": True, "because": "y"}],
        "policy_digest": "d",
        "stages": [{"name": "a", "quorum": 1, "groups": ["g"], "people": [], "notify": None}],
    }
    verdict = Verdict.model_validate_json(json.dumps(old))

    assert (Obligations(), None, ("x",)) == (verdict.obligations, verdict.shadow, verdict.rules)


@given(obligations)
def test_stored_and_read(bound):
    """Obligations go through JSON unharmed."""
    verdict = Verdict(outcome=Outcome.REQUIRE, reasons=(), policy_digest="d", obligations=bound)

    assert verdict == Verdict.model_validate_json(verdict.model_dump_json())


# -- in rules ----------------------------------------------------------------------------------------

STAGES = "stages: [{name: a, groups: [dbas]}]"


def judged(*rules: str, seconds: int = 1800, reason: str = "INC-7") -> Verdict:
    policy = policy_of("rules:\n" + "".join(f"  r{n}: {{{rule}}}\n" for n, rule in enumerate(rules)))
    return policy.judge(an_ask(policy, seconds=seconds).model_copy(update={"reason": reason}))


def test_recorded():
    """What the workflow holds to stands in the verdict, in seconds and in order."""
    verdict = judged(
        f"effect: require, {STAGES}, obligations: {{up_to: 1h, single_use: true, ticket: 'INC-[0-9]{{1,5}}', "
        "break_glass: true, parallel: true, tell: [security, ana], "
        "escalation: [{after: 15m, to: {groups: [security]}}, {after: 5m, to: {people: [sam]}}]}"
    )

    assert (
        Obligations(
            up_to=3600,
            single_use=True,
            tickets=("INC-[0-9]{1,5}",),
            break_glass=True,
            parallel=True,
            tell=("ana", "security"),
            escalation=(Rung(after=300, people=("sam",)), Rung(after=900, groups=("security",))),
        )
        == verdict.obligations
    )


def test_up_to():
    """An ask beyond the time is denied with the time for which it may be asked; the time itself is fine."""
    rule = f"effect: require, {STAGES}, obligations: {{up_to: 30m}}"
    verdict = judged(rule, seconds=1801)

    assert (Outcome.DENY, ("r0",)) == (verdict.outcome, verdict.rules)
    assert (
        "debug may be asked for up to 30 min, and you ask for 30 min 1 s; ask for 30 min or less"
        == verdict.message
    )
    assert Outcome.REQUIRE is judged(rule, seconds=1800).outcome


def test_ticket():
    """An ask whose reason names no ticket is denied with what to name."""
    rule = "effect: auto_approve, obligations: {ticket: 'PAY-[0-9]{1,6}'}"

    assert "debug needs a ticket like PAY-[0-9]{1,6} in the reason; name it there" == judged(rule).message
    assert Outcome.AUTO_APPROVE is judged(rule, reason="for PAY-12").outcome


def test_the_strictest_of_all_rules():
    """All rules that match and let something through oblige, those that approve at once among them."""
    verdict = judged(
        f"effect: require, {STAGES}, obligations: {{up_to: 2h, tell: [ana]}}",
        f"effect: require, {STAGES}, obligations: {{up_to: 1h}}",
        "effect: auto_approve, obligations: {single_use: true, tell: [security]}",
        "effect: auto_approve, longer_than: 3h, obligations: {up_to: 4h, ticket: 'X{3}'}",
    )

    assert Outcome.REQUIRE is verdict.outcome
    assert Obligations(up_to=3600, single_use=True, tell=("ana", "security")) == verdict.obligations


@pytest.mark.parametrize(
    ("others", "eased"),
    [
        ([], True),
        ([f"effect: require, {STAGES}, obligations: {{break_glass: true, parallel: true}}"], True),
        ([f"effect: require, {STAGES}, obligations: {{up_to: 1h}}"], False),
        ([f"effect: require, {STAGES}"], False),
        (["effect: auto_approve"], True),
        (["effect: auto_approve, obligations: {single_use: true}"], True),
    ],
)
def test_what_eases_must_be_allowed_by_all(others, eased):
    """Breaking the glass, and stages at once, take the word of every rule that requires approvals."""
    one = f"effect: require, {STAGES}, obligations: {{break_glass: true, parallel: true}}"
    verdict = judged(one, *others)

    assert (eased, eased) == (verdict.obligations.break_glass, verdict.obligations.parallel)


def test_a_denial_obliges_to_nothing():
    """What is denied has no obligations, and a rule that denies comes before what is missed."""
    verdict = judged("effect: auto_approve, obligations: {up_to: 1m}", "effect: deny, message: No")

    assert (Outcome.DENY, "No", Obligations()) == (verdict.outcome, verdict.message, verdict.obligations)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("effect: deny, message: No, obligations: {up_to: 1h}",
         "obligations: does not go with deny, which lets nothing through; remove it"),
        ("effect: auto_approve, obligations: {break_glass: true}",
         "obligations.break_glass: does not go with auto_approve, where nobody is asked; remove it"),
        ("effect: auto_approve, obligations: {mfa: {approver: webauthn}}",
         "obligations.mfa.approver: does not go with auto_approve, where nobody is asked; write requester"),
        ("effect: auto_approve, longer_than: 1h, obligations: {up_to: 1h}",
         "obligations.up_to: lets nothing through, as the rule is for more than 1 h; write a longer one"),
        ("effect: auto_approve, obligations: {tell: [securty]}",
         "obligations.tell[0]: there is no group or person “securty”; did you mean “security”?"),
    ],
)  # fmt: skip
def test_refused(rule, said):
    """Obligations that mean nothing, or promise what is not kept, are refused when they are loaded."""
    with pytest.raises(PolicyError) as error:
        judged(rule)

    assert f"rules.yaml:2: rules.r0.{said}" == str(error.value)
