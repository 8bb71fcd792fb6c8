"""Contract of offers: exactly the actions that policy would approve at once for this person, ready to ask.

An offer that is asked as it stands is approved at once; whoever policy asks people for, or denies, is offered
nothing.
"""

import pytest

from app.domain.verdict import Outcome
from app.policy import Ask, PolicySource, shipped_policies
from app.policy.ask import History
from app.policy.offers import Offers
from tests.policy.sets import NOW, RULES, policy_of

SHIPPED = PolicySource(shipped_policies()).current


def offered(policy, person, history=None, at_most=20):
    return Offers(policy).to(policy.people[person], history or History(), NOW, at_most)


@pytest.mark.parametrize("person", SHIPPED.people)
def test_what_is_offered_is_approved_at_once(person):
    """For each of the shipped people: every offer holds, and every action that would is offered."""
    offers = offered(SHIPPED, person)
    for offer in offers:
        assert Outcome.AUTO_APPROVE is SHIPPED.judge(asked(offer, person)).outcome
    at_once = {
        action.name
        for action in SHIPPED.actions.values()
        for resource in (*action.resources, "sandbox-1")
        for seconds in (300, 900, 1800, int(action.default.total_seconds()))
        if action.shortest.total_seconds() <= seconds
        and SHIPPED.judge(an_ask(person, action.name, resource, seconds)).outcome is Outcome.AUTO_APPROVE
    }
    assert at_once == {offer.action.name for offer in offers}


def an_ask(person, action, resource, seconds):
    return Ask(
        requester=SHIPPED.people[person],
        action=action,
        resource=resource,
        seconds=seconds,
        reason="",
        source="slack",
        at=NOW,
    )


def asked(offer, person):
    resource = offer.resource or offer.action.resources[0].replace("*", "1")
    return an_ask(person, offer.action.name, resource, int(offer.duration.total_seconds()))


def test_a_template_with_a_limit_is_offered_within_it():
    """Where the default is longer than the template gives, a shorter time is offered."""
    rules = RULES.replace("longest: 30m", "longest: 3m").replace("payments-short", "short")
    assert [] == offered(policy_of(rules), "ana")
    rules = RULES.replace("longest: 30m", "longest: 5m")
    assert [300] == [o.duration.total_seconds() for o in offered(policy_of(rules), "ana")]


def test_a_template_past_its_count_is_not_offered():
    """Once a day is once a day."""
    policy = policy_of(RULES.replace("longest: 30m", "at_most: {count: 1, per: day}"))
    assert ["try-out"] == [offer.action.name for offer in offered(policy, "ana")]
    assert [] == offered(policy, "ana", History(asked=(NOW,)))


def test_no_more_than_asked_for():
    """A large catalogue is not offered as a whole."""
    assert 1 == len(offered(SHIPPED, "ana", at_most=1)) < len(offered(SHIPPED, "ana"))


def test_one_action():
    """One that is no offer, or is none at all, is none."""
    offers, ana = Offers(SHIPPED), SHIPPED.people["ana"]
    assert offers.for_action("restart-container", ana, History(), NOW) is not None
    assert offers.for_action("prod-db-debug", ana, History(), NOW) is None
    assert offers.for_action("<script>", ana, History(), NOW) is None
