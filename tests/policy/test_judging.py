"""Contract: deny wins; nothing matches means deny; the order of rules and files never shows.

A verdict says for each rule that could match whether it did, and why not. Who may decide is asked of the
policy as it is now.
"""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.people import Principal
from app.domain.verdict import Outcome, Stage, Verdict
from app.policy import Ask, Permission, Policy
from app.policy.building import build
from tests.policy.sets import COMMON, RULES, an_ask, draft_of, policy_of

POLICY = policy_of()
DENY_ALL = "  deny-all: {effect: deny, message: Nobody.}\n"
GROUPS = ("engineers", "dbas", "security")
EFFECTS = {
    Outcome.DENY: "effect: deny, message: No",
    Outcome.AUTO_APPROVE: "effect: auto_approve",
    Outcome.REQUIRE: "effect: require, stages: [{{name: {stage}, groups: [{group}]}}]",
}

some_rules = st.lists(
    st.fixed_dictionaries(
        {
            "effect": st.sampled_from(list(EFFECTS)),
            "stage": st.sampled_from(["one", "two"]),
            "group": st.sampled_from(GROUPS),
        },
        optional={
            "actions": st.sampled_from(["[debug]", "[debug, migrate]", "['*']", "[try-*]"]),
            "environments": st.just("[production, sandbox]"),
            "resources": st.sampled_from(["[orders-db]", "['*-db']", "['*']"]),
            "groups": st.sampled_from(["[engineers]", "[dbas, security]"]),
            "people": st.sampled_from(["[ana]", "[sam, ben]"]),
            "longer_than": st.sampled_from(["10m", "1h"]),
            "sources": st.sampled_from(["[slack]", "[api, ci]"]),
        },
    ),
    max_size=7,
)
asks = st.builds(
    Ask,
    requester=st.sampled_from([*POLICY.people.values(), Principal(id="eve", name="Eve", slack="U0EVE")]),
    action=st.sampled_from([*POLICY.actions, "gone"]),
    resource=st.sampled_from(["orders-db", "payments-db", "shard-1", "else"]),
    seconds=st.sampled_from([0, 5, 60, 1800, 3600, 3601, 14400, 99999]),
    reason=st.just("why"),
    source=st.sampled_from(["slack", "api"]),
    at=st.just(datetime(2026, 3, 2, tzinfo=UTC)),
)
any_asks = st.builds(
    Ask,
    requester=st.builds(
        Principal, id=st.text() | st.sampled_from(["ana", "ben"]), name=st.text(), slack=st.text()
    ),
    action=st.text() | st.sampled_from([*POLICY.actions]),
    resource=st.text() | st.sampled_from(["orders-db", "payments-db"]),
    seconds=st.integers(),
    reason=st.text(),
    source=st.text(),
    at=st.datetimes(timezones=st.just(UTC)),
)


def written(rules: list[dict], effects: set[Outcome] = frozenset(Outcome), prefix: str = "r") -> list[str]:
    """Rules as lines of YAML, each named by its number."""
    lines = []
    for number, rule in enumerate(rules):
        if rule["effect"] in effects:
            keys = [
                f"{key}: {value}" for key, value in rule.items() if key not in {"effect", "stage", "group"}
            ]
            keys.insert(0, EFFECTS[rule["effect"]].format(stage=rule["stage"], group=rule["group"]))
            lines.append(f"  {prefix}-{number}: {{{', '.join(keys)}}}\n")
    return lines


def policy_with(lines: list[str]) -> Policy:
    return policy_of("rules:\n" + "".join(lines) if lines else "rules: {}")


@given(some_rules, asks, st.randoms(use_true_random=False))
def test_order_never_matters(rules, ask, chance: random.Random):
    """Rules shuffled within and over files give the same verdict, byte for byte."""
    lines = written(rules)
    straight = policy_with(lines).judge(ask)
    shuffled = chance.sample(lines, len(lines))
    cut = chance.randint(0, len(lines))
    files = {
        "z.yaml": "rules:\n" + "".join(shuffled[:cut]) if cut else "{}",
        "common.yaml": COMMON,
        "a.yaml": "rules:\n" + "".join(shuffled[cut:]) if cut < len(lines) else "{}",
    }

    assert straight.model_dump_json() == build(draft_of(files)).judge(ask).model_dump_json()


