"""Contract: each condition is shown with what it expects and what is there, and a change is true: it is judged.

No change is offered for what nobody can change by asking otherwise, and none that does not help.
"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from app.domain.verdict import Outcome
from app.policy import PolicyError
from app.policy.ask import Ask, History
from app.policy.conditions import Facts
from app.policy.explain import explain, explanation_lines
from app.policy.explain.remedies import shown
from app.policy.schema import RuleSpec
from tests.policy.sets import COMMON, NOW, an_ask, policy_of

CIRCUMSTANCES = """\
freezes:
  release: {from: 2026-03-01T00:00, to: 2026-03-03T08:00, zone: UTC, reason: Release week}
calendars:
  holidays: {dates: [2026-03-09]}
"""
SOME = (
    COMMON.replace("slack: U0ANA,", "slack: U0ANA, attributes: {team: [orders], level: senior},")
    + CIRCUMSTANCES
)
WEEKEND = "[{weekdays: [sat-sun], zone: UTC}]"
HOURS = '[{weekdays: [mon-fri], from: "10:00", to: "18:00", zone: UTC, calendars: [holidays]}]'
KNOWN = "where the address is known"
OPEN = "ask within mon-fri 10:00 to 18:00 UTC but for its holidays, next from Mon 2026-03-02 10:00 UTC on"
ONCE = History(asked=(NOW - timedelta(hours=2), NOW - timedelta(hours=30)), live=2)
AUTO, DENY = "effect: auto_approve, actions: [debug]", "effect: deny, message: No"
PERMIT = "  all: {effect: auto_approve, actions: [debug], groups: [engineers]}\n"


def ways(rule: str, **changed) -> list[tuple[tuple[str, ...], Outcome | None]]:
    policy = policy_of(f"rules:\n  x: {{{rule}}}\n{PERMIT if 'deny' in rule else ''}", SOME)
    ask = an_ask(policy).model_copy(update={"history": History(), **changed})
    return [(way.changes, way.then and way.then.outcome) for way in explain(policy, ask).ways]


def test_another_way_in_is_another_address():
    """Who asks through another way is known to be elsewhere: what is said then is not made up."""
    found = ways(f"{AUTO}, sources: [api], ip_from: [cli]", source="cli", ip="192.0.2.1")

    assert [(("ask through api",), None)] == found


@pytest.mark.parametrize(
    ("key", "changed", "change", "then"),
    [
        ("requester: {team: payments}", {}, "be of team payments", "auto_approve"),
        ("requester: {team: [payments, orders], level: lead}", {}, "be of level lead", "auto_approve"),
        ("networks: [10.0.0.0/8]", {"ip": "192.0.2.1"}, f"ask from 10.0.0.0/8, {KNOWN}", "auto_approve"),
        ("networks: ['2001:db8::/32']", {}, f"ask from 2001:db8::/32, {KNOWN}", "auto_approve"),
        ("outside_networks: [10.0.0.0/8]", {"ip": "10.1.2.3"}, "ask from outside of 10.0.0.0/8", None),
        ("ip_from: [cli]", {}, "have your address known by cli", None),
        ("ip_from: [api, cli]", {"ip": "192.0.2.1"}, "have your address known by api or cli", None),
        (f"times: {WEEKEND}", {}, "ask within sat-sun UTC, next from Sat 2026-03-07 00:00 UTC on", "auto_approve"),
        (f"times: {HOURS}", {}, OPEN, "auto_approve"),
        ("outside_times: [{weekdays: [mon], zone: UTC}]", {}, "ask outside of mon UTC", None),
        ("ticket: 'OPS-[0-9]{1,6}'", {}, "name a ticket like OPS-[0-9]{1,6} in the reason", None),
        ("at_most: {count: 1, per: day}", {"history": ONCE}, "ask again from Tue 2026-03-03 07:30 UTC on",
         "auto_approve"),
        ("at_most: {count: 2, per: 7d}", {"history": ONCE}, "ask again from Sun 2026-03-08 03:30 UTC on",
         "auto_approve"),
        ("concurrent: 2", {"history": ONCE}, "give one back first", "auto_approve"),
        ("concurrent: 1", {"history": ONCE}, "give 2 back first", "auto_approve"),
        ("when: [{id: brief, cel: request.seconds < 600, message: It is brief.}]", {}, "fulfil «It is brief»", None),
        ("sources: [api]", {"source": ""}, "ask through api", "auto_approve"),
    ],
)  # fmt: skip
def test_what_would_meet_a_condition(key, changed, change, then):
    """What makes a rule that approves match, and what policy says after it, where that can be made up."""
    assert [((change,), then and Outcome(then))] == ways(f"{AUTO}, {key}", **changed)


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        ("risks: [low]", {}),
        ("freezes: [release]", {"at": NOW + timedelta(days=5)}),
        ("more_than: {count: 3, per: day}", {}),
        ("more_concurrent_than: 3", {}),
        ("at_most: {count: 1, per: day}", {"history": None}),
        ("concurrent: 1", {"history": None}),
    ],
)
def test_what_nobody_can_change(key, changed):
    """An action's risk, a freeze, more than there was, and what is not known: no way is made up."""
    assert [] == ways(f"{AUTO}, {key}", **changed)


