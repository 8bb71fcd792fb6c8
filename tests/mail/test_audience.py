"""Contract of whom an event concerns by email: who chose it and is asked or told, and nobody for their own request.

Pure: policy, request and delegations decide. A letter's id is the same whoever makes it, and when.
"""

from datetime import timedelta

import pytest

from app.domain import events
from app.domain import transitions as t
from app.domain.delegation import Delegation
from app.domain.people import SYSTEM
from app.domain.reminding import escalate
from app.domain.request import Lease
from app.domain.verdict import Obligations, Outcome, Rung, Stage
from app.mail.audience import Concerned
from app.mail.letter import Topic
from app.policy import PolicySource
from app.policy.building import build
from app.shipped import shipped
from tests.people import BEN, CHLOE, NOW, SAM, a_request
from tests.policy.sets import COMMON, RULES, draft_of

ID = "R02-4KX9TQZ"
ENTRY = "1700000000000-0"
MINUTE = timedelta(minutes=1)
LEASE = Lease(connector="grant-key", reference=ID, summary="")
READERS = (
    COMMON.replace("email: ana@example.com", "email: ana@example.com, notify: [email]")
    .replace("slack: U0BEN", "slack: U0BEN, email: ben@example.com, notify: [slack, email]")
    .replace("slack: U0SAM", "slack: U0SAM, email: sam@example.com, notify: [email]")
    .replace("lapse: 2h}", "lapse: 2h, email: [list@example.com, list@example.com]}")
)
POLICY = build(draft_of({"policy.yaml": READERS + RULES}))
FIRST = Stage(name="first", people=("ben", "chloe"))
SECOND = Stage(name="second", people=("sam", "ana"))


def request(stages=(FIRST, SECOND), **more):
    return a_request(request_id=ID, stages=stages, **more)


def letters(of, event, *delegations):
    """Whom an event tells, by topic: ids of people, and addresses."""
    made = dict(Concerned(POLICY, of, delegations, NOW).letters(ENTRY, event))
    told: dict[str, list[str]] = {}
    for letter in made.values():
        told.setdefault(letter.topic, []).append(letter.person or letter.address)
    return told


def entitled(stage):
    return POLICY.entitled(stage)


def test_who_is_asked():
    """The approvers of the open stage who chose email; not those of a later one, nor who chose Slack alone."""
    asked, event = t.ask(request())
    assert {Topic.ASK: ["ben"], Topic.TELL: ["list@example.com"]} == letters(asked, event)


def test_who_is_asked_next():
    """When a stage is done the next one's are asked, but for the requester, who is among them."""
    asked, _ = t.ask(request())
    half, event = t.approve(asked, CHLOE, entitled, NOW)
    told = letters(half, event)
    assert ["sam"] == told[Topic.ASK]


def test_nobody_is_asked_by_their_own_request():
    """Ben may decide, and it is he who asks."""
    asked, event = t.ask(request(requester=BEN))
    assert {Topic.TELL: ["list@example.com"]} == letters(asked, event)


def test_what_policy_denies_is_told_nobody():
    """The answer went to the requester at once."""
    refused, event = t.ask(request(outcome=Outcome.DENY))
    assert {} == letters(refused, event)


def test_a_delegate_is_asked_too():
    """Who may decide for somebody who is told."""
    handed = Delegation(id="D00-0000000", delegator=CHLOE, delegate=SAM, since=NOW, until=NOW + MINUTE)
    asked, event = t.ask(request())
    assert ["ben", "sam"] == sorted(letters(asked, event, handed)[Topic.ASK])


def test_a_rung_is_asked_too():
    """The people of an escalation, once it is reached."""
    lets = Obligations(escalation=(Rung(after=60, people=("sam",)),))
    drafted = request(stages=(FIRST,))
    drafted = drafted.model_copy(update={"verdict": drafted.verdict.model_copy(update={"obligations": lets})})
    higher, event = escalate(t.ask(drafted)[0], NOW + 2 * MINUTE)
    assert ["ben", "sam"] == sorted(letters(higher, event)[Topic.ASK])


def test_one_ask_however_often():
    """What happens while a stage is open makes the same letter, so that nobody is asked twice by it."""
    asked, event = t.ask(request())
    changed = events.ApproversChanged(request_id=ID, at=NOW, by=SYSTEM, comment="Dev left")
    ids = [
        {
            key
            for key, letter in Concerned(POLICY, asked, (), NOW).letters(entry, each)
            if letter.topic is Topic.ASK
        }
        for entry, each in (("1-0", event), ("2-0", changed))
    ]
    assert ({f"{ID}:ask:first:ben"}, ids[0]) == (ids[0], ids[1])


def test_who_is_told_of_a_decision():
    """The requester, the list, and those who were asked and did not decide."""
    asked, _ = t.ask(request())
    refused, event = t.deny(asked, CHLOE, entitled, NOW)
    told = letters(refused, event)
    assert {Topic.TELL: ["ana", "list@example.com"], Topic.SETTLED: ["ben", "sam"]} == told


def test_who_decided_is_not_told():
    """Ben denied: he knows."""
    refused, event = t.deny(t.ask(request())[0], BEN, entitled, NOW)
    assert ["sam"] == letters(refused, event)[Topic.SETTLED]


def test_late_events_ask_nobody():
    """The event of asking comes again when all is decided: the request as it stands asks nobody."""
    asked, event = t.ask(request())
    refused, _ = t.deny(asked, CHLOE, entitled, NOW)
    assert Topic.ASK not in letters(refused, event)


@pytest.mark.parametrize("event", [events.Consumed, events.EndBegun, events.GrantBegun])
def test_what_tells_nobody(event):
    """Steps on the way are nobody's mail."""
    extra = {"cause": "completed"} if event is events.EndBegun else {}
    extra |= {"ends_at": NOW} if event is events.GrantBegun else {}
    asked, _ = t.ask(request())
    assert {} == letters(asked, event(request_id=ID, at=NOW, by="ana", **extra))


def test_shipped_policies_send_no_mail():
    """Nobody in the demo chose email."""
    assert False is PolicySource(shipped("policies")).current.wants_mail
    assert True is POLICY.wants_mail