@given(some_rules, asks)
def test_the_strictest_matching_effect_holds(rules, ask):
    """The outcome is the strictest of the matching rules' effects; without any it is deny."""
    verdict = policy_with(written(rules)).judge(ask)
    effects = {reason.effect for reason in verdict.reasons if reason.matched}
    strictest = next(
        (effect for effect in (Outcome.DENY, Outcome.REQUIRE, Outcome.AUTO_APPROVE) if effect in effects),
        Outcome.DENY,
    )

    assert strictest is verdict.outcome
    assert (verdict.outcome is Outcome.REQUIRE) == bool(verdict.stages)


@given(some_rules, some_rules, asks)
def test_permitting_rules_never_undo_a_deny(rules, more, ask):
    """Whatever rules that permit are added, what a rule denies stays denied."""
    lines = written(rules)
    before = policy_with(lines)
    permitting = written(more, {Outcome.AUTO_APPROVE, Outcome.REQUIRE}, "p")
    after = policy_with([*lines, *permitting])

    if before.denial(ask) is not None:
        assert Outcome.DENY is after.judge(ask).outcome
        assert after.denial(ask) is not None


@given(some_rules, some_rules, asks)
def test_requiring_rules_only_add_stages(rules, more, ask):
    """A rule that requires never takes a stage away, nor lets a request be approved at once."""
    lines = written(rules)
    before = policy_with(lines).judge(ask)
    after = policy_with([*lines, *written(more, {Outcome.REQUIRE}, "q")]).judge(ask)

    if before.outcome is Outcome.REQUIRE:
        needed = {(stage.quorum, stage.groups) for stage in before.stages}
        assert Outcome.REQUIRE is after.outcome
        assert needed <= {(stage.quorum, stage.groups) for stage in after.stages}


@given(some_rules, asks)
def test_a_rule_that_denies_denies_again(rules, ask):
    """`denial` denies exactly what a rule that denies, or the catalogue, denies."""
    policy = policy_with(written(rules))
    verdict = policy.judge(ask)
    by_rule = any(reason.matched and reason.effect is Outcome.DENY for reason in verdict.reasons)
    denial = policy.denial(ask)

    assert by_rule == (denial is not None)
    assert denial is None or verdict.message == denial.message


@given(any_asks)
def test_never_raises(ask):
    """Whatever is asked, there is a verdict, the same each time, and it goes through JSON unharmed."""
    verdict = POLICY.judge(ask)

    assert POLICY.judge(ask) == verdict
    assert verdict == Verdict.model_validate_json(verdict.model_dump_json())
    assert POLICY.digest == verdict.policy_digest
    POLICY.denial(ask)


@given(asks)
def test_default_deny(ask):
    """Without rules everything is denied."""
    assert Outcome.DENY is policy_of("rules: {}").judge(ask).outcome


def because(policy: Policy, ask: Ask) -> dict[str, tuple[bool, str]]:
    return {reason.rule: (reason.matched, reason.because) for reason in policy.judge(ask).reasons}


def test_reasons_of_a_match():
    """A rule that matched says by what; one that did not says what was expected and what was there."""
    assert {
        "ask-a-dba": (True, "group engineers may ask"),
        "payments-short": (
            False,
            "is about payments-db; you ask for orders-db. Is for more than 1 h; you ask for 30 min",
        ),
    } == because(POLICY, an_ask(POLICY))


def test_reasons_of_the_wrong_person():
    """Who is in none of the groups is told which, and in which they are."""
    assert (False, "needs group engineers; you are sam, in security") == because(
        POLICY, an_ask(POLICY, "sam")
    )["ask-a-dba"]
    assert "no rule allows it" == POLICY.judge(an_ask(POLICY, "sam")).message


