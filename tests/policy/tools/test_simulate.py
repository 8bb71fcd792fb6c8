"""Contract: recorded requests are judged anew by a changed policy, and what would change is told.

What the record does not hold is never guessed: where the verdict would hang on it, that is said. What people
had before is made up from the recorded events.
"""

from datetime import timedelta

import pytest
from hypothesis import given

from app.domain.events import Requested
from app.policy import Policy
from app.policy.ask import History
from app.policy.simulate import (
    Difference,
    asked_again,
    had_before,
    horizon,
    simulate,
    simulation_lines,
)
from app.policy.simulate.had_before import HadBefore
from tests.audit.stories import automatic, denied, lapsed, live_request, many_stories, whole_story
from tests.people import NOW
from tests.policy.sets import COMMON, RULES, an_ask, policy_of

POLICY = policy_of()
HOUR = timedelta(hours=1)


def requested(policy: Policy = POLICY, request_id: str = "R02-4KX9TQZ", at=NOW, **ask) -> Requested:
    """Give the event of a request that was judged by a policy."""
    asked = an_ask(policy, **ask).model_copy(update={"at": at, "history": History()})
    return Requested(
        request_id=request_id,
        at=at,
        by=asked.requester.id,
        requester=asked.requester,
        action=asked.action,
        environment=policy.actions[asked.action].environment,
        resource=asked.resource,
        seconds=asked.seconds,
        reason=asked.reason,
        risk=policy.actions[asked.action].risk,
        source=asked.source,
        verdict=policy.judge(asked),
    )


def lines(rules: str, *events: Requested, common: str = COMMON, against: Policy | None = None) -> list[str]:
    return list(simulation_lines(simulate(policy_of(rules, common), events, NOW, against)))


def test_nothing_changed():
    """By the policy that judged it, every request fares as it did."""
    events = [requested(), requested(action="try-out"), requested(resource="payments-db", seconds=7200)]
    found = simulate(POLICY, events, NOW)

    assert (3, (), ()) == (len(found.replayed), found.changed, found.unknown)


def test_what_would_change():
    """Counted by outcome before and after, and listed: what was said against what would be."""
    rules = RULES.replace("longer_than: 1h", "longer_than: 10m").replace("[dbas]}", "[dbas], quorum: 2}")
    events = [
        requested(request_id="R01-0000001", resource="payments-db"),
        requested(request_id="R01-0000002"),
        requested(request_id="R01-0000003", action="try-out"),
    ]
    told = lines(rules, *events)

    assert [
        "3 requests since 2026-03-02 09:30 UTC: 2 would change, 1 would not, of 0 it cannot be told.",
        "       1  ask people → deny",
        "       1  ask people → ask people (other approvers)",
        "R01-0000001 2026-03-02 09:30 ana: debug on payments-db for 30 min",
        "  - ask people by ask-a-dba: 1 of dbas (dba)",
        "  + deny by payments-short: Nobody works on payments-db for more than 1 h",
        "R01-0000002 2026-03-02 09:30 ana: debug on orders-db for 30 min",
        "  - ask people by ask-a-dba: 1 of dbas (dba)",
        "  + ask people by ask-a-dba: 2 of ben, chloe (dba)",
    ] == told[:-1]


def test_other_obligations_are_a_change():
    """What holds for what is let through counts too."""
    rules = RULES.replace(
        "actions: [debug, migrate]", "actions: [debug, migrate]\n    obligations: {single_use: true}"
    )
    (each,) = simulate(policy_of(rules), [requested()], NOW).changed

    assert Difference.OBLIGATIONS is each.difference


def test_whom_stages_tell_is_no_change():
    """Who is pinged is no matter of who may approve."""
    rules = RULES.replace("groups: [dbas]}", "groups: [dbas], notify: []}")

    assert () == simulate(policy_of(rules), [requested()], NOW).changed


def test_members_show_against_a_policy():
    """That people left a group shows in the comparison with a policy, and cannot in that with the record."""
    common = COMMON.replace("dbas: [ben, chloe]", "dbas: [ben]")
    told = lines(RULES, requested(), common=common, against=POLICY)

    assert () == simulate(policy_of(common=common), [requested()], NOW).changed
    assert [
        "  - ask people by ask-a-dba: 1 of ben, chloe (dba)",
        "  + ask people by ask-a-dba: 1 of ben (dba)",
    ] == (told[3:5])


