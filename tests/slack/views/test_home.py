"""Contract of the Home and of the explanation: valid whatever there is to show, and text whatever people typed.

A Home never has more than 100 blocks, says of every part how much more there is, and shows only buttons that
work; the value of a button is a request id, but for the template, which names an action.
Golden files: tests/golden.py says how to renew them.
"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import transitions as t
from app.domain.binding import bind_command, bind_parameters
from app.domain.extension import ask_extension
from app.domain.gate import Gate
from app.domain.ids import ID as ID_SHAPE
from app.domain.people import Principal
from app.domain.request import Request, State, Taken
from app.domain.run import Run
from app.playground.block_kit import check_view
from app.policy import PolicySource, shipped_policies
from app.policy.ask import Ask, History
from app.policy.explain import explain
from app.policy.offers import Offers
from app.slack import actions
from app.slack.views.home import LIVE, Home, LivePage, home_view, page_of, refused_view
from app.slack.views.policy_status import PolicyStatus, policy_blocks, policy_text
from app.slack.views.replies import asked_blocks, revoked_blocks, revoked_text
from app.slack.views.why import why_modal
from tests.golden import golden_json
from tests.people import ANA, BEN, NOW, OWNERS, a_request, entitled
from tests.slack.views.accepted import accepted, texts
from tests.slack.views.test_request import ID, LATER, LEASE, STATES, WORKS_IN, _acts, _more, nasty

POLICY = PolicySource(shipped_policies()).current
OFFERS = tuple(Offers(POLICY).to(POLICY.people["ana"], History(), NOW, 10))
BLOCKS_MAX, TEXT_MAX = 100, 3000


def live(number: int = 0, **changed: object) -> Request:
    """Access that is live."""
    request = a_request(request_id=f"R02-{number:07d}").model_copy(update=changed)
    approved = t.approve(t.ask(request)[0], BEN, entitled, NOW)[0]
    return t.activate(t.begin_grant(approved, NOW)[0], LEASE, NOW)[0]


def extended(request: Request) -> Request:
    return ask_extension(request, request.requester, _more(request), LATER)[0]


FULL = Home(
    person=BEN,
    at=LATER,
    held=(live(1), extended(live(2)), STATES["ending"][0], STATES["granting"][0]),
    asked=(STATES["pending"][0],),
    waiting=(STATES["pending"][0],),
    more_waiting=(extended(live(3)),),
    offers=OFFERS,
    had=tuple(STATES[name][0] for name in ("completed", "denied", "lapsed", "grant_failed")),
    live=page_of([live(4), STATES["ending"][0], STATES["approved"][0]], None),
    policy_digest="0" * 64,
)


def test_more_time_is_offered_where_it_can_be_had():
    """Where more time is asked for already, or the target cannot move an end, no button offers it."""
    fixed = live().model_copy(update={"lease": LEASE.model_copy(update={"end_is_fixed": True})})
    for held, offered in ((live(), True), (extended(live()), False), (fixed, False)):
        view = home_view(FULL.model_copy(update={"held": (held,)}))
        assert offered == (actions.EXTEND in repr(view["blocks"]))


def test_credentials_are_offered_where_a_page_shows_them():
    """Beside what one holds, as on the message of it; not once they were taken, and not without pages."""
    lease = LEASE.model_copy(update={"has_credentials": True})
    with_them = live().model_copy(update={"lease": lease})
    taken = with_them.model_copy(update={"taken": Taken(at=LATER, ip="10.1.2.3")})
    for held, pages, offered in (
        (with_them, True, True), (with_them, False, False), (taken, True, False), (live(), True, False),
    ):  # fmt: skip
        view = home_view(FULL.model_copy(update={"held": (held,), "has_pages": pages}))
        valid(view)
        assert offered == (actions.CREDENTIALS in repr(view["blocks"]))


@pytest.mark.parametrize(
    ("binding", "what"),
    [
        (bind_command(["rm", "-r", "/srv"]), "command"),
        (bind_parameters({"amount": 120}), "set of parameters"),
    ],
    ids=["a command", "parameters"],
)
def test_nothing_is_approved_unread(binding, what):
    """What is for one exact command is denied here, and approved where the command stands: so with more time."""
    pending = STATES["pending"][0].model_copy(update={"binding": binding})
    view = home_view(
        Home(person=BEN, at=LATER, waiting=(pending,), more_waiting=(extended(live(3, binding=binding)),))
    )
    valid(view)
    offered = {each["action_id"] for each in elements(view)}
    assert {actions.DENY, actions.DENY_MORE} == offered & {
        actions.APPROVE, actions.APPROVE_MORE, actions.DENY, actions.DENY_MORE,
    }  # fmt: skip
    assert 2 == repr(view["blocks"]).count(f"For one exact {what} alone: its card shows it")


def test_what_a_yes_lets_go_on():
    """Where a deployment waits, or a job of CI asked, that is read before the button; nothing in it acts on Slack."""
    gate = Gate(name="github", what="harbour/orders to production")
    run = Run.said({"project": "octo/<!channel>", "run": "30433642", "workflow": "x" * 500})
    pending = STATES["pending"][0].model_copy(update={"gate": gate, "run": run})
    view = home_view(Home(person=BEN, at=LATER, waiting=(pending,) * 10))
    valid(view)
    (text, *_) = (each for each in texts(view["blocks"]) if "asks:" in each)
    assert "🚦 harbour/orders to production is let through, once" in text
    assert "Signed by the CI: project" in text
    assert "&lt;!channel&gt;" in text
    assert "run 30433642" in text


def valid(view):
    """Check what Slack checks of a view."""
    assert [] == check_view(view).messages
    assert len(view["blocks"]) <= BLOCKS_MAX
    assert all(len(text) <= TEXT_MAX for text in texts(view["blocks"]))


def elements(view):
    """Every button of a view."""
    for block in view["blocks"]:
        found = block.get("elements", ()) if block["type"] == "actions" else ()
        yield from (*found, *([block["accessory"]] if "accessory" in block else ()))


def test_homes():
    """The Home of somebody with a bit of everything, of somebody with nothing, and of somebody unknown."""
    views = {
        "full": home_view(FULL),
        "empty": home_view(Home(person=ANA, at=NOW, policy_digest="0" * 64)),
        "quiet_security": home_view(Home(person=ANA, at=NOW, live=LivePage(), policy_digest="0" * 64)),
        "refused": refused_view("Policy does not know you (Slack user <U0X>)."),
    }
    for view in views.values():
        valid(view)
    golden_json("slack/views/golden/home.json", views)


def test_a_button_carries_a_request_id_and_nothing_else():
    """A template alone names something else: an action, which fills in a form."""
    for element in elements(home_view(FULL)):
        value = element.get("value", "")
        if element["action_id"] == actions.TEMPLATE:
            assert value in POLICY.actions
        elif element["action_id"] != actions.NEW:
            assert ID_SHAPE.fullmatch(value)


@pytest.mark.parametrize("name", STATES)
def test_every_button_works_in_the_state_that_shows_it(name):
    """Wherever a Home shows a request, it offers nothing that the workflow would refuse for the state."""
    request = STATES[name][0]
    held = not request.is_final and request.state is not State.PENDING
    view = home_view(
        Home(
            person=ANA,
            at=LATER,
            held=(request,) if held else (),
            asked=(request,) if request.state is State.PENDING else (),
            had=(request,) if request.is_final else (),
            live=page_of([request] if held else [], None),
        )
    )
    valid(view)
    works_in = WORKS_IN | {actions.REVOKE: WORKS_IN[actions.REVOKE] | {State.APPROVED, State.SCHEDULED}}
    offered = [each["action_id"] for each in elements(view) if each["action_id"] != actions.NEW]
    assert [] == [action for action in offered if request.state not in works_in[action]]


counts = st.integers(0, 400) | st.sampled_from([0, 1, 8, 9, 10, 11, 15, 16])
A_LIVE, A_PENDING, AN_EXTENSION = live(5), STATES["pending"][0], extended(live(6))


@given(held=counts, asked=counts, waiting=counts, more=counts, had=counts, all_live=counts, start=counts)
def test_however_much_there_is(held, asked, waiting, more, had, all_live, start):
    """Hundreds of everything make a valid view that says how many more there are."""
    everything = [live(number) for number in range(min(all_live, 40))] + [A_LIVE] * max(0, all_live - 40)
    begins = everything[min(start, len(everything) - 1)] if everything else None
    view = home_view(
        FULL.model_copy(
            update={
                "held": (A_LIVE,) * held,
                "asked": (A_PENDING,) * asked,
                "waiting": (A_PENDING,) * waiting,
                "more_waiting": tuple(
                    AN_EXTENSION.model_copy(update={"id": f"R02-{number:07d}"}) for number in range(more)
                ),
                "had": (STATES["denied"][0],) * had,
                "live": page_of(everything, begins),
            }
        )
    )
    valid(view)
    shown = "\n".join(texts(view["blocks"]))
    approvals = [e for e in elements(view) if e["action_id"] in {actions.APPROVE, actions.APPROVE_MORE}]
    left = waiting + more - len(approvals)
    assert (f"*{left:,} more* wait for you" in shown) is (left > 0)
    assert (f"*{held - 8:,} more* are live" in shown) is (held > 8)
    assert (f"*{asked - 5:,} more* wait for a decision" in shown) is (asked > 5)


@given(
    name=nasty.filter(bool), reason=nasty, title=nasty, resource=nasty.filter(bool), env=nasty.filter(bool)
)
def test_whatever_people_type_stays_text(name, reason, title, resource, env):
    """No mention, link or broadcast comes of it, and the view stays valid."""
    who = Principal(id="ana", name=name, slack="U0ANA")
    changed = {
        "requester": who,
        "reason": reason * 7,
        "action_title": title * 9,
        "resource": resource[:128],
        "environment": env,
    }
    pending = STATES["pending"][0].model_copy(update=changed)
    active = live(7, **changed)
    home = FULL.model_copy(
        update={
            "held": (active,),
            "asked": (pending,),
            "waiting": (pending,),
            "more_waiting": (extended(active),),
            "had": (STATES["denied"][0].model_copy(update=changed),),
            "live": page_of([active], None),
        }
    )
    explained = explain(POLICY, ask_of(pending))
    for view in (home_view(home), why_modal(pending, explained), refused_view(name)):
        valid(view)
        assert [] == [text for text in texts(view["blocks"]) if _acts(text)]
    accepted(revoked_blocks(name, [active, pending] * 40))
    assert not _acts(revoked_text(name, []))


def ask_of(request: Request) -> Ask:
    return Ask(
        requester=request.requester,
        action=request.action,
        resource=request.resource,
        seconds=request.seconds,
        reason=request.reason,
        source=request.source,
        at=request.created_at,
    )


@given(count=st.integers(0, 60), start=st.integers(0, 70))
def test_pages_reach_everything(count, start):
    """Turning pages forth from the first shows each request once, and back leads to the first."""
    everything = [live(n).model_copy(update={"created_at": NOW + timedelta(n)}) for n in range(count)]
    page, seen = page_of(everything, None), []
    while True:
        seen += page.requests
        assert seen[len(seen) - len(page.requests)].id == page.requests[0].id if page.requests else True
        if not page.after:
            break
        page = page_of(everything, next(each for each in everything if each.id == page.after))
    assert everything == seen
    turns = 0
    while page.before:
        page = page_of(everything, next(each for each in everything if each.id == page.before))
        turns += 1
    assert page.first == 1
    assert turns == max(0, -(-count // LIVE) - 1)
    gone = live(99).model_copy(update={"created_at": NOW + timedelta(start - 0.5)})
    page = page_of(everything, gone)
    assert count == page.total
    if count:
        assert page.requests[0] == everything[min(start, count - 1)]


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("asked", {}),
        ("too_long", {"resource": "payments-db", "seconds": 7200}),
        ("not_in_the_group", {"requester": POLICY.people["chloe"]}),
        ("unknown_resource", {"resource": "order-db"}),
        ("action_gone", {"action": "prod-shell"}),
    ],
)
def test_why(name, changed):
    """What policy says, the rule and the condition it rests on, who may approve, and what would have passed."""
    request = STATES["pending"][0].model_copy(update=changed)
    view = why_modal(request, explain(POLICY, ask_of(request)))
    valid(view)
    digest = POLICY.digest[:12]
    golden_json(f"slack/views/golden/why_{name}.json", _without(view, digest))


def test_why_after_a_change():
    """A policy that said something else when it was asked is told, with both verdicts."""
    request = STATES["pending"][0]
    shown = "\n".join(texts(why_modal(request, explain(POLICY, ask_of(request)))["blocks"]))
    assert ("When it was asked" in shown, "It has changed since" in shown) == (True, True)
    explained = explain(POLICY, ask_of(request))
    same = request.model_copy(update={"verdict": explained.verdict})
    assert "changed since" not in "\n".join(texts(why_modal(same, explained)["blocks"]))


def _without(view, digest):
    """The shipped policies' digest changes with every rule: it is not what these files are about."""
    for block in view["blocks"]:
        for part in (block.get("text"), *block.get("elements", ())):
            if part and "text" in part:
                part["text"] = part["text"].replace(digest, "DIGEST")
    return view