def test_reasons_of_groups_people_and_sources():
    """Groups and people are one list together; a source that is not named does not match."""
    policy = policy_of(
        "rules:\n  x: {effect: auto_approve, groups: [security, dbas], people: [ana], sources: [api, ci]}\n"
    )

    assert (True, "Ana Ruiz may ask") == because(policy, an_ask(policy, "ana", source="ci"))["x"]
    assert (True, "group dbas may ask") == because(policy, an_ask(policy, "ben", source="ci"))["x"]
    assert (False, "is for requests from api or ci; yours is from slack") == because(
        policy, an_ask(policy, "ana")
    )["x"]


def test_reasons_of_one_who_is_named_nowhere():
    """Groups and people that would do are both named."""
    policy = policy_of("rules:\n  x: {effect: auto_approve, groups: [nobody, dbas], people: [ben]}\n")

    assert (False, "needs group dbas or nobody, or to be ben; you are sam, in security") == because(
        policy, an_ask(policy, "sam")
    )["x"]


def test_a_deny_tells_its_message():
    """The message of the rule that denies is what the requester is told, over what would permit it."""
    verdict = POLICY.judge(an_ask(POLICY, resource="payments-db", seconds=3601))

    assert Outcome.DENY is verdict.outcome
    assert ("payments-short",) == verdict.rules
    assert "Nobody works on payments-db for more than 1 h" == verdict.message


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(3600, Outcome.REQUIRE), (3601, Outcome.DENY), (14400, Outcome.DENY)]
)
def test_longer_than_is_exact(seconds, outcome):
    """`longer_than: 1h` matches from 1 h 1 s."""
    assert outcome is POLICY.judge(an_ask(POLICY, resource="payments-db", seconds=seconds)).outcome


@pytest.mark.parametrize(("seconds", "outcome"), [(1800, Outcome.AUTO_APPROVE), (1801, Outcome.DENY)])
def test_longest_is_exact(seconds, outcome):
    """`longest: 30m` matches up to 30 min and not a second more, and the reason shows the second."""
    assert outcome is POLICY.judge(an_ask(POLICY, action="try-out", seconds=seconds)).outcome


@pytest.mark.parametrize("resource", ["shard-1", "shard-"])
def test_resources_by_pattern(resource):
    """A pattern of the catalogue lets through what it matches."""
    assert Outcome.REQUIRE is POLICY.judge(an_ask(POLICY, resource=resource)).outcome


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        ({"action": "gone"}, "gone is not among the actions"),
        ({"resource": "Orders-db"}, "Orders-db is not among the resources of debug"),
        ({"resource": "orders-db\n"}, "orders-db\n is not among the resources of debug"),
        ({"seconds": 14401}, "debug is given for 1 min to 4 h, not for 4 h 1 s"),
        ({"seconds": 59}, "debug is given for 1 min to 4 h, not for 59 s"),
        ({"seconds": 10**30}, "debug is given for 1 min to 4 h, not for over 366 days"),
    ],
)
def test_what_the_catalogue_does_not_know(changed, because):
    """What is not in the catalogue, or no more, is denied, at once and when it is asked again."""
    ask = an_ask(POLICY).model_copy(update=changed)

    assert because == POLICY.judge(ask).message
    assert because == POLICY.denial(ask).message


def test_a_requester_who_is_gone():
    """Whoever is taken out of the people is denied, even where a rule is for everyone."""
    ask = an_ask(POLICY, "ana")
    common = COMMON.replace("  ana: {name: Ana Ruiz, slack: U0ANA, email: ana@example.com}\n", "").replace(
        "[ana, ben]", "[ben]"
    )
    policy = policy_of("rules:\n  x: {effect: auto_approve}\n", common)

    assert "ana is not among the people whom policy names" == policy.denial(ask).message
    assert Outcome.DENY is policy.judge(ask).outcome
    assert (
        Outcome.AUTO_APPROVE
        is policy.judge(ask.model_copy(update={"requester": policy.people["ben"]})).outcome
    )


def test_denial_asks_only_what_denies():
    """A request that no rule permits any more is not denied when asked again; one that a rule denies is."""
    assert policy_of("rules: {}").denial(an_ask(POLICY)) is None
    assert "Nobody" == policy_of(RULES + DENY_ALL).denial(an_ask(POLICY)).message


# -- stages -------------------------------------------------------------------------------------------


