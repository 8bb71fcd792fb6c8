"""Contract of judging anew: what was let through is taken back only for a reason, never for a lack of facts.

It is judged as it was asked and at its own time, so that neither the hour nor a count that nobody kept ends it.
"""

import pytest

from app.domain.verdict import Outcome
from app.policy.rejudging import no_longer
from tests.policy.sets import COMMON, RULES, an_ask, policy_of

ASK = an_ask(policy_of())


def changed(old, new, text=RULES):
    """The text with a change that must be one."""
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("rules", "common", "why"),
    [
        (RULES, COMMON, ""),
        (
            RULES,
            changed("engineers: [ana, ben]", "engineers: [ben]", COMMON),
            "no rule lets ana ask for debug",
        ),
        (
            RULES,
            changed("  ana: {name: Ana Ruiz, slack: U0ANA, email: ana@example.com}\n", "", COMMON).replace(
                "[ana, ben]", "[ben]"
            ),
            "ana is not among the people",
        ),
        (changed("payments-db]\n    longer_than: 1h", "orders-db]"), COMMON, "Nobody works on payments-db"),
        (changed("groups: [engineers]\n", "people: [chloe]\n"), COMMON, "no rule lets ana"),
        (changed("actions: [debug, migrate]", "actions: [migrate]"), COMMON, "no rule lets ana"),
        (
            RULES,
            changed("[orders-db, payments-db, shard-*]", "[payments-db]", COMMON),
            "orders-db is not among the resources",
        ),
        (
            changed("groups: [engineers]\n", "groups: [engineers]\n    longest: 10m\n"),
            COMMON,
            "no rule lets ana",
        ),
        (changed("effect: deny", "effect: deny\n    mode: shadow"), COMMON, ""),
        (changed("{name: dba, groups: [dbas]}", "{name: dba, groups: [security]}"), COMMON, ""),
    ],
)
def test_who_and_what(rules, common, why):
    """Who is named no more or left the group, and what is given no more, has a reason; the rest stands."""
    found = no_longer(policy_of(rules, common), ASK)
    assert found.startswith(why) if why else found == ""


def test_what_is_not_known_any_more_takes_nothing_away():
    """How often somebody had asked is kept nowhere: a rule that counts does not end what it once gave."""
    policy = policy_of(changed("    longest: 30m\n", "    at_most: {count: 1, per: day}\n"))
    ask = an_ask(policy, action="try-out", resource="box", seconds=300)
    assert (Outcome.DENY, "") == (policy.judge(ask).outcome, no_longer(policy, ask))


def test_where_somebody_was_is_no_matter_of_now():
    """A network that is not known now, as in Slack, does not end what it was asked from."""
    policy = policy_of(changed("    longest: 30m\n", "    networks: [10.0.0.0/8]\n"))
    ask = an_ask(policy, action="try-out", resource="box", seconds=300)
    assert (Outcome.DENY, "") == (policy.judge(ask).outcome, no_longer(policy, ask))
    assert "no rule lets ana" in no_longer(policy, ask.model_copy(update={"ip": "192.0.2.7"}))


def test_what_policy_says_of_somebody_is_known():
    """An attribute that was taken from somebody is a reason, although a verdict calls it not known."""
    rules = changed("    longest: 30m\n", "    requester: {team: payments}\n")
    policy = policy_of(rules, changed("slack: U0BEN}", "slack: U0BEN, attributes: {team: payments}}", COMMON))
    ask = an_ask(policy, action="try-out", resource="box", seconds=300)
    assert "no rule lets ana" in no_longer(policy, ask)
