"""Contract: what is written and can have no effect is warned of; what can have one is not."""

import pytest

from app.policy.lint import lint
from app.policy.lint_reach import CONDITIONS, NO_CONDITION, SCOPE
from app.policy.schema import RuleSpec
from tests.policy.sets import COMMON, draft_of

WHOLE = """\
rules:
  all: {effect: require, groups: [engineers, nobody], stages: [{name: a, groups: [dbas, security]}]}
"""


def warned(rule: str, common: str = COMMON, whole: str = WHOLE) -> list[str]:
    draft = draft_of({"c.yaml": common, "r.yaml": whole + rule})
    return [str(problem).split(":", 2)[2].strip() for problem in lint(draft)]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{effect: auto_approve, groups: [nobody]}", "groups: can never match, as nobody is in nobody; put"),
        (
            "{effect: deny, longer_than: 4h, message: No.}",
            "longer_than: can never match, as its actions are given fo",
        ),
        ("{effect: deny, longer_than: 1h, actions: [try-out], message: No.}", "longer_than: can never match"),
        (
            "{effect: auto_approve, longest: 30s, groups: [dbas], actions: [debug]}",
            "longest: can never match",
        ),
    ],
)
def test_rules_that_can_never_match(rule, said):
    """Nobody to ask, or no duration that the actions are given for."""
    assert any(f"rules.x.{said}" in line for line in warned(f"  x: {rule}\n")), warned(f"  x: {rule}\n")


@pytest.mark.parametrize(
    ("wide", "narrow", "why"),
    [
        ("effect: deny, message: No.", "effect: auto_approve, groups: [dbas]", "denies"),
        ("effect: deny, actions: [debug], message: No.", "effect: auto_approve, actions: [deb*], groups: [dbas]",
         "denies"),
        ("effect: deny, groups: [dbas], message: No.", "effect: auto_approve, people: [ben]", "denies"),
        ("effect: deny, resources: ['*'], message: No.", "effect: auto_approve, resources: [orders-db], groups: [dbas]",
         "denies"),
        ("effect: deny, longer_than: 10m, message: No.", "effect: auto_approve, longer_than: 20m, groups: [dbas]",
         "denies"),
        ("effect: deny, sources: [api], message: No.", "effect: auto_approve, sources: [api], groups: [dbas]",
         "denies"),
        ("effect: require, groups: [dbas], stages: [{name: a, groups: [security]}]",
         "effect: auto_approve, groups: [dbas], longest: 5m", "asks people"),
    ],
)  # fmt: skip
def test_rules_that_are_overruled(wide, narrow, why):
    """A rule that never decides, as a stricter one holds whenever it does, is named with the stricter one."""
    found = warned(f"  wide: {{{wide}}}\n  x: {{{narrow}}}\n")

    assert any(line.startswith(f"rules.x: never decides, as the rule wide {why}") for line in found), found


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("effect: deny, actions: [debug], message: No.", "effect: auto_approve, groups: [dbas]"),
        ("effect: deny, groups: [security], message: No.", "effect: auto_approve, people: [chloe]"),
        ("effect: deny, resources: [orders-db], message: No.", "effect: auto_approve, groups: [dbas]"),
        (
            "effect: deny, longer_than: 20m, message: No.",
            "effect: auto_approve, longer_than: 10m, groups: [dbas]",
        ),
        ("effect: deny, longer_than: 20m, message: No.", "effect: auto_approve, groups: [dbas]"),
        ("effect: deny, sources: [api], message: No.", "effect: auto_approve, groups: [dbas]"),
        ("effect: deny, networks: [10.0.0.0/8], message: No.", "effect: auto_approve, groups: [dbas]"),
        ("effect: deny, mode: shadow, message: No.", "effect: auto_approve, groups: [dbas]"),
        ("effect: auto_approve, groups: [dbas]", "effect: deny, groups: [dbas], message: No."),
    ],
)
def test_rules_that_are_not_overruled(wide, narrow):
    """Where the stricter rule leaves something over, or is not in force, nothing is said."""
    found = warned(f"  wide: {{{wide}}}\n  x: {{{narrow}}}\n")

    assert [] == [line for line in found if line.startswith("rules.x: never decides")]


