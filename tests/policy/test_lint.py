"""Contract: what is allowed and yet hardly meant is warned of, where it stands, and nothing else is."""

import pytest

from app.policy.lint import lint
from tests.policy.sets import COMMON, draft_of

WHOLE = """\
rules:
  all: {effect: require, groups: [engineers, nobody], stages: [{name: a, groups: [dbas, security]}]}
"""


def warned(rules: str, common: str = COMMON) -> list[str]:
    return [str(problem) for problem in lint(draft_of({"c.yaml": common, "r.yaml": rules}))]


def test_nothing():
    """A set that is meant as it stands gets no warning."""
    assert [] == warned(WHOLE)


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ("{name: a, people: [ben]}", "can never be fulfilled when ben asks, for no one decides on their own"),
        ("{name: a, groups: [dbas], quorum: 2}", "can never be fulfilled when ben asks, for no one decides"),
        ("{name: a, people: [ana]}, {name: b, people: [ben]}", "can never be fulfilled when ana or ben asks"),
        ("{name: a, people: [sam]}, {name: b, groups: [security]}", "can never be fulfilled, as each person"),
    ],
)
def test_approvals_that_cannot_come(stages, said):
    """Nobody decides on their own request, or twice on one: who can then never be approved is named."""
    rules = f"{WHOLE}  x:\n    effect: require\n    groups: [engineers]\n    stages: [{stages}]\n"
    (only,) = warned(rules)

    assert only.startswith(f"r.yaml:6: rules.x.stages: {said}")


@pytest.mark.parametrize(
    "stages",
    [
        "{name: a, groups: [dbas]}",
        "{name: a, groups: [dbas]}, {name: b, groups: [engineers, security]}",
        "{name: a, groups: [dbas, security], quorum: 2}",
    ],
)
def test_approvals_that_can_come(stages):
    """Where enough others are left whoever asks, nothing is said."""
    assert [] == warned(f"{WHOLE}  x: {{effect: require, groups: [engineers], stages: [{stages}]}}\n")


def test_what_is_given_to_everyone():
    """A rule that approves whoever asks is worth a second look."""
    assert [
        "r.yaml:3: rules.x: approves whoever asks; name groups or people, unless everyone is meant"
    ] == warned(WHOLE + "  x: {effect: auto_approve}\n")


def test_what_nobody_is_given():
    """An action that only rules that deny are about is named."""
    rules = WHOLE.replace("effect", "actions: [debug, migrate], effect")
    rules += "  x: {effect: deny, actions: [try-out], message: No.}\n"

    assert [
        "c.yaml:29: actions.try-out: is given by no rule, so whoever asks is denied; write a rule for it"
    ] == warned(rules)


def test_what_is_not_used():
    """Groups that nothing names and environments without actions are named."""
    assert [
        "c.yaml:10: groups.nobody: is named by no rule; remove it, or name it where it is meant"
    ] == warned(WHOLE.replace(", nobody", ""))
    common = COMMON.replace("environment: sandbox", "environment: production")
    assert ["c.yaml:13: environments.sandbox: has no action; remove it, or write one"] == warned(
        WHOLE, common
    )


def test_permissions_of_nobody():
    """When nobody may revoke or audit, that is told."""
    common = COMMON.replace("revoke: {groups: [security]}", "revoke: {groups: [nobody]}").replace(
        "  audit: {groups: [security], people: [ben]}\n", ""
    )

    assert [
        "policies:0: permissions.audit: is given to nobody; say who may read the audit log",
        "policies:0: permissions.revoke: is given to nobody; say who may end someone's access",
    ] == warned(WHOLE, common)


def test_broken_glass_that_nobody_reviews():
    """Where a rule lets glass be broken, somebody must be there to look at it after."""
    rules = WHOLE.replace("effect: require,", "effect: require, obligations: {break_glass: true},")

    assert [
        (
            "policies:0: permissions.review: is given to nobody, and a rule lets glass be broken; "
            "say who may close the reviews"
        )
    ] == warned(rules)
    assert [] == warned(rules, COMMON.replace("  audit:", "  review: {people: [ben]}\n  audit:"))