def test_a_refusal_offers_what_can_be_done():
    """What policy denies is told with the ways on: why, and asking again."""
    denied = t.ask(a_request(stages=(OWNERS,), request_id=ID))[0].model_copy(update={"state": State.DENIED})
    blocks = asked_blocks([denied, STATES["pending"][0]])
    accepted(blocks)
    assert [actions.WHY, actions.AGAIN] == [each["action_id"] for each in elements({"blocks": blocks})]
    assert asked_blocks([STATES["pending"][0]]) is None


def test_the_policy_in_force():
    """Digest, age and size for everyone; problems in full for those who may see them, as many as fit."""
    sound, broken = (
        PolicyStatus(since=NOW, problem=text) for text in ("", "a.yaml:3: <!here> is wrong\n" * 90)
    )
    shown = {
        "sound": policy_blocks(POLICY, sound, in_full=True),
        "broken": policy_blocks(POLICY, broken, in_full=False),
        "in_full": policy_blocks(POLICY, broken, in_full=True),
    }
    for blocks in shown.values():
        accepted(blocks)
    joined = {name: "\n".join(texts(blocks)) for name, blocks in shown.items()}
    assert "what is in force" in joined["sound"]
    assert ("90 problems" in joined["broken"], "a.yaml" in joined["broken"]) == (True, False)
    assert ("a.yaml:3" in joined["in_full"], "and 70 more" in joined["in_full"]) == (True, True)
    assert f"{len(POLICY.people)} people" in joined["sound"]
    assert POLICY.digest[:12] in policy_text(POLICY, broken)
