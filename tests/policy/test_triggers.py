"""Contract of triggers as policy has them: what an event matches and maps to, and how whatever is odd fails closed.

Whether an event is genuine is tested with the API; here it is taken as it is.
"""

import contextlib
import json
from datetime import UTC, datetime
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.refusals import BadInput
from app.policy.building import build
from app.policy.lint import lint
from app.policy.trigger_event import NotAnEvent, event_of, read_object
from app.policy.triggers import Trigger
from tests.policy.sets import COMMON, NOW, RULES, draft_of

PEOPLE = COMMON.replace("slack: U0BEN", "slack: U0BEN, attributes: {github: [ben, twin]}").replace(
    "slack: U0CHLOE", "slack: U0CHLOE, attributes: {github: [chloe, twin]}"
)
MACHINES = """\
machines: {ci: {scopes: [request]}}
rotas:
  turns: {people: [ana, ben], from: 2026-01-05, zone: UTC}
"""
WHO = "{person: {attribute: github, cel: event.who}}"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=30,
)


def triggers(cel: str = "event.a == 1", asker: str = WHO, resource: str = "orders-db", **more: str) -> str:
    lines = "".join(f"    {key}: {value}\n" for key, value in more.items())
    return (
        dedent(f"""\
        triggers:
          x:
            source: github
            secret: JIT_TRIGGER_X
            when: [{{id: it, cel: {json.dumps(cel)}, message: It is one.}}]
            request: {{action: debug, resource: {resource}, reason: INC-7, as: {asker}}}
        """)
        + lines
    )


def set_of(text: str, rules: str = RULES):
    return draft_of({"common.yaml": PEOPLE, "rules.yaml": rules, "m.yaml": MACHINES, "t.yaml": text})


def built(text: str):
    policy = build(set_of(text)).with_directory(build(set_of(text))._directory, NOW)
    return policy, policy.triggers[0]


def event(**content):
    return event_of("github", json.dumps(content).encode())


def matches(trigger: Trigger, **content) -> bool:
    return all(found.holds for found in trigger.look(event(**content), NOW))


@pytest.mark.parametrize(
    "cel",
    [
        "event.a == 1",
        "event.a != 2",
        "!(event.a == 2)",
        'event.b.c == "x"',
        'event.l.exists(each, each.k == "v")',
        "event.a",
        "now < timestamp(event.t)",
        "event['detail-type'] == 'x'",
    ],
)
def test_fields_that_are_not_there(cel):
    """A condition on a field that an event does not have, or has in another type, does not hold."""
    _, trigger = built(triggers(cel))
    odd = [
        {},
        {"b": 1, "l": {}, "t": "never"},
        {"b": {}, "l": [{}], "detail-type": {"x": 1}},
        {"l": None, "t": 7},
    ]

    assert [False] * len(odd) == [matches(trigger, **each) for each in odd]


def test_only_true_counts():
    """Anything but the boolean true does not hold: a number, a text, an error."""
    _, trigger = built(triggers("event.a"))

    assert matches(trigger, a=True)
    assert not any(matches(trigger, a=value) for value in (1, "true", "x", [True], {"b": True}, None, False))


def test_why_it_does_not_match():
    """What does not hold is told by its message, with why it cannot be told where that is so."""
    _, trigger = built(triggers())
    other, missing = (trigger.look(event(**each), NOW)[0].why for each in ({"a": 2}, {}))

    assert "It is one" == other
    assert missing.startswith("It is one (cannot be told: ")


@pytest.mark.parametrize("who", ["nobody", "twin", "", " ", "BEN", 7, None, True, ["ben"], {"a": "ben"}])
def test_who_is_not_one_person(who):
    """None, several, another case, another type: nobody asks."""
    policy, trigger = built(triggers())
    with pytest.raises(BadInput):
        trigger.wanted(event(a=1, who=who), NOW, policy)


def test_who_asks():
    """The person of the attribute, the machine, and who is on call at that moment."""
    asked = []
    for asker in (WHO, "{machine: ci}", "{on_call: turns}"):
        policy, trigger = built(triggers(asker=asker))
        asked.append(trigger.wanted(event(a=1, who="chloe"), NOW, policy).by)

    assert ["chloe", "ci", "ana"] == [each.id for each in asked]
    assert ["U0CHLOE", "", "U0ANA"] == [each.slack for each in asked]


def test_errors_are_no_text():
    """A text that cannot be evaluated is none: the words of an error never become a resource."""
    policy, trigger = built(triggers(resource="{cel: event.where}", asker="{machine: ci}"))
    for content in ({}, {"where": 7}, {"where": None}, {"where": ""}, {"where": {"x": 1}}):
        with pytest.raises(BadInput, match="gives no text for resource"):
            trigger.wanted(event(a=1, **content), NOW, policy)


def test_what_makes_two_events_one():
    """The same body is one event; another is another; with once_per its text says so, and without it nothing opens."""
    policy, trigger = built(triggers(asker="{machine: ci}"))
    one, same, other = (trigger.wanted(event(a=1, n=n), NOW, policy).key for n in (1, 1, 2))
    once, chosen = built(triggers(asker="{machine: ci}", once_per="event.id"))

    assert one == same != other
    assert "7" == chosen.wanted(event(a=1, n=3, id="7"), NOW, once).key
    with pytest.raises(BadInput, match="once_per"):
        chosen.wanted(event(a=1), NOW, once)


@given(JSON, st.sampled_from(["github", "gitlab", "alertmanager", "pagerduty", "eventbridge", "sns", "hmac"]))
def test_whatever_is_sent(content, source):
    """Any JSON is an event that can be looked at, or is refused as none; nothing else is ever raised."""
    _, trigger = ANY
    try:
        found = event_of(source, json.dumps(content).encode())
    except NotAnEvent:
        return
    trigger.look(found, NOW)
    found.is_late(NOW)


@given(st.binary(max_size=200))
def test_whatever_is_no_json(body):
    """Any bytes give an object, or NotAnEvent."""
    with contextlib.suppress(NotAnEvent):
        assert isinstance(read_object(body), dict)


def test_lint():
    """A rule that approves at once without a word of sources, and a secret of two sources, are told."""
    at_once = RULES + "  debug-at-once: {effect: auto_approve, actions: [debug], groups: [dbas]}\n"
    shared = triggers() + triggers().replace("triggers:\n", "").replace("  x:", "  y:").replace(
        "github\n", "gitlab\n", 1
    )
    told = [str(each) for each in lint(set_of(shared, at_once))]

    assert any(
        "triggers.x.request.action: may be approved with nobody asked, by debug-at-once" in each
        for each in told
    )
    assert any("triggers.y.secret: is that of x too, which is from github" in each for each in told)
    assert not any("triggers." in str(each) for each in lint(set_of(triggers())))


def test_times():
    """A time is one with a zone, within what clocks show."""
    for time, right in (
        ("2026-03-02T09:30:00Z", True),
        ("2026-03-02T09:30:00", False),
        ("0001-01-01T00:00:00+14:00", False),
    ):
        body = json.dumps(
            {"id": "1", "source": "a", "detail-type": "b", "account": "1", "time": time}
        ).encode()
        if right:
            assert datetime(2026, 3, 2, 9, 30, tzinfo=UTC) == event_of("eventbridge", body).at
        else:
            with pytest.raises(NotAnEvent, match="has no time"):
                event_of("eventbridge", body)


ANY = built(triggers("event.a == 1 || event.b.exists(each, each.c > 2)"))