def test_only_what_was_asked_since():
    """Earlier requests are not replayed, but tell what people had before."""
    rules = "rules:\n  x: {effect: auto_approve, groups: [engineers], at_most: {count: 1, per: day}}\n"
    policy = policy_of(rules)
    before = requested(policy, "R01-0000001", at=NOW - HOUR)
    found = simulate(policy, [before, requested(policy, "R01-0000002")], NOW)
    alone = simulate(policy, [requested(policy, "R01-0000002")], NOW)

    assert ["R01-0000002"] == [each.request_id for each in found.replayed]
    assert ["deny", "auto_approve"] == [each.replayed[0].would_be.verdict.outcome for each in (found, alone)]


@pytest.mark.parametrize(
    ("source", "resource", "unknown"),
    [
        ("api", "orders-db", ("networks of rule inside",)),
        ("slack", "orders-db", ()),
        ("api", "payments-db", ()),
    ],
)
def test_what_cannot_be_told(source, resource, unknown):
    """Where an address is not in the record, what hangs on it cannot be told, but of Slack, which never tells one."""
    rules = "rules:\n  inside: {effect: auto_approve, resources: [orders-db], networks: [10.0.0.0/8]}\n"
    found = simulate(policy_of(rules), [requested(source=source, resource=resource)], NOW)

    assert [unknown] == [each.unknown for each in found.replayed]
    assert bool(unknown) == bool(found.unknown)


def test_what_cannot_be_told_is_listed():
    """It is counted apart, and listed with what the verdict hangs on."""
    rules = "rules:\n  inside: {effect: auto_approve, when: [{id: a, cel: ip == '10.0.0.1', message: From there}]}\n"
    told = lines(rules, requested(source="ci"))

    assert "0 would change, 0 would not, of 1 it cannot be told." in told[0]
    assert (
        "  R02-4KX9TQZ 2026-03-02 09:30 ana: debug on orders-db for 30 min: when of rule inside" == told[-2]
    )


def test_people_and_actions_that_are_gone():
    """Whoever is not among the people any more would be denied, and so would what is not in the catalogue."""
    common = COMMON.replace("  debug:", "  look:")
    told = lines("rules: {}", requested(action="migrate"), requested(), common=common)

    assert "  + deny by (catalogue): debug is not among the actions" in told


# -- what people had before ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "counts", "live"),
    [
        (whole_story(), 1, 0),
        (whole_story()[:3], 1, 1),
        (denied(), 0, 0),
        (lapsed(), 0, 0),
        (automatic()[:1], 1, 1),
        (automatic(), 1, 0),
        (live_request()[1], 1, 1),
        (live_request()[1][:1], 1, 0),
    ],
)
def test_had_before(story, counts, live):
    """What was denied, cancelled or lapsed does not count; what is approved or given is live until it ended."""
    first: Requested = story[0]
    again = first.model_copy(update={"request_id": "R02-0000009", "at": story[-1].at + HOUR})
    other = again.model_copy(update={"action": "other"})

    history = had_before(again, story)
    assert ((first.at,) * counts, live) == (history.asked, history.live)
    assert History(live=live) == had_before(other, story)


@given(many_stories())
def test_never_less_than_nothing(events):
    """Whatever happened, and wherever one begins to look, there is an answer."""
    for begin in range(len(events)):
        before = HadBefore()
        for event in events[begin:]:
            before.take(event)
        for event in events:
            if isinstance(event, Requested):
                assert 0 <= before.of(event).live <= sum(isinstance(each, Requested) for each in events)


def test_horizon():
    """How far back events matter: as far as rules count, and as long as a grant can live."""
    rules = "rules:\n  x: {effect: auto_approve, at_most: {count: 3, per: 7d}}\n"

    assert timedelta(hours=4, days=1) == horizon(POLICY)
    assert timedelta(days=8) == horizon(policy_of(rules))


def test_asked_again():
    """What was asked is what was recorded."""
    event = requested(source="api")
    ask = asked_again(event, History(live=2))

    assert event.verdict == POLICY.judge(ask)
    assert ("api", NOW, "INC-7", 2) == (ask.source, ask.at, ask.reason, ask.history.live)