@pytest.mark.parametrize(
    ("key", "changed", "change", "then"),
    [
        ("longer_than: 10m", {}, "ask for at most 10 min", "auto_approve"),
        ("outside_times: [{weekdays: [tue], zone: UTC}]", {},
         "ask within tue UTC, next from Tue 2026-03-03 00:00 UTC on",
         "auto_approve"),
        ("times: [{weekdays: [mon], zone: UTC}]", {}, "ask outside of mon UTC", None),
        ("freezes: [release]", {}, "ask from Tue 2026-03-03 08:00 UTC on", "auto_approve"),
        ("outside_networks: [10.0.0.0/8]", {"ip": "192.0.2.1"}, f"ask from 10.0.0.0/8, {KNOWN}",
         "auto_approve"),
        ("outside_networks: [10.0.0.0/8]", {}, f"ask from 10.0.0.0/8, {KNOWN}", "auto_approve"),
        ("more_than: {count: 1, per: day}", {"history": ONCE}, "ask again from Tue 2026-03-03 07:30 UTC on",
         "auto_approve"),
        ("more_concurrent_than: 2", {"history": ONCE}, "give one back first", "auto_approve"),
    ],
)  # fmt: skip
def test_the_way_past_a_denial(key, changed, change, then):
    """What keeps a rule that denies from matching, where that is up to the requester."""
    assert [((change,), then and Outcome(then))] == ways(f"{DENY}, {key}", **changed)


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        ("groups: [engineers]", {}),
        ("risks: [high]", {}),
        ("networks: [10.0.0.0/8]", {"ip": "10.0.0.1"}),
        ("requester: {team: orders}", {}),
        ("when: [{id: always, cel: 'true', message: Always}]", {}),
        ("more_than: {count: 1, per: day}", {"history": None}),
    ],
)
def test_no_way_past_a_denial(key, changed):
    """Who one is, what is asked for, and what is not known cannot be changed by asking otherwise."""
    assert [] == ways(f"{DENY}, {key}", **changed)


@pytest.mark.parametrize(
    ("obligations", "change", "then"),
    [
        ("up_to: 10m", ("ask for at most 10 min",), "auto_approve"),
        ("ticket: 'OPS-[0-9]{1,6}'", ("name a ticket like OPS-[0-9]{1,6} in the reason",), None),
        ("up_to: 10m, ticket: OPS", ("ask for at most 10 min", "name a ticket like OPS in the reason"), None),
    ],
)
def test_obligations_that_are_missed(obligations, change, then):
    """What a rule obliges to and the ask does not fulfil is a way too."""
    assert [(change, then and Outcome(then))] == ways(f"{AUTO}, obligations: {{{obligations}}}")


def test_lines_of_what_is_not_known_and_of_shadow_rules():
    """What cannot be told is marked as such, and a rule that is not in force too."""
    rules = "rules:\n  x: {effect: deny, networks: [10.0.0.0/8], message: No}\n"
    rules += "  y: {effect: deny, mode: shadow, message: No}\n"
    policy = policy_of(rules + PERMIT, SOME)
    lines = explanation_lines(explain(policy, an_ask(policy)))

    assert [
        "  ✓ x denies: No",
        "      ? networks: 10.0.0.0/8; it cannot be told: not known",
        "  ✓ y denies (shadow: recorded, and not in force): No",
    ] == [line for line in lines if " x " in line or "?" in line or " y " in line][-3:]


def test_every_condition_has_its_words():
    """No condition is shown by the name of its class: one that is added must say what it expects."""
    keys = {
        "resources": "[orders-db]", "risks": "[high]", "groups": "[dbas]", "people": "[sam]",
        "requester": "{team: a}", "sources": "[api]", "networks": "[10.0.0.0/8]",
        "outside_networks": "[10.0.0.0/8]", "ip_from": "[cli]", "times": WEEKEND, "outside_times": WEEKEND,
        "freezes": "[release]", "longest": "10m", "longer_than": "1h", "ticket": "OPS",
        "at_most": "{count: 1, per: day}",
        "more_than": "{count: 1, per: day}", "concurrent": "1", "more_concurrent_than": "1",
        "when": "[{id: a, cel: request.seconds < 600, message: Brief}]",
    }  # fmt: skip
    no_condition = {
        "description",
        "effect",
        "mode",
        "environments",
        "actions",
        "stages",
        "obligations",
        "message",
    }
    assert set(RuleSpec.model_fields) == set(keys) | no_condition
    for key, value in keys.items():
        policy = policy_of(f"rules:\n  x: {{{AUTO}, {key}: {value}}}\n", SOME)
        ask = an_ask(policy)
        (rule,) = policy.rules_about(ask)
        (condition,) = rule.conditions
        found = shown(condition, policy.facts_of(ask), policy.actions["debug"])

        assert key == found.key
        assert found.expected