def test_every_key_is_thought_of():
    """Each key of a rule is compared in one way or is no condition: a new one is a condition until told."""
    assert frozenset(RuleSpec.model_fields) == CONDITIONS | SCOPE | NO_CONDITION
    assert not CONDITIONS & (SCOPE | NO_CONDITION)


def test_approvers_nobody_is_in():
    """A group of approvers without people is named where it stands, though others could approve."""
    rule = "  x: {effect: require, actions: [debug], stages: [{name: a, groups: [dbas, nobody, security]}]}\n"

    text = "nobody is in nobody, so that it approves nothing; put people in, or remove it"

    assert [f"rules.x.stages[0].groups[1]: {text}"] == warned(rule)


def test_actions_nobody_may_ask_for():
    """An action that rules give to empty groups alone is named."""
    whole = WHOLE.replace("effect", "actions: [debug, migrate], effect")
    found = warned("  x: {effect: auto_approve, actions: [try-out], groups: [nobody]}\n", whole=whole)

    assert "actions.try-out: may be asked for by nobody: nobody is in the groups of x; put people in" in found


@pytest.mark.parametrize(
    ("stages", "is_told"),
    [
        ("{name: a, people: [ben]}", True),
        ("{name: a, people: [sam]}", False),
        ("{name: a, groups: [dbas]}", False),
    ],
)
def test_environments_where_the_only_approver_asks(stages, is_told):
    """One person who approves all of an environment, and asks there, cannot be given anything."""
    whole = f"rules:\n  all: {{effect: require, groups: [engineers], stages: [{stages}]}}\n"
    told = "environments.sandbox: has ben as its only approver, who may ask there too; name one more"

    assert is_told == (told in warned("", whole=whole))


def test_many_rules_are_quick():
    """Thousands of rules are linted in seconds: rules are compared with those that share an action."""
    import time

    lines = [
        f"  r{n}: {{effect: {'auto_approve' if n % 2 else 'deny, message: No.'}, resources: [shard-{n}], "
        f"groups: [dbas], sources: [api], actions: [{'debug' if n % 3 else 'migrate'}]}}\n"
        for n in range(3000)
    ]
    draft = draft_of({"c.yaml": COMMON.replace("resources: [orders-db]\n", "resources: ['*']\n"),
                      "r.yaml": "rules:\n" + "".join(lines)})  # fmt: skip
    began = time.perf_counter()
    lint(draft)

    assert time.perf_counter() - began < 10


ELSEWHERE = COMMON.replace(
    "  nobody: []\n", "  nobody: []\n  remote: {slack: S0REMOTE}\n  outer: {groups: [remote]}\n"
) + ("rotas:\n  turns: {people: [ben], from: 2026-01-05, zone: UTC}\n")
USED = WHOLE.replace("[engineers, nobody]", "[engineers, nobody, outer]").replace(
    "security]}", "security], on_call: [turns]}"
)


@pytest.mark.parametrize(
    "rule",
    [
        "{effect: auto_approve, groups: [remote], actions: [debug], longest: 1h}",
        "{effect: require, groups: [engineers], stages: [{name: a, groups: [remote]}]}",
        "{effect: require, groups: [dbas], stages: [{name: a, people: [ben], on_call: [turns]}]}",
        "{effect: require, groups: [remote], stages: [{name: a, groups: [outer], quorum: 3}]}",
    ],
)
def test_anybody_may_be_in_groups_from_elsewhere(rule):
    """Of a group whose members files do not name nothing is said that they might make wrong."""
    assert [] == warned(f"  x: {rule}\n", ELSEWHERE, USED)


def test_a_rota_that_is_not_used():
    """A rota that nothing speaks of is told of, as groups are."""
    line = "rotas.turns: is named by no rule; remove it, or name it where it is meant"

    assert line in warned("", ELSEWHERE, USED.replace(", on_call: [turns]", ""))


def test_requesters_without_a_manager():
    """Whose requests wait for a manager that they do not have is told; a source may know of one."""
    led = COMMON.replace("slack: U0ANA,", "slack: U0ANA, manager: sam,")
    rule = "  x: {effect: require, groups: [engineers], stages: [{name: a, managers: true}]}\n"
    text = "rules.x.stages: can never be fulfilled when ben asks, who has too few managers; write manager for them"

    assert [text] == warned(rule, led)
    assert [] == warned(rule, led.replace("slack: U0BEN", "slack: U0BEN, manager: chloe"))
    assert text not in warned(rule, ELSEWHERE)
