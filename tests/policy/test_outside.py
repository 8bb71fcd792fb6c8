"""Contract: who is in a group from elsewhere, on call, or somebody's manager, as far as it is known.

Fresh members are members, everywhere. Once an answer is too old, the group is empty for what permits: rules that
approve, stages, permissions, and rules that require as far as they let somebody ask. It stays in force for what
denies: the last known members still meet it, and where nobody ever answered, everybody does.
"""

from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.verdict import Outcome
from app.policy import Permission
from app.policy.outside import Directory, Freshness, Roll
from tests.policy.sets import COMMON, an_ask, policy_of

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
PEOPLE = ("ana", "ben", "chloe", "sam")
OUTSIDE = (
    COMMON.replace(
        "  nobody: []\n",
        "  nobody: []\n  remote: {slack: S0REMOTE}\n  mixed: {scim: mixed.json, people: [sam]}\n"
        "  outer: {groups: [remote, dbas]}\n",
    )
    .replace("audit: {groups: [security]", "digest: {groups: [outer]}\n  audit: {groups: [security]")
    .replace("people:\n", "people:\n", 1)
)


def rule(effect: str, groups: str, more: str = "") -> str:
    ends = {
        "deny": ", message: No.",
        "require": ", stages: [{name: a, groups: [security]}]",
        "auto_approve": "",
    }
    return f"{{effect: {effect}, actions: [debug], groups: [{groups}]{ends[effect]}{more}}}"


def told(policy, age=timedelta(), managers=None, **members):
    """The policy with what each group was told to have, so long ago."""
    rolls = {
        f"groups.{name}": Roll(frozenset(ids), NOW - age, MappingProxyType(managers or {}))
        for name, ids in members.items()
    }
    return policy.with_directory(Directory(rolls), NOW)


def outcome(policy, who="ana"):
    return policy.judge(an_ask(policy, who)).outcome


@pytest.mark.parametrize(
    ("effect", "fresh", "stale", "unknown", "not_in_stale"),
    [
        ("auto_approve", "auto_approve", "deny", "deny", "deny"),
        ("require", "require", "deny", "deny", "deny"),
        ("deny", "deny", "deny", "deny", "auto_approve"),
    ],
)
def test_the_matrix(effect, fresh, stale, unknown, not_in_stale):
    """Each effect, with a member of a group that is fresh, stale, and never told, and with somebody else."""
    also = "\n  all: {effect: auto_approve, actions: [debug]}" if effect == "deny" else ""
    policy = policy_of(f"rules:\n  x: {rule(effect, 'remote')}{also}\n", OUTSIDE)

    assert fresh == outcome(told(policy, remote=["ana"]))
    assert stale == outcome(told(policy, HOUR * 1.01, remote=["ana"]))
    assert unknown == outcome(told(policy)) == outcome(policy)
    assert not_in_stale == outcome(told(policy, HOUR * 1.01, remote=["ben"]))


def test_exactly_at_its_age():
    """An answer that is as old as it may be still counts, and a microsecond later it does not."""
    policy = policy_of(f"rules:\n  x: {rule('auto_approve', 'remote')}\n", OUTSIDE)
    roll = Directory({"groups.remote": Roll(frozenset({"ana"}), NOW - HOUR)})

    assert "auto_approve" == outcome(policy.with_directory(roll, NOW))
    assert "deny" == outcome(policy.with_directory(roll, NOW + timedelta(microseconds=1)))
    assert NOW == policy.with_directory(roll, NOW - HOUR).until


def test_an_answer_from_the_future():
    """An answer that is further ahead than it may be old is no answer to rely on: some clock is wrong."""
    policy = policy_of(f"rules:\n  x: {rule('auto_approve', 'remote')}\n", OUTSIDE)

    assert "deny" == outcome(told(policy, -HOUR * 2, remote=["ana"]))


def test_stages_of_a_rule_in_doubt_stay():
    """A rule that requires keeps its stages in force by a stale group, where another rule lets the person ask."""
    rules = f"rules:\n  x: {rule('require', 'remote')}\n  all: {{effect: auto_approve, actions: [debug]}}\n"
    policy = policy_of(rules, OUTSIDE)

    for each in (told(policy), told(policy, HOUR * 2, remote=["ana"])):
        verdict = each.judge(an_ask(each))
        assert (Outcome.REQUIRE, "x") == (verdict.outcome, verdict.rules[0])
        assert "whether you are in remote is not known now" in verdict.message
    assert "auto_approve" == outcome(told(policy, remote=["ben"]))


def test_told_why():
    """Who asks by a group that is not known is told that, and not that they are not in it."""
    policy = policy_of(f"rules:\n  x: {rule('require', 'remote')}\n", OUTSIDE)

    assert (
        "who is in remote is not known now, so it lets nobody ask; try again later"
        == policy.judge(an_ask(policy)).message
    )


def test_people_named_beside_it():
    """Who is a member by files is one whatever becomes of the source."""
    policy = policy_of(f"rules:\n  x: {rule('auto_approve', 'mixed')}\n", OUTSIDE)

    assert {"sam"} == policy.members["mixed"]
    assert ["auto_approve", "deny"] == [outcome(policy, who) for who in ("sam", "ana")]


