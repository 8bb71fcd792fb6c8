"""Contract of what people see of questions, delegations, shorter times, waiting and broken glass.

Pure functions: Slack takes every message and form whatever people typed, nothing of that becomes markup or a ping,
and each button works in the state that shows it. Golden files: tests/golden.py says how to renew them.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from app.domain import events
from app.domain import transitions as t
from app.domain.break_glass import break_glass, review_glass
from app.domain.delegation import Delegation
from app.domain.people import Principal
from app.domain.question import answer_question, ask_question
from app.domain.request import Lease
from app.domain.shorter import approve_for_less
from app.domain.verdict import Obligations
from app.policy import PolicySource, shipped_policies
from app.slack.views.break_glass import break_glass_modal, glass_message, glass_text, review_modal
from app.slack.views.card import Audience, Deputy, approval_card, card_text
from app.slack.views.delegation import delegated, ended, shown, told_to_delegate
from app.slack.views.direct import grant_message, status_message
from app.slack.views.questions import (
    answer_message,
    answer_modal,
    answer_text,
    ask_modal,
    question_message,
    question_text,
)
from app.slack.views.shorter import approve_less_modal, shorter_times
from app.slack.views.thread import story_line
from tests.golden import golden_json
from tests.people import ANA, BEN, CHLOE, NOW, SAM, a_request, entitled
from tests.slack.views.accepted import accepted, texts

ID = "R02-4KX9TQZ"
LEASE = Lease(connector="grant-key", reference=ID, summary="")
NAMES = {person.id: person.name for person in (ANA, BEN, CHLOE, SAM)}
AUDIENCE = Audience(approvers={"owners": (BEN, CHLOE)}, names=NAMES)
HANDED = Delegation(id="D00-0000000", delegator=BEN, delegate=SAM, since=NOW, until=NOW + timedelta(hours=2))


def pending(**more):
    asked = a_request(request_id=ID)
    lets = asked.verdict.model_copy(update={"obligations": Obligations(break_glass=True)})
    return t.ask(asked.model_copy(update={"verdict": lets, **more}))[0]


def broken(why="Checkout is down", **more):
    request = pending(**more)
    return break_glass(request, request.requester, why, request.verdict, NOW)


def test_questions():
    """A question to be answered, answered, and no longer of use; the card while it waits; the forms."""
    asked, ask = ask_question(pending(), BEN, entitled, "Which query?", NOW)
    answered, answer = answer_question(asked, ANA, entitled, 1, "SELECT, once", NOW)
    denied = t.deny(asked, CHLOE, entitled, NOW)[0]
    made = {
        "open": question_message(asked, asked.questions[0]),
        "answered": question_message(answered, answered.questions[0]),
        "over": question_message(denied, denied.questions[0]),
        "to the asker": answer_message(answered, answered.questions[0]),
        "card": approval_card(asked, AUDIENCE),
    }
    for blocks in made.values():
        accepted(blocks)
    forms = [ask_modal(asked, "Ana Ruiz is told", ""), answer_modal(asked, asked.questions, "")]
    lines = [story_line(asked, ask, AUDIENCE), story_line(answered, answer, AUDIENCE)]
    golden_json("slack/views/golden/questions.json", made | {"forms": forms, "thread": lines})


def test_shorter():
    """The form, and card and messages of access that is less than was asked."""
    hour = pending(seconds=3600)
    approved, event = approve_for_less(hour, BEN, entitled, timedelta(minutes=15), timedelta(minutes=1), NOW)
    active = t.activate(t.begin_grant(approved, NOW)[0], LEASE, NOW)[0]
    golden_json(
        "slack/views/golden/shorter.json",
        {
            "form": approve_less_modal(hour, shorter_times(hour, timedelta(minutes=10)), ""),
            "card": approval_card(active, AUDIENCE),
            "grant": grant_message(active, AUDIENCE),
            "thread": story_line(approved, event, AUDIENCE),
        },
    )


def test_a_part():
    """The form, and card and messages of access to a part of what was asked, for a shorter time too."""
    hour = pending(seconds=3600)
    bounds = (timedelta(minutes=15), timedelta(minutes=1), NOW)
    approved, event = approve_for_less(hour, BEN, entitled, *bounds, resource="orders-db/invoices")
    active = t.activate(t.begin_grant(approved, NOW)[0], LEASE, NOW)[0]
    golden_json(
        "slack/views/golden/part.json",
        {
            "form": approve_less_modal(hour, shorter_times(hour, timedelta(minutes=10)), "", in_parts=True),
            "form without times": approve_less_modal(hour, [], "", in_parts=True),
            "card": approval_card(active, AUDIENCE),
            "grant": grant_message(active, AUDIENCE),
            "thread": story_line(approved, event, AUDIENCE),
        },
    )


def test_no_shorter_time_than_the_shortest():
    """What is offered is less than asked and at least the shortest; nothing where there is no such time."""
    assert [timedelta(minutes=10), timedelta(minutes=15)] == shorter_times(pending(), timedelta(minutes=10))
    assert [timedelta(minutes=29)] == shorter_times(pending(), timedelta(minutes=29))
    assert [] == shorter_times(pending(), timedelta(minutes=30))


def test_delegations():
    """What delegator and delegate are told, and the card that names both."""
    zone = ZoneInfo("Europe/Berlin")
    facts = {"request_id": HANDED.id, "at": NOW, "by": "ben", "delegator": BEN, "delegate": SAM}
    deputy = Deputy(person=SAM, behalf=BEN, until=HANDED.until)
    audience = AUDIENCE.model_copy(update={"deputies": {"owners": (deputy,)}, "notified": (BEN, SAM)})
    card = approval_card(pending(), audience)
    accepted(card, mentioned=("<@U0BEN>", "<@U0SAM>"))
    golden_json(
        "slack/views/golden/delegations.json",
        {
            "made": delegated(HANDED, zone),
            "ended": [ended(HANDED), ended(None)],
            "shown": [shown(person, [HANDED], zone) for person in (BEN, SAM, ANA)],
            "delegate": [
                told_to_delegate(events.Delegated(**facts, until=HANDED.until)),
                told_to_delegate(events.DelegationEnded(**facts)),
            ],
            "card": card,
        },
    )


def test_broken_glass():
    """The second step; what security reads while it is live, over, and reviewed; the card; the review's form."""
    policy = PolicySource(shipped_policies()).current
    request, event = broken()
    active = t.activate(t.begin_grant(request, NOW)[0], LEASE, NOW)[0]
    over = t.finish(t.done(active, ANA, NOW)[0], NOW)[0]
    reviewed, review = review_glass(over, SAM, True, "Right call", NOW)
    made = {
        name: glass_message(each, AUDIENCE, (SAM,))
        for name, each in (("live", active), ("over", over), ("reviewed", reviewed))
    }
    for blocks in made.values():
        accepted(blocks, mentioned=("<@U0SAM>",))
    action = policy.find_action("prod-restart-container")
    golden_json(
        "slack/views/golden/broken_glass.json",
        made
        | {
            "second step": break_glass_modal(action, "checkout", timedelta(hours=4), "INC-7", ""),
            "review": review_modal(over, ""),
            "card": approval_card(reviewed, AUDIENCE),
            "thread": [story_line(request, event, AUDIENCE), story_line(reviewed, review, AUDIENCE)],
        },
    )