@pytest.mark.parametrize("effect", [AUTO, DENY])
@pytest.mark.parametrize("at", [datetime(2026, 3, 2), datetime.min, datetime.max.replace(tzinfo=UTC)])  # noqa: DTZ001, DTZ901
def test_times_that_tell_nothing(effect, at):
    """A time without a zone, or at the calendar's ends, is explained as what cannot be told; nothing is raised."""
    keys = (
        f"times: {HOURS}",
        f"outside_times: {HOURS}",
        "freezes: [release]",
        "at_most: {count: 1, per: day}",
    )
    for key in keys:
        if effect is DENY:
            key = key.replace("at_most", "more_than")  # noqa: PLW2901  the one that goes with deny
        policy = policy_of(f"rules:\n  x: {{{effect}, {key}}}\n", SOME)
        ask = an_ask(policy).model_copy(update={"at": at, "history": ONCE})

        assert explanation_lines(explain(policy, ask))


CONDITIONS = {
    "resources": ["[orders-db]", "['shard-*']"],
    "groups": ["[dbas]", "[engineers]"],
    "requester": ["{team: payments}", "{team: orders}"],
    "sources": ["[api]", "[slack, ci]"],
    "networks": ["[10.0.0.0/8]"],
    "outside_networks": ["[10.0.0.0/8]"],
    "times": [WEEKEND, HOURS],
    "outside_times": [WEEKEND, HOURS],
    "freezes": ["[release]"],
    "longest": ["10m", "2h"],
    "longer_than": ["20m", "5m"],
    "at_most": ["{count: 1, per: day}", "{count: 2, per: 7d}"],
    "more_than": ["{count: 1, per: day}"],
    "concurrent": ["1", "3"],
    "more_concurrent_than": ["1", "2"],
    "obligations": ["{up_to: 15m}"],
    "mode": ["shadow"],
}
effects = st.sampled_from(
    [
        "effect: auto_approve",
        "effect: deny, message: No",
        "effect: require, stages: [{name: a, groups: [dbas]}]",
    ]
)
keys = st.dictionaries(st.sampled_from(sorted(CONDITIONS)), st.integers(0, 1), max_size=4)
asks = st.builds(
    lambda who, resource, seconds, at, ip, history, source: (
        lambda policy: Ask(
            requester=policy.people[who],
            action="debug",
            resource=resource,
            seconds=seconds,
            reason="INC-7",
            source=source,
            at=at,
            ip=ip,
            history=history,
        )
    ),
    who=st.sampled_from(["ana", "ben", "sam"]),
    resource=st.sampled_from(["orders-db", "shard-1", "else"]),
    seconds=st.sampled_from([60, 900, 1800, 7200, 20000]),
    at=st.datetimes(datetime(2026, 2, 20), datetime(2026, 3, 20), timezones=st.just(UTC)),  # noqa: DTZ001
    ip=st.sampled_from(["", "10.1.1.1", "192.0.2.1"]),
    history=st.sampled_from([None, History(), ONCE]),
    source=st.sampled_from(["slack", "api", ""]),
)


@given(st.lists(st.tuples(effects, keys), max_size=5), asks)
def test_what_is_said_to_pass_does(rules, make):
    """Under every condition a way's verdict is the policy's own, and its rule no longer stands in the way."""
    lines = []
    for number, (effect, chosen) in enumerate(rules):
        written = [f"{key}: {CONDITIONS[key][at % len(CONDITIONS[key])]}" for key, at in chosen.items()]
        if "deny" in effect:
            written = [each for each in written if not each.startswith(("obligations", "longest"))]
        if not {"longest", "longer_than"} <= set(chosen):
            lines.append(f"  r{number}: {{{', '.join([effect, *written])}}}\n")
    try:
        policy = policy_of("rules:\n" + "".join(lines) if lines else "rules: {}", SOME)
    except PolicyError:
        reject()  # keys that do not go together
    ask = make(policy)
    found = explain(policy, ask)

    assert policy.judge(ask) == found.verdict
    for way in found.ways:
        assert way.changes
        assert all(way.changes)
        if way.ask is not None:
            attributes = policy.attributes.get(ask.requester.id, {})
            if not any(change.startswith("be of") for change in way.changes):
                facts = Facts(way.ask, frozenset(way.groups), attributes, policy.actions["debug"])
                assert policy.judge_facts(facts) == way.then
            rule = next((rule for rule in found.rules if rule.rule == way.rule), None)
            if rule is not None and rule.effect is Outcome.DENY:
                assert way.rule not in way.then.rules
    assert explanation_lines(found)