def test_stages_and_permissions():
    """Approvers and those who have a permission come and go with the group, through groups it is in too."""
    stages = ", stages: [{name: a, groups: [outer]}]"
    policy = policy_of(
        f"rules:\n  x: {{effect: require, actions: [debug], groups: [engineers]{stages}}}\n", OUTSIDE
    )
    seen = []
    for each in (told(policy), told(policy, remote=["sam"]), told(policy, HOUR * 2, remote=["sam"])):
        (stage,) = each.judge(an_ask(each)).stages
        seen.append((set(each.entitled(stage)), each.may("sam", Permission.DIGEST)))

    files = {"ben", "chloe"}
    assert [(files, False), (files | {"sam"}, True), (files, False)] == seen


def test_denials_through_outer_groups():
    """A group that has a stale or unknown one in it denies its last members, or everybody, as well."""
    rules = f"rules:\n  x: {rule('deny', 'outer')}\n  all: {{effect: auto_approve, actions: [debug]}}\n"
    policy = policy_of(rules, OUTSIDE)
    stale = told(policy, HOUR * 2, remote=["ana"])

    assert ["deny", "deny", "auto_approve"] == [outcome(stale, who) for who in ("ana", "ben", "sam")]
    assert ["deny"] * 4 == [outcome(told(policy), who) for who in PEOPLE]


def test_expressions():
    """An expression on the requester's groups cannot be told while one that they may be in cannot."""
    when = ", when: [{id: w, cel: '!(\"remote\" in requester.groups)', message: Nobody of remote}]"
    permit = f"rules:\n  x: {{effect: auto_approve, actions: [debug]{when}}}\n"
    policy = policy_of(permit, OUTSIDE)

    states = [
        told(policy, remote=[], mixed=[]),
        told(policy, remote=["ana"], mixed=[]),
        told(policy, HOUR * 2, remote=["ana"], mixed=[]),
        told(policy),
    ]
    assert ["auto_approve", "deny", "deny", "deny"] == [outcome(each) for each in states]


def test_the_digest_is_that_of_the_files():
    """Members that come and go are no change of policy; what nothing changes is the very same policy."""
    policy = policy_of(common=OUTSIDE)
    files_alone = policy_of()

    assert policy.digest == told(policy, remote=["ana"]).digest
    assert files_alone is files_alone.with_directory(Directory({}), NOW)


def test_same_answer_again():
    """An answer that names the same people only moves the age: nothing is worked out anew."""
    policy = told(policy_of(common=OUTSIDE), HOUR / 2, remote=["ana"])
    again = told(policy, remote=["ana"])

    assert policy.members is again.members
    assert (NOW + HOUR / 2, NOW + HOUR) == (policy.until, again.until)
    assert Freshness.FRESH is again.freshness(NOW + HOUR / 1.5)["groups.remote"]


@given(
    st.lists(st.sampled_from(PEOPLE)),
    st.sampled_from(["fresh", "stale", "unknown"]),
    st.sampled_from(PEOPLE),
    st.lists(st.tuples(st.sampled_from(["auto_approve", "require"]), st.sampled_from(["remote", "engineers", "outer"])),
             max_size=3),
    st.lists(st.sampled_from(["remote", "outer", "dbas"]), max_size=2),
)  # fmt: skip
def test_doubt_never_permits_more(members, state, who, permits, denies):
    """Whatever the rules, nobody gets more from a group that is stale or unknown than from a fresh one."""
    order = {Outcome.DENY: 0, Outcome.REQUIRE: 1, Outcome.AUTO_APPROVE: 2}
    lines = [f"  p{index}: {rule(*each)}\n" for index, each in enumerate(permits)]
    lines += [f"  d{index}: {rule('deny', each)}\n" for index, each in enumerate(denies)]
    policy = policy_of("rules:\n" + "".join(lines) if lines else "rules: {}\n", OUTSIDE)
    fresh = told(policy, remote=members, mixed=[])
    doubtful = {
        "fresh": fresh,
        "stale": told(policy, HOUR * 2, remote=members, mixed=[]),
        "unknown": told(policy, mixed=[]),
    }[state]
    ask = an_ask(policy, who)

    assert order[doubtful.judge(ask).outcome] <= max(order[fresh.judge(ask).outcome], 0)
    assert bool(fresh.denial(ask)) <= bool(doubtful.denial(ask))


# -- managers ------------------------------------------------------------------------------------------------


LED = OUTSIDE.replace("slack: U0ANA,", "slack: U0ANA, manager: ben,").replace(
    "slack: U0BEN}", "slack: U0BEN, manager: sam}"
)


def approvers(policy, levels, who="ana", more=""):
    stages = f"stages: [{{name: lead, managers: {levels}{more}}}]"
    policy = policy_of(f"rules:\n  x: {{effect: require, actions: [debug], {stages}}}\n", policy)
    (stage,) = policy.judge(an_ask(policy, who)).stages
    return set(policy.entitled(stage))