PINGS = ("<!channel>", "<@U0BEN>", "<#C0PROD>", "<https://evil.example|Approve>", "&lt;!here&gt;")
nasty = st.text(min_size=1, max_size=900) | st.sampled_from(PINGS) | st.text("<>&|!@#*_~`\n", min_size=1)
words = nasty.filter(lambda text: any(sign.isprintable() and not sign.isspace() for sign in text))


@given(text=words, name=words)
def test_whatever_people_type_stays_text(text, name):
    """In questions, answers, reasons, findings and names: Slack takes it, and nothing acts."""
    ana = Principal(id="ana", name=name, slack="U0ANA")
    asked, ask = ask_question(pending(requester=ana), ana, entitled, f"a{text}", NOW)
    answered, answer = answer_question(asked, BEN, entitled, 1, f"a{text}", NOW)
    glass, glass_event = broken(f"a{text}", requester=ana, reason=text)
    over = t.finish(t.done(t.activate(t.begin_grant(glass, NOW)[0], LEASE, NOW)[0], ana, NOW)[0], NOW)[0]
    reviewed, review = review_glass(over, SAM, True, f"a{text}", NOW)
    deputy = Deputy(person=ana, behalf=ana, until=HANDED.until)
    audience = AUDIENCE.model_copy(update={"names": NAMES | {"ana": name}, "deputies": {"owners": (deputy,)}})
    for blocks in (
        question_message(asked, asked.questions[0]),
        question_message(answered, answered.questions[0]),
        answer_message(answered, answered.questions[0]),
        glass_message(reviewed, audience, ()),
        approval_card(reviewed, audience),
        approval_card(asked, audience),
        status_message(glass, audience),
    ):
        accepted(blocks)
        assert [] == [shown for shown in texts(blocks) if acts(shown)]
    handed = HANDED.model_copy(update={"delegator": ana, "delegate": ana})
    for line in (
        story_line(asked, ask, audience),
        story_line(answered, answer, audience),
        story_line(glass, glass_event, audience),
        story_line(reviewed, review, audience),
        question_text(asked, asked.questions[0]),
        answer_text(answered, answered.questions[0]),
        glass_text(glass),
        card_text(glass),
        delegated(handed, ZoneInfo("UTC")),
        shown(ana, [handed], ZoneInfo("UTC")),
    ):
        assert not acts(line)


def acts(mrkdwn: str) -> bool:
    """Tell whether Slack would act on something in a text: after `escape` only dates of ours have angles."""
    return any(part.split(">")[0][:5] != "!date" for part in mrkdwn.split("<")[1:])