NONE_YET = "asks for a factor of who asks for try-out, and so may have none yet; leave it out"
ENROL = """\
rules:
  all: {effect: require, groups: [engineers, nobody], actions: [debug, migrate],
    stages: [{name: a, groups: [dbas, security]}]}
  enrol:
    effect: require
    actions: [try-out]
    stages: [{name: a, groups: [dbas, security]}]
    obligations: {OBLIGATIONS}
factors: {enrol: try-out}
"""


@pytest.mark.parametrize(
    ("obligations", "said"),
    [
        ("{single_use: true}", []),
        ("{tell: [security]}", ["rules.enrol: lets try-out without single_use, which enrolling takes; oblige to it"]),
        (
            "{single_use: true, mfa: {requester: totp}}",
            [f"rules.enrol.obligations.mfa.requester: {NONE_YET}"],
        ),
    ],
)  # fmt: skip
def test_enrolling_that_cannot_be(obligations, said):
    """Enrolling takes a grant for one use, which those who have no factor can begin."""
    rules = ENROL.replace("{OBLIGATIONS}", obligations)

    assert said == [each.split(": ", 1)[1] for each in warned(rules)]


def test_enrolling_for_some():
    """Whoever enrols asks for their own id, so an action that leaves ids out is named with them."""
    common = COMMON.replace('resources: ["*"]', "resources: [an*, ben, sam]")

    said = 'leaves out chloe: who enrols a factor asks for their own id; write ["*"]'
    assert [f"c.yaml:32: actions.try-out.resources: {said}"] == warned(
        ENROL.replace("{OBLIGATIONS}", "{single_use: true}"), common
    )


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (
            "approver: webauthn",
            "approver: [totp, oidc]",
            "approver: accepts none of what the rule y does (totp, oidc)",
        ),
        ("requester: totp", "requester: oidc", "requester: accepts none of what the rule y does (oidc)"),
        ("approver: webauthn", "approver: any", ""),
        ("approver: webauthn", "requester: totp", ""),
    ],
)
def test_factors_that_exclude_each_other(one, other, said):
    """Two rules about one action that accept no factor in common ask for what nobody can meet."""
    rule = "effect: require, actions: [debug], groups: [engineers], stages: [{name: a, groups: [dbas, security]}]"
    rules = (
        f"{WHOLE}  z: {{{rule}, obligations: {{mfa: {{{one}}}}}}}\n"
        f"  y: {{{rule}, obligations: {{mfa: {{{other}}}}}}}\n"
    )

    found = [each for each in warned(rules) if "mfa" in each]
    assert bool(said) == bool(found)
    assert all(
        f"rules.z.obligations.mfa.{said}: where both match, nobody can prove it" in each for each in found
    )


def test_a_factor_of_a_machine():
    """A machine has no factor, so what asks for one never begins for it."""
    machines = "machines: {gateway: {scopes: [request]}}\n"
    rule = "effect: auto_approve, people: [gateway], obligations: {mfa: {requester: any}}"

    said = "asks a factor of gateway, a machine, which has none; name people alone"
    assert [f"r.yaml:3: rules.x.obligations.mfa.requester: {said}"] == warned(
        f"{WHOLE}  x: {{{rule}}}\n{machines}"
    )


def test_a_job_of_any_branch():
    """A machine that any job of a repository stands for is told; one of an environment is not."""
    job = "oidc: {issuer: github, audience: jit, repository_id: 7"
    machines = f"machines:\n  wide: {{scopes: [read], {job}}}}}\n"
    machines += f"  narrow: {{scopes: [read], {job}, environment: production}}}}\n"

    told = "takes any job, from any branch; write environment, ref or workflow_ref, unless all are meant"

    assert [f"r.yaml:4: machines.wide.oidc: {told}"] == warned(WHOLE + machines)
