"""Contract: what is not known gets nothing past a person, nor past a rule that denies.

For every condition, with every effect:

| the condition    | auto_approve   | require | deny    |
| ---------------- | -------------- | ------- | ------- |
| holds            | matches        | matches | matches |
| does not hold    | does not       | does not| does not|
| cannot be told   | does not       | matches | matches |

A condition that always can be told is shown as such: no ask leaves it open. Every key of a rule that is a
condition is in the table; a key that is added and not in it fails the test.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.verdict import Outcome
from app.policy import Ask, Policy, PolicyError
from app.policy.ask import History
from app.policy.rules import Rule
from app.policy.schema import RuleSpec
from tests.policy.sets import COMMON, NOW, an_ask, policy_of

NAIVE = {"at": datetime(2026, 3, 2, 9, 30)}  # noqa: DTZ001  a time without a zone is the point
COMMON_HERE = COMMON.replace(
    "{name: Ana Ruiz, slack: U0ANA, email: ana@example.com}",
    "{name: Ana Ruiz, slack: U0ANA, attributes: {team: payments, level: [senior, lead]}, manager: chloe}",
).replace("slack: U0BEN", "slack: U0BEN, attributes: {team: search}") + (
    "calendars:\n  holidays: {dates: [2026-03-03]}\n"
    "freezes:\n  audit: {from: 2026-03-02T00:00, to: 2026-03-03T00:00, zone: UTC, reason: The auditors.}\n"
)
TODAY = tuple(NOW - timedelta(hours=hour) for hour in (1, 2, 3))
EFFECTS = {
    Outcome.AUTO_APPROVE: "effect: auto_approve",
    Outcome.REQUIRE: "effect: require, stages: [{name: a, people: [sam]}]",
    Outcome.DENY: "effect: deny, message: No",
}
WEEKDAY = "[{weekdays: [mon-fri], from: '09:00', to: '18:00', zone: UTC, calendars: [holidays]}]"


class Line(NamedTuple):
    """A key with its value, and what an ask looks like for which it holds, does not, and cannot be told."""

    key: str
    value: str
    holds: dict
    fails: dict
    untold: dict | None = None
    not_with: Outcome | None = None


MATRIX = [
    Line("groups", "[engineers]", {}, {"requester": "sam"}),
    Line("people", "[ana]", {}, {"requester": "ben"}),
    Line("resources", "[orders-*]", {}, {"resource": "payments-db"}),
    Line("risks", "[high]", {}, {"action": "migrate"}),
    Line("longest", "1h", {}, {"seconds": 3601}, None, Outcome.DENY),
    Line("longer_than", "45m", {"seconds": 2701}, {}),
    Line("sources", "[api, slack]", {}, {"source": "ci"}, {"source": ""}),
    Line("ticket", "'INC-[0-9]{1,6}'", {}, {"reason": "please"}),
    Line("requester", "{team: [payments, core]}", {}, {"requester": "ben"}, {"requester": "sam"}),
    Line("networks", "[10.0.0.0/8]", {"ip": "10.1.2.3"}, {"ip": "192.0.2.1"}, {"ip": ""}),
    Line("outside_networks", "[10.0.0.0/8]", {"ip": "192.0.2.1"}, {"ip": "::ffff:10.1.2.3"}, {"ip": "x"}),
    Line("ip_from", "[cli, browser_check]", {"ip": "192.0.2.1"}, {"ip": "192.0.2.1", "source": "api"}, {"ip": ""}),
    Line("times", WEEKDAY, {}, {"at": NOW - timedelta(days=1)}, NAIVE),
    Line("outside_times", WEEKDAY, {"at": NOW + timedelta(days=1)}, {}, NAIVE),
    Line("freezes", "[audit]", {}, {"at": NOW + timedelta(days=1)}, NAIVE),
    Line(
        "at_most", "{count: 3, per: day}", {"history": History(asked=TODAY[:2])},
        {"history": History(asked=TODAY)}, {"history": None}, Outcome.DENY,
    ),
    Line(
        "more_than", "{count: 3, per: day}", {"history": History(asked=TODAY)},
        {"history": History(asked=TODAY[:2])}, {"history": None},
    ),
    Line(
        "concurrent", "2", {"history": History(live=1)}, {"history": History(live=2)},
        {"history": None}, Outcome.DENY,
    ),
    Line(
        "more_concurrent_than", "2", {"history": History(live=2)}, {"history": History(live=1)},
        {"history": None},
    ),
    Line("when", "[{id: x, cel: 'ip == \"10.0.0.1\"', message: Come from 10.0.0.1.}]",
         {"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}, {"ip": ""}),
]  # fmt: skip
NO_CONDITIONS = {
    "description",
    "effect",
    "mode",
    "environments",
    "actions",
    "stages",
    "obligations",
    "message",
}


def policy_for(line: Line, effect: Outcome) -> Policy:
    return policy_of(f"rules:\n  x: {{{EFFECTS[effect]}, {line.key}: {line.value}}}\n", COMMON_HERE)


def asked(policy: Policy, changed: dict) -> Ask:
    changed = dict(changed)
    requester = changed.pop("requester", "ana")
    return an_ask(policy, requester).model_copy(update=changed)


def rule_of(policy: Policy, ask: Ask) -> Rule:
    (rule,) = policy.rules_about(ask)
    return rule


def cells(state: str) -> list:
    return [
        pytest.param(line, effect, id=f"{line.key}-{effect}-{state}")
        for line in MATRIX
        for effect in Outcome
        if effect is not line.not_with and (state != "untold" or line.untold is not None)
    ]


def test_every_condition_is_in_the_table():
    """No key of a rule is left out: it is a condition in the table, or known to be none."""
    assert RuleSpec.model_fields.keys() - NO_CONDITIONS == {line.key for line in MATRIX}


@pytest.mark.parametrize(("line", "effect"), cells("holds"))
def test_holds(line, effect):
    """A condition that holds lets the rule match, whatever its effect; the verdict is the effect."""
    policy = policy_for(line, effect)
    ask = asked(policy, line.holds)

    assert (True, effect) == (
        rule_of(policy, ask).look(policy.facts_of(ask)).matched,
        policy.judge(ask).outcome,
    )


@pytest.mark.parametrize(("line", "effect"), cells("fails"))
def test_does_not_hold(line, effect):
    """A condition that does not hold keeps the rule from matching, and says what was expected."""
    policy = policy_for(line, effect)
    ask = asked(policy, line.fails)
    reason = rule_of(policy, ask).look(policy.facts_of(ask))

    assert not reason.matched
    assert "not known" not in reason.because
    assert Outcome.DENY is policy.judge(ask).outcome


@pytest.mark.parametrize(("line", "effect"), cells("untold"))
def test_cannot_be_told(line, effect):
    """What cannot be told does not match where the rule permits, and does where it requires or denies."""
    policy = policy_for(line, effect)
    ask = asked(policy, line.untold)
    reason = rule_of(policy, ask).look(policy.facts_of(ask))

    assert (effect is not Outcome.AUTO_APPROVE) is reason.matched
    assert "not known" in reason.because or "cannot be told" in reason.because
    assert (Outcome.DENY if effect is Outcome.AUTO_APPROVE else effect) is policy.judge(ask).outcome


@pytest.mark.parametrize(
    "line",
    [line for line in MATRIX if line.untold and line.not_with is None],
    ids=lambda line: line.key,
)
def test_what_does_not_hold_outweighs_what_cannot_be_told(line):
    """A rule that denies does not match when another of its conditions is known not to hold."""
    extra = "groups: [security]" if "requester" not in line.untold else "groups: [nobody]"
    rules = f"rules:\n  x: {{effect: deny, message: No, {extra}, {line.key}: {line.value}}}\n"
    policy = policy_of(rules, COMMON_HERE)
    ask = asked(policy, line.untold)

    assert policy.denial(ask) is None


@pytest.mark.parametrize(
    ("key", "value", "instead"),
    [("longest", "1h", "longer_than"), ("at_most", "{count: 1, per: day}", "more_than"),
     ("concurrent", "1", "more_concurrent_than")],
)  # fmt: skip
def test_limits_do_not_go_with_deny(key, value, instead):
    """A limit up to which a rule denies is meant the other way round, and is refused with what to write."""
    with pytest.raises(PolicyError, match=f"x.{key}: would deny .*; write {instead} instead"):
        policy_of(f"rules:\n  x: {{effect: deny, message: No, {key}: {value}}}\n")


def test_extremes_of_time():
    """At the very ends of the calendar, where zones have no time any more, nothing is raised."""
    for moment in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)):
        for key in ("times", "outside_times", "freezes"):
            line = next(line for line in MATRIX if line.key == key)
            for effect in Outcome:
                policy = policy_for(line, effect)
                policy.judge(asked(policy, {"at": moment}))


KNOWN = {
    "ip": ["10.0.0.1", "10.1.2.3", "192.0.2.1", "2001:db8::1", "::ffff:10.0.0.2"],
    "source": ["slack", "api", "ci"],
    "history": [History(), History(asked=TODAY), History(live=1), History(asked=TODAY[:2], live=2)],
    "at": [NOW, NOW + timedelta(days=1), NOW - timedelta(days=1), NOW + timedelta(hours=12)],
}
UNKNOWN = {"ip": "", "source": "", "history": None} | NAIVE
some_lines = st.lists(
    st.tuples(st.lists(st.sampled_from(MATRIX), max_size=2, unique_by=lambda line: line.key),
              st.sampled_from(list(Outcome))),
    max_size=5,
)  # fmt: skip
some_facts = st.fixed_dictionaries({}, optional={key: st.sampled_from(each) for key, each in KNOWN.items()})


def rules_of(lines: list[tuple[list[Line], Outcome]], prefix: str = "r") -> list[str]:
    return [
        f"  {prefix}{number}: {{{EFFECTS[effect]}"
        + "".join(f", {line.key}: {line.value}" for line in each if line.not_with is not effect)
        + "}\n"
        for number, (each, effect) in enumerate(lines)
    ]


def policy_with(lines: list[str]) -> Policy:
    return policy_of("rules:\n" + "".join(lines) if lines else "rules: {}", COMMON_HERE)


@given(some_lines, st.sampled_from(["ana", "ben", "sam"]), some_facts, some_facts)
def test_unknown_facts_let_nothing_by(lines, who, some, more):
    """Approved at once while facts are missing: so it is whatever they are. Denied by no rule: so it is too."""
    policy = policy_with(rules_of(lines))
    less = an_ask(policy, who).model_copy(update=UNKNOWN | some)
    full = less.model_copy(update={key: value for key, value in more.items() if key not in some})

    if policy.judge(less).outcome is Outcome.AUTO_APPROVE:
        assert Outcome.AUTO_APPROVE is policy.judge(full).outcome
    if policy.denial(less) is None:
        assert policy.denial(full) is None


@given(some_lines, some_lines, st.sampled_from(["ana", "ben", "sam"]), some_facts)
def test_adding_a_denial_never_permits_more(lines, more, who, facts):
    """Whatever rules that deny are added, what was not let through is not let through now."""
    before = policy_with(rules_of(lines))
    denying = rules_of([(each, Outcome.DENY) for each, _ in more], "d")
    after = policy_with([*rules_of(lines), *denying])
    ask = an_ask(before, who).model_copy(update=UNKNOWN | facts)
    was, now = before.judge(ask), after.judge(ask)

    assert now.outcome in {Outcome.DENY, was.outcome}
    assert now.stages in {(), was.stages}
    assert before.denial(ask) is None or after.denial(ask) is not None
