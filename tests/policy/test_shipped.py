"""Contract: the policies that ship are whole, fit the demo, and say what their comments promise.

The verdicts of the main stories are written out here, to be read beside the files.
"""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.proof import Factor
from app.domain.verdict import Outcome
from app.playground.demo import CHANNELS, PEOPLE
from app.policy import Ask, Permission, PolicySource, shipped_policies
from app.policy.lint import lint
from app.policy.loading import read_policies

POLICY = PolicySource(shipped_policies()).current
OWNER = "1 of ben, chloe"
LEAD = "1 of ben, sam"
PEER = "1 of ana, ben, dev"
AUTO, DENY = "approved at once", "denied: "
NO_RULE = DENY + "no rule allows it"
TOO_LONG = DENY + (
    "Nobody works on payments-db in production for more than 1 h at a time. Ask for 1 h or less"
)


def verdict(requester: str, action: str, resource: str, minutes: float) -> str:
    """Give a verdict in a line: what stands in the table."""
    found = POLICY.judge(
        Ask(
            requester=POLICY.people[requester],
            action=action,
            resource=resource,
            seconds=int(minutes * 60),
            reason="INC-7: checkout is slow",
            source="slack",
            at=datetime(2026, 3, 2, tzinfo=UTC),
        )
    )
    match found.outcome:
        case Outcome.DENY:
            return DENY + found.message
        case Outcome.AUTO_APPROVE:
            return AUTO
        case Outcome.REQUIRE:
            return ", then ".join(
                f"{stage.quorum} of {', '.join(sorted(POLICY.entitled(stage)))}" for stage in found.stages
            )


@pytest.mark.parametrize(
    ("requester", "action", "resource", "minutes", "said"),
    [
        ("ana", "prod-db-debug", "orders-db", 30, OWNER),
        ("dev", "prod-db-debug", "users-db", 240, OWNER),
        ("ana", "prod-db-debug", "payments-db", 60, OWNER),
        ("ana", "prod-db-debug", "payments-db", 61, TOO_LONG),
        ("ben", "prod-db-debug", "orders-db", 30, OWNER),
        ("sam", "prod-db-debug", "orders-db", 30, NO_RULE),
        ("chloe", "prod-db-debug", "orders-db", 30, NO_RULE),
        ("ana", "prod-config-change", "feature-flags", 30, LEAD),
        ("ana", "prod-db-migration", "orders-db", 60, f"{OWNER}, then {LEAD}"),
        ("chloe", "prod-db-migration", "orders-db", 60, f"{OWNER}, then {LEAD}"),
        ("chloe", "prod-db-migration", "payments-db", 120, TOO_LONG),
        ("ana", "prod-debug-session", "checkout", 15, "2 of ben, chloe, sam"),
        ("ana", "prod-secrets-read", "payments-keys", 15, LEAD),
        ("ben", "enrol-factor", "ben", 30, "1 of sam"),
        ("sam", "enrol-factor", "sam", 30, LEAD),
        ("ana", "prod-restart-container", "checkout", 10, PEER),
        ("ana", "restart-container", "checkout", 10, AUTO),
        ("ana", "restart-container", "checkout", 30, AUTO),
        ("ana", "restart-container", "checkout", 31, PEER),
        ("sam", "restart-container", "checkout", 10, NO_RULE),
        ("ana", "staging-db-debug", "payments-db", 240, "1 of ana, ben, chloe, dev"),
        ("ana", "sandbox-admin", "sandbox-7", 60, AUTO),
        ("chloe", "sandbox-db-reset", "orders-db", 15, AUTO),
        ("sam", "sandbox-admin", "sandbox-7", 60, NO_RULE),
    ],
)
def test_main_stories(requester, action, resource, minutes, said):
    """What each of the main stories gets."""
    assert said == verdict(requester, action, resource, minutes)


def test_what_is_read_once_takes_a_factor():
    """Production secrets take a key or a code; a factor counts a day after it was enrolled, not by oneself."""
    ask = Ask(
        requester=POLICY.people["ana"], action="prod-secrets-read", resource="payments-keys", seconds=900,
        reason="INC-7", source="slack", at=datetime(2026, 3, 2, tzinfo=UTC),
    )  # fmt: skip

    assert (Factor.WEBAUTHN, Factor.TOTP) == POLICY.judge(ask).obligations.mfa_approver
    assert ("enrol-factor", timedelta(days=1)) == (POLICY.factors.enrol, POLICY.factors.cooling_off)


def test_nothing_to_warn_of():
    """The policies that ship are an example: not one warning."""
    assert [] == lint(read_policies(shipped_policies()))


def test_people_and_channels_are_the_demos():
    """Every person of the demo is known by the same name and id, and every channel that is named is there."""
    people = [(person.slack, person.id, person.name) for person in POLICY.people.values()]
    named = {environment.channel for environment in POLICY.environments.values()}

    assert sorted(user[:3] for user in PEOPLE) == sorted(people)
    assert named | {POLICY.digest_channel, POLICY.admin_channel} <= {f"#{name}" for _, name, *_ in CHANNELS}


def test_every_action_can_be_given_to_someone():
    """Each action at its default is more than a denial for at least one person."""
    dead = [
        action.name
        for action in POLICY.actions.values()
        if all(
            verdict(person, action.name, action.resources[0].replace("*", "1"), action.default.seconds / 60)
            == NO_RULE
            for person in POLICY.people
        )
    ]

    assert [] == dead


@pytest.mark.parametrize("permission", list(Permission))
def test_permissions_are_securitys(permission):
    """Whoever is in security, and nobody else, may revoke, audit and post the digest."""
    assert ["sam"] == [person for person in POLICY.people if POLICY.may(person, permission)]


def test_a_rule_in_shadow_shows_what_it_would_do():
    """The rule that is tried out changes nothing, and a verdict says what it would have been."""
    ask = Ask(
        requester=POLICY.people["ana"],
        action="prod-debug-session",
        resource="checkout",
        seconds=3600,
        reason="INC-7",
        source="slack",
        at=datetime(2026, 3, 2, tzinfo=UTC),
    )
    long, short = POLICY.judge(ask), POLICY.judge(ask.model_copy(update={"seconds": 1800}))

    assert (Outcome.REQUIRE, Outcome.DENY) == (long.outcome, long.shadow)
    assert (Outcome.REQUIRE, None) == (short.outcome, short.shadow)


def test_the_demo_does_not_hang_on_the_clock():
    """What the demo and its tests ask for is judged alike at every hour of a year, weekends and holidays too."""
    played = [
        ("prod-db-debug", 1800),
        ("sandbox-admin", 60),
        ("restart-container", 600),
        ("prod-restart-container", 600),
    ]
    for action, seconds in played:
        resource = POLICY.actions[action].resources[0].replace("*", "1")
        ask = Ask(
            requester=POLICY.people["ana"], action=action, resource=resource, seconds=seconds, reason="INC-7",
            source="slack", at=datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        verdicts = {
            POLICY.judge(ask.model_copy(update={"at": ask.at + timedelta(hours=hour)})).model_dump_json()
            for hour in range(0, 366 * 24, 5)
        }

        assert 1 == len(verdicts)
