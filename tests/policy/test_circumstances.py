"""Contract: each condition says what was expected, what was there, and what would have made it pass."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.verdict import Outcome
from app.policy.ask import History
from app.policy.place_conditions import address_of
from tests.policy.sets import NOW, an_ask, policy_of
from tests.policy.test_failing_closed import COMMON_HERE, asked


def because(keys: str, **changed: object) -> str:
    policy = policy_of(f"rules:\n  x: {{effect: auto_approve, {keys}}}\n", COMMON_HERE)
    (reason,) = policy.judge(asked(policy, changed)).reasons
    return f"{reason.matched}: {reason.because}"


@pytest.mark.parametrize(
    ("keys", "changed", "said"),
    [
        ("times: [{weekdays: [sat-sun], from: '10:00', zone: Europe/Berlin}]", {},
         ("False: is for times within sat-sun 10:00 to 24:00 Europe/Berlin; it is Mon 02 Mar 10:30 there; "
         "ask from Sat 07 Mar 10:00 Europe/Berlin on")),
        ("times: [{weekdays: [mon], except_dates: [2026-03-02], zone: UTC}]", {},
         ("False: is for times within mon UTC but for its holidays; it is Mon 02 Mar 09:30 there; "
         "ask from Mon 09 Mar 00:00 UTC on")),
        ("outside_times: [{weekdays: [mon-wed], zone: UTC}]", {},
         "False: is for times outside of mon-wed UTC; it is Mon 02 Mar 09:30 there"),
        ("freezes: [audit]", {},
         "True: frozen by audit (2026-03-02 00:00 to 2026-03-03 00:00 UTC): The auditors"),
        ("networks: [10.0.0.0/8, '2001:db8::/32']", {"ip": "192.0.2.9"},
         "False: is for addresses in 10.0.0.0/8, 2001:db8::/32; you come from 192.0.2.9"),
        ("networks: ['2001:db8::/32']", {"ip": "2001:db8::7"}, "True: from 2001:db8::7"),
        ("networks: ['::ffff:10.0.0.0/104']", {"ip": "10.9.9.9"}, "True: from 10.9.9.9"),
        ("networks: [10.0.0.0/8]", {"ip": "::ffff:10.9.9.9"}, "True: from 10.9.9.9"),
        ("networks: ['::/0']", {"ip": "10.9.9.9"}, "False: is for addresses in ::/0; you come from 10.9.9.9"),
        ("networks: [0.0.0.0/0]", {},
         "False: is for addresses in 0.0.0.0/0; which one you come from is not known"),
        ("ip_from: [cli, browser_check]", {"ip": "192.0.2.9"}, "True: address known by browser_check"),
        ("ip_from: [cli, browser_check]", {"ip": "192.0.2.9", "source": "api"},
         "False: is for addresses known by browser_check or cli; yours is known by api"),
        ("ip_from: [browser_check]", {},
         "False: is for addresses known by browser_check; which one you come from is not known"),
        ("ip_from: [api]", {"ip": "192.0.2.9", "source": ""},
         "False: is for addresses known by api; which one you come from is not known"),
        ("risks: [low, medium]", {}, "False: is for risk low or medium; debug is of high risk"),
        ("requester: {level: lead, team: search}", {},
         "False: needs team search; yours is payments"),
        ("requester: {level: [lead, chief]}", {}, "True: level lead or chief"),
        ("requester: {level: lead}", {"requester": "sam"}, "False: needs level lead; yours is not known"),
        ("ticket: 'PAY-[0-9]{1,6}'", {},
         "False: needs a ticket like PAY-[0-9]{1,6} in the reason; yours names none"),
        ("at_most: {count: 2, per: hour}", {"history": History(asked=(NOW - timedelta(minutes=50),) * 2)},
         "False: is for up to 2 in 1 h; this would be number 3; ask again from 02 Mar 09:40 UTC on"),
        ("at_most: {count: 2, per: 7d}", {"history": History(asked=(NOW - timedelta(days=7),) * 2)},
         "True: number 1 in 7 days"),
        ("concurrent: 1", {"history": History(live=1)},
         "False: is for up to 1 held at a time; this would be number 2; give one back first"),
        ("when: [{id: short, cel: 'request.seconds < 60', message: Ask for less than a minute.}]", {},
         "False: short: Ask for less than a minute (it needs request.seconds < 60)"),
        ("when: [{id: short, cel: 'request.seconds == 1800', message: x}]", {}, "True: short"),
    ],
)  # fmt: skip
def test_told(keys, changed, said):
    """What a condition says when it does not hold, and when it does."""
    assert said == because(keys, **changed)


def test_what_only_counts_as_met_is_told():
    """A rule that matches because something is not known says so beside its message."""
    policy = policy_of(
        "rules:\n  x: {effect: deny, outside_networks: [10.0.0.0/8], message: From the office only.}\n"
    )

    assert (
        "From the office only (this counts as met: is for addresses outside of 10.0.0.0/8; which one you come "
        "from is not known)" == policy.judge(an_ask(policy)).message
    )


def test_how_far_back_is_remembered():
    """`remembers` is the longest time over which any rule about an action counts, and None where none does."""
    policy = policy_of(
        "rules:\n"
        "  a: {effect: auto_approve, actions: [debug], at_most: {count: 1, per: 7d}, groups: [dbas]}\n"
        "  b: {effect: deny, actions: [debug], more_than: {count: 1, per: day}, message: No}\n"
        "  c: {effect: deny, actions: [migrate], more_concurrent_than: 3, message: No}\n"
    )

    assert [timedelta(days=7), timedelta(0), None, None] == [
        policy.remembers(action) for action in ("debug", "migrate", "try-out", "gone")
    ]


def test_approvers_by_attribute():
    """Of those whom a stage names, only who has the attributes may decide, by the policy as it is now."""
    rules = (
        "rules:\n  x: {effect: require, stages: [{name: a, groups: [engineers, dbas], approver: "
        "{team: [search, core]}}]}\n"
    )
    policy = policy_of(rules, COMMON_HERE)
    (stage,) = policy.judge(an_ask(policy)).stages

    assert {"ben"} == policy.entitled(stage)
    changed = policy_of(rules, COMMON_HERE.replace("{team: search}", "{team: sales}").replace(
        "slack: U0CHLOE", "slack: U0CHLOE, attributes: {team: core}"))  # fmt: skip
    assert {"chloe"} == changed.entitled(stage)
    assert {"chloe"} == {person.id for person in changed.notified(stage)}


def test_stages_that_differ_in_approvers_are_apart():
    """Two rules that ask the same group for other attributes ask twice."""
    policy = policy_of(
        "rules:\n"
        "  a: {effect: require, stages: [{name: s, groups: [engineers], approver: {team: search}}]}\n"
        "  b: {effect: require, stages: [{name: s, groups: [engineers]}]}\n",
        COMMON_HERE,
    )

    assert ["s (a)", "s (b)"] == [stage.name for stage in policy.judge(an_ask(policy)).stages]


@given(st.ip_addresses(v=4), st.ip_addresses())
def test_addresses(v4, either):
    """Every address is read as what it is; IPv4 mapped into IPv6 is IPv4; a zone says nothing."""
    assert v4 == address_of(f"::ffff:{v4}")
    assert address_of(str(either)) in {either, getattr(either, "ipv4_mapped", None)}
    assert address_of(f"{either}%eth0") == address_of(str(either))


@given(st.text())
def test_what_is_no_address(text):
    """Whatever else is told as an address is not known, and nothing is raised."""
    policy = policy_of("rules:\n  x: {effect: auto_approve, networks: [0.0.0.0/0, '::/0']}\n")
    ask = an_ask(policy).model_copy(update={"ip": text})

    assert (address_of(text) is not None) == (policy.judge(ask).outcome is Outcome.AUTO_APPROVE)