def stages_of(*rules: str) -> tuple[Stage, ...]:
    lines = [
        f"  {name}: {{effect: require, stages: [{stages}]}}\n"
        for name, stages in zip("cba", rules, strict=False)
    ]
    policy = policy_with(lines)
    return policy.judge(an_ask(policy)).stages


def test_stages_of_all_rules():
    """The stages of every rule that matched must hold: by rule, and within a rule as written."""
    assert ["three", "two", "one"] == [
        stage.name
        for stage in stages_of(
            "{name: two, groups: [dbas]}, {name: one, people: [sam]}", "{name: three, people: [ben]}"
        )
    ]


def test_identical_stages_are_one():
    """The same name, quorum, groups and people, in whatever order, are one stage."""
    (stage,) = stages_of(
        "{name: one, groups: [dbas, security]}", "{name: one, groups: [security, dbas], quorum: 1}"
    )

    assert ("one", {"dbas", "security"}, 1) == (stage.name, set(stage.groups), stage.quorum)


def test_stages_of_one_name_that_differ():
    """Stages of one name that ask for other people or more of them are kept apart, by their rules' names."""
    assert [("one (b)", 2), ("one (c)", 1)] == [
        (stage.name, stage.quorum)
        for stage in stages_of("{name: one, groups: [dbas]}", "{name: one, groups: [dbas], quorum: 2}")
    ]


def test_one_stage_tells_all():
    """Stages that differ only in whom they tell are one that tells them all."""
    (stage,) = stages_of(
        "{name: one, groups: [dbas], notify: [sam]}",
        "{name: one, groups: [dbas]}",
        "{name: one, groups: [dbas]}",
    )

    assert ("dbas", "sam") == stage.notify


# -- who may ------------------------------------------------------------------------------------------


def test_entitled_follows_the_present_policy():
    """Who may decide a stage is who is in its groups now; groups and people that are gone are nobody."""
    stage = Stage(name="dba", groups=("dbas", "gone"), people=("sam", "eve"))
    changed = policy_of(common=COMMON.replace("dbas: [ben, chloe]", "dbas: [ana]"))

    assert {"ben", "chloe", "sam"} == POLICY.entitled(stage)
    assert {"ana", "sam"} == changed.entitled(stage)
    assert frozenset() == POLICY.entitled(Stage(name="x", groups=("gone",)))


@pytest.mark.parametrize(
    ("notify", "told"), [(None, ["ben", "chloe"]), ((), []), (("security", "ana", "gone"), ["ana", "sam"])]
)
def test_notified(notify, told):
    """The approvers are told, unless the stage says whom; `[]` is nobody."""
    stage = Stage(name="dba", groups=("dbas",), notify=notify)

    assert told == [person.id for person in POLICY.notified(stage)]


def test_permissions():
    """A permission is had by group or by name; one that is not given is had by nobody."""
    assert {"sam"} == {person for person in POLICY.people if POLICY.may(person, Permission.REVOKE)}
    assert {"sam", "ben"} == {person for person in POLICY.people if POLICY.may(person, Permission.AUDIT)}
    assert set() == {person for person in (*POLICY.people, "eve") if POLICY.may(person, Permission.DIGEST)}


def test_people_by_slack():
    """A Slack user is found by the whole id, and by nothing else."""
    assert POLICY.people["ana"] == POLICY.person_by_slack("U0ANA")
    assert [None, None, None] == [POLICY.person_by_slack(user) for user in ("u0ana", "ana", "")]


def test_catalogue():
    """What the files leave out is filled in: the environment's risk, the shortest duration, the lapse."""
    debug, tried = POLICY.actions["debug"], POLICY.actions["try-out"]

    assert ("high", "required", 60) == (debug.risk, debug.reason, debug.shortest.total_seconds())
    assert ("low", "optional", 5) == (tried.risk, tried.reason, tried.shortest.total_seconds())
    assert "critical" == POLICY.actions["migrate"].risk
    assert [7200, 3600] == [e.lapse.total_seconds() for e in POLICY.environments.values()]
    assert ("#security", "C0ADMIN") == (POLICY.digest_channel, POLICY.admin_channel)
