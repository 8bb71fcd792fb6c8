"""Contract of judging anew: what was let through is taken back only for a reason, never for a lack of facts.

It is judged as it was asked and at its own time, so that neither the hour nor a count that nobody kept ends it.
"""

from datetime import timedelta

import pytest

from app.domain.verdict import Outcome
from app.policy.outside import NOTHING_KNOWN, Directory, Roll
from app.policy.rejudging import no_longer, not_permitted
from tests.policy.sets import COMMON, NOW, RULES, an_ask, policy_of

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


# -- members from elsewhere --------------------------------------------------------------------------------

OUTSIDE = changed("  nobody: []\n", "  nobody: []\n  remote: {slack: S0REMOTE}\n", COMMON)
BY_REMOTE = changed("groups: [engineers]\n    stages", "groups: [remote]\n    stages")
NOT_REMOTE = RULES + "  not-they: {effect: deny, actions: [debug], groups: [remote], message: Not they.}\n"
HOUR = timedelta(hours=1)


def told(rules, *people, age=timedelta()):
    """The policy with what the group was told to have, so long ago."""
    roll = Roll(frozenset(people), NOW - age)
    return policy_of(rules, OUTSIDE).with_directory(Directory({"groups.remote": roll}), NOW)


def untold(rules):
    return policy_of(rules, OUTSIDE).with_directory(NOTHING_KNOWN, NOW)


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        (told(BY_REMOTE, "ana"), ""),
        (told(BY_REMOTE, "ben"), "no rule lets ana ask for debug"),
        (told(BY_REMOTE, "ana", age=2 * HOUR), ""),
        (told(BY_REMOTE, "ben", age=2 * HOUR), "no rule lets ana ask for debug"),
        (untold(BY_REMOTE), ""),
        (told(NOT_REMOTE, "ana"), "Not they"),
        (told(NOT_REMOTE, "ben"), ""),
        (told(NOT_REMOTE, "ana", age=2 * HOUR), ""),
        (untold(NOT_REMOTE), ""),
    ],
)
def test_what_sources_do_not_tell_takes_nothing_away(policy, why):
    """Who left a group, or came into one that is denied, has a reason; a source that is away or too old is none."""
    found = no_longer(policy, ASK)
    assert found.startswith(why) if why else found == ""


# -- asked before something is given -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        (policy_of(), ""),
        (
            policy_of(changed("groups: [engineers]\n    stages", "groups: [dbas]\n    stages")),
            "no rule lets ana",
        ),
        (told(BY_REMOTE, "ana"), ""),
        (told(BY_REMOTE, "ben"), "no rule lets ana ask for debug"),
        (told(BY_REMOTE, "ana", age=2 * HOUR), "who is in remote is not known now"),
        (untold(BY_REMOTE), "who is in remote is not known now"),
    ],
)
def test_what_is_about_to_be_given(policy, why):
    """Nothing is approved that no rule lets ask any more, nor what only a group that is not known would let."""
    found = not_permitted(policy, ASK)
    assert why in found if why else found == ""


def test_the_hour_and_the_count_are_those_of_the_wish():
    """A window that has closed, and a count that was used up since, keep nobody from approving what was asked."""
    window = '    times: [{weekdays: [mon], from: "09:00", to: "10:00", zone: UTC}]\n'
    policy = policy_of(changed("    longest: 30m\n", "    at_most: {count: 1, per: day}\n" + window))
    ask = an_ask(policy, action="try-out", resource="box", seconds=300)
    late = ask.model_copy(update={"at": NOW + HOUR})
    assert ("", "no rule lets ana") == (not_permitted(policy, ask), not_permitted(policy, late)[:16])


def test_an_address_that_is_not_known_permits_no_more_than_it_did():
    """A rule that permits from a network lets nothing be approved that came from nobody knows where."""
    policy = policy_of(changed("    longest: 30m\n", "    networks: [10.0.0.0/8]\n"))
    ask = an_ask(policy, action="try-out", resource="box", seconds=300)
    assert "no rule lets ana" in not_permitted(policy, ask)
    assert "" == not_permitted(policy, ask.model_copy(update={"ip": "10.1.2.3"}))