@pytest.mark.parametrize(
    ("who", "levels", "expected"),
    [
        ("ana", "true", {"ben"}),
        ("ana", "1", {"ben"}),
        ("ana", "2", {"ben", "sam"}),
        ("ana", "9", {"ben", "sam"}),
        ("ben", "true", {"sam"}),
        ("sam", "true", set()),
    ],
)
def test_managers(who, levels, expected):
    """The manager of whoever asks, or so many of those above; nobody for whoever has none."""
    assert expected == approvers(LED, levels, who)


def test_managers_of_attributes():
    """What approvers must be, managers must be too."""
    common = LED.replace("slack: U0BEN,", "slack: U0BEN, attributes: {level: lead},")

    assert {"ben"} == approvers(common, 2, more=", approver: {level: lead}")


def test_managers_from_a_source():
    """A fresh source says who leads whom where files do not; a stale one does not, and files stay right."""
    stages = "stages: [{name: lead, managers: true}]"
    policy = policy_of(f"rules:\n  x: {{effect: require, actions: [debug], {stages}}}\n", LED)
    managers = {"ana": "chloe", "sam": "ana", "chloe": "chloe"}

    def of(view, who):
        (stage,) = view.judge(an_ask(view, who)).stages
        return set(view.entitled(stage))

    fresh, stale = told(policy, managers=managers, remote=[]), told(policy, HOUR * 2, managers, remote=[])
    assert [{"ben"}, {"ana"}, set()] == [of(fresh, who) for who in ("ana", "sam", "chloe")]
    assert [{"ben"}, set(), set()] == [of(stale, who) for who in ("ana", "sam", "chloe")]


def test_sources_that_disagree_on_a_manager():
    """Where two sources name two managers of one person, neither approves."""
    policy = policy_of(common=OUTSIDE)
    rolls = {
        "groups.remote": Roll(frozenset(), NOW, MappingProxyType({"ana": "ben"})),
        "groups.mixed": Roll(frozenset(), NOW, MappingProxyType({"ana": "sam", "ben": "sam"})),
    }

    assert {"ben": "sam"} == policy.with_directory(Directory(rolls), NOW).managers


# -- on call -------------------------------------------------------------------------------------------------


ROTAS = (
    "rotas:\n  turns: {people: [ben, chloe], from: 2026-03-02, shift: 1d, zone: UTC}\n"
    "  pager: {pagerduty: [PI7DH85]}\n"
)
ON_CALL = (
    "rules:\n  x: {effect: require, actions: [debug], groups: [engineers],\n"
    "      stages: [{name: a, on_call: [turns, pager], notify: [turns]}]}\n"
)


def test_on_call():
    """Whoever is on call then may approve, and is told; nobody is before the time is known."""
    policy = policy_of(ON_CALL, OUTSIDE + ROTAS)
    monday, tuesday = (policy.with_directory(Directory({}), NOW + timedelta(days=day)) for day in (0, 1))
    (stage,) = monday.judge(an_ask(monday)).stages

    assert [set(), {"ben"}, {"chloe"}] == [set(each.entitled(stage)) for each in (policy, monday, tuesday)]
    assert ["ben"] == [person.id for person in monday.notified(stage)]
    assert datetime(2026, 3, 3, 9, tzinfo=UTC) == monday.until


def test_on_call_from_elsewhere():
    """A schedule that was asked too long ago has nobody on call."""
    policy = policy_of(ON_CALL, OUTSIDE + ROTAS)
    (stage,) = policy.judge(an_ask(policy)).stages

    def seen(minutes):
        roll = Roll(frozenset({"sam"}), NOW - timedelta(minutes=minutes))
        return policy.with_directory(Directory({"rotas.pager": roll}), NOW).entitled(stage)

    assert [{"ben", "sam"}, {"ben"}] == [set(seen(minutes)) for minutes in (10, 11)]


def test_being_on_call_is_no_group_of_rules():
    """Who is on call is in no group by that: a rota lets nobody ask."""
    policy = policy_of(ON_CALL, OUTSIDE + ROTAS).with_directory(Directory({}), NOW)

    assert {"engineers", "dbas", "outer"} == policy.facts_of(an_ask(policy, "ben")).groups


# -- one directory after another -----------------------------------------------------------------------------


states = st.dictionaries(
    st.sampled_from(["groups.remote", "groups.mixed", "rotas.pager"]),
    st.tuples(st.frozensets(st.sampled_from(PEOPLE)), st.sampled_from([timedelta(), HOUR * 2])),
)


@given(st.lists(states, min_size=1, max_size=5))
def test_the_way_does_not_matter(steps):
    """What is known after several directories is what the last of them alone tells: nothing is left behind."""
    policy = view = policy_of(ON_CALL, OUTSIDE + ROTAS)
    for step in steps:
        directory = Directory({name: Roll(people, NOW - age) for name, (people, age) in step.items()})
        view = view.with_directory(directory, NOW)
    alone = policy.with_directory(directory, NOW)

    assert (alone.members, alone.permissions, alone.managers) == (
        view.members,
        view.permissions,
        view.managers,
    )
    for who in PEOPLE:
        assert alone.facts_of(an_ask(alone, who)) == view.facts_of(an_ask(view, who))
