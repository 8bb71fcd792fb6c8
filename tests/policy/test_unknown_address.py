"""Contract: policy tells whether an address that is not known could change what it says, and never wrongly says no.

Where it says that none is needed, whatever address were known, by whatever way, the verdict would be the same.
Where a rule matches but for its conditions on the address, by key or in CEL, and that decides something, one is.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy import Ask, Policy
from tests.policy.sets import an_ask, policy_of
from tests.policy.test_failing_closed import (
    COMMON_HERE,
    EFFECTS,
    KNOWN,
    UNKNOWN,
    policy_with,
    rules_of,
    some_facts,
    some_lines,
)

OFFICE = "networks: [10.0.0.0/8]"
OUT = "outside_networks: [10.0.0.0/8]"
CEL = "when: [{id: x, cel: '%s', message: Come from the office.}]"
AUTO, REQUIRE, DENY = EFFECTS.values()


def asked(*rules: str, **changed: object) -> tuple[Policy, Ask]:
    lines = "".join(f"  r{number}: {{{rule}}}\n" for number, rule in enumerate(rules))
    policy = policy_of(f"rules:\n{lines}", COMMON_HERE)
    return policy, an_ask(policy).model_copy(update=changed)


@pytest.mark.parametrize(
    "rules",
    [
        (f"{AUTO}, {OFFICE}",),
        (f"{AUTO}, ip_from: [browser_check]",),
        (AUTO, f"{DENY}, {OUT}"),
        (AUTO, f"{DENY}, ip_from: [cli]"),
        (AUTO, f"{REQUIRE}, {OUT}"),
        (AUTO, f"{DENY}, {OUT}", f"{DENY}, networks: [192.0.2.0/24]"),
        (f"{AUTO}, {CEL % 'ip.startsWith(`10.`)'}".replace("`", '"'),),
        (f"{AUTO}, {CEL % 'ip_from == `browser_check` && ip != ``'}".replace("`", '"'),),
        (f"{AUTO}, {OFFICE}, groups: [engineers]", f"{DENY}, longer_than: 2h"),
    ],
)
def test_needed(rules):
    """A rule that matches but for its condition on the address, and decides something, takes one."""
    policy, ask = asked(*rules)

    assert policy.needs_address(ask)


@pytest.mark.parametrize(
    ("rules", "changed"),
    [
        ((AUTO,), {}),

        ((f"{AUTO}, {OFFICE}",), {"ip": "192.0.2.1"}),
        ((f"{AUTO}, {OFFICE}, groups: [dbas]",), {}),
        ((f"{AUTO}, {OFFICE}, longest: 10m",), {}),
        ((f"{AUTO}, {OFFICE}",), {"action": "no-such-action"}),
        ((f"{AUTO}, {OFFICE}, mode: shadow",), {}),
        ((f"{AUTO}, {OFFICE}", DENY), {}),
        ((REQUIRE, f"{AUTO}, {OFFICE}"), {}),
        ((AUTO, f"{DENY}, {OUT}, sources: [api]"), {}),
        ((f"{AUTO}, {CEL % 'ip == `10.0.0.1` || request.seconds > 1'}".replace("`", '"'),), {}),
        ((f"{AUTO}, {CEL % 'request.reason == ` ip `'}".replace("`", '"'),), {}),
        ((f"{AUTO}, {OFFICE}, at_most: {{count: 1, per: day}}",), {"history": None}),
    ],
)  # fmt: skip
def test_not_needed(rules, changed):
    """Nobody is sent to a page for nothing: the rule cannot match, or others decide already."""
    policy, ask = asked(*rules, **changed)

    assert not policy.needs_address(ask)


@given(some_lines, st.sampled_from(["ana", "ben", "sam"]), some_facts)
def test_what_is_not_needed_changes_nothing(lines, who, facts):
    """Where no address is needed, no address changes outcome, stages or obligations."""
    policy = policy_with(rules_of(lines))
    ask = an_ask(policy, who).model_copy(update=UNKNOWN | facts | {"ip": "", "source": "slack"})
    if policy.needs_address(ask):
        return
    said = policy.judge(ask)
    for ip in KNOWN["ip"]:
        told = policy.judge(ask.model_copy(update={"ip": ip}))
        assert (said.outcome, said.stages, said.obligations) == (told.outcome, told.stages, told.obligations)
