"""Contract of what people see of a request: its card, its thread's lines, the direct messages, the forms.

All are pure functions. In each state they are accepted by Slack whatever people typed, show only buttons that
work in that state, and let nothing of what people typed become markup or a ping.
Golden files: tests/golden.py says how to renew them.
"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import transitions as t
from app.domain.binding import bind_command
from app.domain.extension import ask_extension
from app.domain.people import Principal
from app.domain.request import FINAL, Extension, Lease, Request, State
from app.domain.verdict import Outcome, Stage
from app.policy import PolicySource, shipped_policies
from app.slack import actions
from app.slack.views.card import Audience, approval_card, card_text
from app.slack.views.direct import grant_message, notice, status_message
from app.slack.views.modals import Draft, deny_modal, request_modal
from app.slack.views.replies import asked, help_blocks, list_blocks, status_blocks
from app.slack.views.thread import story_line
from tests.golden import golden_json
from tests.people import ANA, BEN, CHLOE, NOW, SAM, a_request, entitled
from tests.slack.views.accepted import accepted, texts

ID = "R02-4KX9TQZ"
LEASE = Lease(connector="grant-key", reference=ID, summary="prod-db-debug on orders-db, by the grant key")
AUDIENCE = Audience(
    approvers={"owners": (BEN, CHLOE)},
    names={person.id: person.name for person in (ANA, BEN, CHLOE, SAM)},
)
LATER = NOW + timedelta(minutes=12)
WORKS_IN = {
    actions.APPROVE: {State.PENDING},
    actions.APPROVE_LESS: {State.PENDING},
    actions.ASK: {State.PENDING},
    actions.ANSWER: {State.PENDING},
    actions.DENY: {State.PENDING},
    actions.REVOKE: {State.GRANTING, State.ACTIVE},
    actions.CANCEL: {State.PENDING, State.APPROVED},
    actions.DONE: {State.GRANTING, State.ACTIVE},
    actions.EXTEND: {State.ACTIVE},
    actions.APPROVE_MORE: {State.ACTIVE},
    actions.DENY_MORE: {State.ACTIVE},
    actions.WHY: set(State),
    actions.AGAIN: set(FINAL),
}


def _more(request: Request) -> Extension:
    return Extension(seconds=600, reason="not done yet", verdict=request.verdict, asked_at=LATER)


def steps(request: Request) -> dict[str, tuple[Request, object]]:
    """Lead a request through every state, each with the event that led there."""
    pending = t.ask(request)
    approved = t.approve(pending[0], BEN, entitled, LATER, "careful, please")
    granting = t.begin_grant(approved[0], LATER)
    active = t.activate(granting[0], LEASE, LATER)
    warned = t.warn(active[0], active[0].warns_at)
    done = t.done(active[0], ANA, LATER)
    failing = t.fail_end(done[0], "no route to host", LATER)
    revoked = t.revoke(active[0], SAM, entitled, True, LATER, "wrong database")
    expired = t.expire(active[0], active[0].ends_at)
    return {
        "pending": pending,
        "approved": approved,
        "granting": granting,
        "active": active,
        "more_time_asked": ask_extension(active[0], ANA, _more(request), LATER),
        "warned": warned,
        "ending": done,
        "ending_failing": failing,
        "completed": t.finish(done[0], LATER),
        "revoking": revoked,
        "revoked": t.finish(revoked[0], LATER),
        "expired": t.finish(expired[0], active[0].ends_at),
        "denied": t.deny(pending[0], CHLOE, entitled, LATER, "use the replica"),
        "cancelled": t.cancel(pending[0], ANA, LATER),
        "stopped": t.revoke(approved[0], SAM, entitled, True, LATER, "not now"),
        "stopped_by_policy": t.cancel_by_policy(approved[0], LATER, "a freeze began"),
        "lapsed": t.lapse(pending[0], pending[0].lapses_at),
        "grant_failed": t.fail_grant(granting[0], "role exists", LATER),
        "refused": t.refuse_attempt(pending[0], ANA, "approve", "self_approval", LATER),
    }


STATES = steps(a_request(request_id=ID))


@pytest.mark.parametrize("name", STATES)
def test_a_request_in_each_state(name):
    """Card, thread and direct messages look as they did when someone last looked."""
    request, event = STATES[name]
    is_pending = request.state is State.PENDING
    audience = AUDIENCE.model_copy(update={"notified": (BEN, CHLOE) if is_pending else ()})
    shown = {
        "text": card_text(request),
        "card": approval_card(request, audience),
        "thread": story_line(request, event, audience),
        "direct": status_message(request, audience),
        "grant": grant_message(request, audience) if request.lease else None,
        "notice": notice(request, event, audience),
    }
    accepted(shown["card"], mentioned=("<@U0BEN>", "<@U0CHLOE>") if is_pending else ())
    for blocks in (shown["direct"], shown["grant"] or []):
        accepted(blocks)
    golden_json(f"slack/views/golden/request_{name}.json", shown)


@pytest.mark.parametrize("name", STATES)
def test_every_button_works_in_the_state_that_shows_it(name):
    """A message never offers what the workflow would refuse for the state."""
    request, _ = STATES[name]
    shown = [*approval_card(request, AUDIENCE), *status_message(request, AUDIENCE)]
    shown += grant_message(request, AUDIENCE) if request.lease else []
    offered = [
        element["action_id"]
        for block in shown
        for element in block.get("elements", ())
        if "action_id" in element
    ]
    assert [] == [action for action in offered if request.state not in WORKS_IN[action]]


def test_an_automatic_approval_looks_no_less_than_an_asked_one():
    """The card of a template tells the same facts, and that nobody was asked."""
    request = t.activate(
        t.begin_grant(t.ask(a_request(outcome=Outcome.AUTO_APPROVE, request_id=ID))[0], NOW)[0], LEASE, NOW
    )[0]
    golden_json("slack/views/golden/request_automatic.json", approval_card(request, Audience()))


def test_what_could_not_be_reached_is_on_the_card():
    """Approvers who left Slack are named, and a stage that nobody can decide says so."""
    nobody = Audience(approvers={"owners": ()}, unreachable=("Ben Okafor", "Chloe Martin"))
    shown = "\n".join(texts(approval_card(STATES["pending"][0], nobody)))
    assert ("nobody, as policy is now" in shown, "Could not be reached" in shown) == (True, True)


def test_those_to_be_told_are_mentioned_on_the_card_while_it_waits():
    """Beside blocks only a mention in a block pings; those who are told and decide nothing are named too."""
    audience = Audience(approvers={"owners": (BEN, CHLOE)}, notified=(CHLOE, SAM))
    shown = "\n".join(texts(approval_card(STATES["pending"][0], audience)))
    assert ("Ben Okafor or <@U0CHLOE>" in shown, "Told: <@U0SAM>" in shown) == (True, True)


PINGS = (
    "<!channel>",
    "<!here>",
    "<@U0BEN>",
    "<#C0PROD>",
    "<https://evil.example|Approve here>",
    "&lt;!channel&gt;",
)
nasty = st.text(max_size=300) | st.sampled_from(PINGS) | st.text(alphabet="<>&|!@#*_~`\n", max_size=200)


@given(reason=nasty, name=nasty.filter(bool), comment=nasty, stage=nasty.filter(bool))
def test_whatever_people_type_stays_text(reason, name, comment, stage):
    """No mention, link or broadcast comes of it, in any message; and Slack takes every one."""
    ana = Principal(id="ana", name=name, slack="U0ANA")
    stages = (Stage(name=stage, people=("ben", "chloe")),)
    request = a_request(requester=ana, stages=stages, request_id=ID).model_copy(update={"reason": reason})
    pending = t.ask(request)[0]
    denied, event = t.deny(pending, BEN, entitled, LATER, comment)
    audience = Audience(approvers={stage: (BEN,)}, names={"ana": name, "ben": name})
    for shown in (pending, denied):
        for blocks in (
            approval_card(shown, audience),
            status_message(shown, audience),
            status_blocks(shown, audience),
        ):
            accepted(blocks)
            assert [] == [text for text in texts(blocks) if _acts(text)]
    for line in (
        story_line(denied, event, audience),
        notice(denied, event, audience),
        card_text(denied),
        asked(denied),
    ):
        assert not _acts(line)


def _acts(mrkdwn: str) -> bool:
    """Tell whether Slack would act on something in a text: after `escape` only dates of ours have angles."""
    return any(part.split(">")[0][:5] != "!date" for part in mrkdwn.split("<")[1:])


def test_forms():
    """The request form before and after an action is chosen, and the form that asks why."""
    policy = PolicySource(shipped_policies()).current
    draft = Draft(
        action="prod-db-debug", resource="orders-db", reason="INC-7", answer_to="https://hooks.example/1"
    )
    golden_json(
        "slack/views/golden/forms.json",
        {
            "empty": request_modal(policy, Draft()),
            "chosen": request_modal(policy, draft),
            "free": request_modal(policy, Draft(action="sandbox-admin")),
            "deny": deny_modal(STATES["pending"][0], "https://hooks.example/1"),
        },
    )


def test_answers():
    """What only the one who asked sees: help, lists, a status, and what became of asking."""
    policy = PolicySource(shipped_policies()).current
    request = STATES["pending"][0]
    golden_json(
        "slack/views/golden/answers.json",
        {
            "help": help_blocks(policy),
            "nothing": list_blocks([], []),
            "lists": list_blocks([STATES["active"][0], STATES["denied"][0]], [request]),
            "status": status_blocks(STATES["active"][0], AUDIENCE),
            "asked": asked(request),
        },
    )


def test_bound_card():
    """The card of a request for one exact command: all of it can be seen, as code, with the digest of the whole."""
    command = bind_command(["psql", "orders", "-c", "REINDEX TABLE carts; -- \u202e<!channel>\n", "x" * 3000])
    request = t.ask(a_request(request_id=ID).model_copy(update={"binding": command}))[0]
    card = approval_card(request, AUDIENCE)
    accepted(card)
    golden_json("slack/views/golden/request_bound.json", card)
