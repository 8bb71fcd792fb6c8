"""The form: it follows the chosen action, tells what is wrong beside the field, and asks once.

What a client's own checks let through, or somebody sends past them, meets the same checks as a typed command.
"""

import asyncio

import pytest

from app.playground.hands import readable, told_directly, whispered
from tests.workplace import PROD, STAGING, at_work, cards

ASKED = {"resource": "orders-db", "reason": "INC-7: checkout is slow"}


async def opened(work, user="@ana", typed="/jit request", action="prod-db-debug"):
    """Open the form and choose an action."""
    await work.hands.types(user, typed)
    view = await work.view(user, "jit_request")
    if action:
        await work.hands.chooses(user, view, "action", action)
        view = await work.view(user, "jit_request", with_input="reason")
    return view


async def test_asks(work):
    """What is filled in is asked, answered where the command was typed, and shown to approvers."""
    view = await opened(work)

    said = await work.answer("@ana", work.hands.submits("@ana", view, ASKED))

    assert said.startswith("⏳ Asked: *prod-db-debug* on `orders-db` for 30 min")
    await work.card("INC-7: checkout is slow", offering="jit_approve")


async def test_follows_the_action(work):
    """Another action brings its own resources and durations; what was written as reason stays."""
    view = await opened(work)
    await work.hands.chooses("@ana", view, "action", "sandbox-admin")

    def changed(state):
        views = state["views"].get("U0ANA", [])
        return views and "sandbox-admin" in str(views[-1]["blocks"][1:]) and views[-1]

    view = await work.hands.until("the form for a sandbox", changed)
    by_kind = {block["block_id"].partition(":")[0]: block for block in view["blocks"]}
    assert "plain_text_input" == by_kind["resource"]["element"]["type"]
    assert by_kind["reason"]["optional"]
    assert "8 h" in str(by_kind["duration"])


async def test_begun_by_command(work):
    """An action and a resource that were typed are chosen already."""
    view = await opened(work, typed="/jit request prod-db-debug users-db", action="")

    shown = str(view["state"]["values"]) + str(view["blocks"])
    assert "users-db" in str(
        [block["element"].get("initial_options") for block in view["blocks"] if "element" in block]
    )
    assert "Debug a production database" in shown


async def test_a_typed_resource_that_is_none(work):
    """A pattern's resource is free text; one that does not fit is told beside its field, and mended there."""
    view = await opened(work, action="sandbox-admin")

    answered = await work.hands.submits("@ana", view, {"resource": "sandbx-1"})

    assert {
        "resource:sandbox-admin": "“sandbx-1” is not a resource of sandbox-admin. It can be done to: sandbox-*."
    } == answered["errors"]
    await work.hands.submits("@ana", view, {"resource": "sandbox-1"})
    await work.card("sandbox-1", channel="#sandbox-approvals")


@pytest.mark.parametrize("reason", ["   ", "\n\n", "\u200b"])
async def test_a_blank_reason(work, reason):
    """Blanks are no reason, and the form stays open to say so."""
    view = await opened(work)

    answered = await work.hands.submits("@ana", view, {"resource": "orders-db", "reason": reason})

    told = "prod-db-debug needs a reason: say what you need it for, such as a ticket and a few words."
    assert {"reason": told} == answered["errors"]
    assert [] == cards(await work.settled(), PROD)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("duration", "99d", "99 days is too long: prod-db-debug is given for at most 4 h."),
        ("duration", "-5m", "“-5m” is not a duration: write it like 30m, 2h or 1h30m."),
        ("duration", "0", "“0” is not a duration: write it like 30m, 2h or 1h30m."),
        ("resource", "nope", "“nope” is not a resource of prod-db-debug."),
        ("reason", "x" * 10_000, "The reason has 10,000 characters, and 2,000 is the most"),
        ("action", "nope", "“nope” is not an action."),
    ],
)
async def test_forged(work, field, value, told):
    """A submission that no form offers is refused beside the field that is wrong."""
    view = await opened(work)
    answers = {
        "action": "prod-db-debug", "resource:prod-db-debug": "orders-db", "duration:prod-db-debug": "30m",
        "reason": "why",
    }  # fmt: skip
    block_id = next(each for each in answers if each.partition(":")[0] == field)
    answers[block_id] = value

    ack = await work.deliver("interactive", submission(work, view, answers))

    assert "errors" == ack.response["response_action"]
    assert told in ack.response["errors"][block_id]
    assert [] == cards(await work.settled(), PROD)


async def test_somebody_else_submits(work):
    """A submission counts for whoever Slack says sent it, not for whoever opened the form."""
    view = await opened(work)
    answers = {"action": "prod-db-debug", "resource:prod-db-debug": "orders-db", "reason": "why"}

    await work.deliver("interactive", submission(work, view, answers, user="U0SAM"))

    await work.hands.until(
        "Sam is told",
        lambda s: any(
            "Policy denies" in readable(m) for m in whispered(s, "@ana") + told_directly(s, "@sam")
        ),
    )
    assert [] == cards(await work.settled(), PROD)


async def test_submitted_twice(work):
    """A submission that is delivered twice asks once."""
    view = await opened(work)
    await work.fault("duplicate")

    await work.hands.submits("@ana", view, ASKED)

    await work.card("INC-7", offering="jit_approve")
    assert 1 == len(cards(await work.settled(), PROD))


async def test_submitted_twice_at_once_under_two_triggers(work):
    """Two presses of Submit on one form ask once, whatever their triggers: the store has the last word."""
    view = await opened(work)
    answers = {"action": "prod-db-debug", "resource:prod-db-debug": "orders-db", "reason": "why"}

    await asyncio.gather(*(work.deliver("interactive", submission(work, view, answers)) for _ in range(5)))

    await work.card("orders-db", offering="jit_approve")
    assert 1 == len(cards(await work.settled(), PROD))


async def test_a_large_catalogue(workplace):
    """More actions than a select holds are all to be reached: in the form, or by typing."""

    def many(policy):
        for number in range(240):
            policy["actions"][f"sandbox-job-{number:03}"] = {
                "title": f"Job {number:03}",
                "environment": "sandbox",
                "resources": [f"thing-{n}" for n in range(150)],
                "default": "30m",
                "longest": "1h",
            }

    async with at_work(workplace(many)) as work:
        view = await opened(work, typed="/jit request sandbox-job-239", action="")
        view = await work.view("@ana", "jit_request", with_input="reason")
        assert "Job 239" in str(view["blocks"])
        await work.hands.submits("@ana", view, {"resource": "thing-149", "reason": "why"})
        await work.card("thing-149", channel="#sandbox-approvals")


async def test_too_late(work):
    """A form that Slack no longer lets open is told, not dropped."""
    for code in ("expired_trigger_id", "exchanged_trigger_id"):
        await work.fault(f"error:{code}", method="views.open")
        said = await work.types("@ana", "/jit request")
        assert "🚫 Slack took too long and no longer lets me open the form. Please try again." == said


@pytest.mark.parametrize("kind", ["rate_limited", "down", "error:internal_error", "error:something_new"])
async def test_slack_does_not_open(workplace, kind):
    """Whatever Slack says instead of opening the form, the person is told."""
    async with at_work(workplace(known_bugs=["form_refused"])) as work:
        await work.fault(kind, method="views.open", count=1)

        said = await work.types("@ana", "/jit request")

        assert "Please try again" in said


async def test_the_bot_is_slow_to_open(workplace):
    """Slack that takes its time to answer does not keep the bot from telling, nor the next from asking."""
    async with at_work(workplace()) as work:
        await work.fault("slow", method="views.open", count=1, seconds=1)
        await work.hands.types("@ana", "/jit request")
        assert "What you can type" in await work.types("@ben", "/jit help")
        await work.view("@ana", "jit_request")


async def test_the_deny_form_does_not_open(work):
    """The same for the form that asks why."""
    request_id = await work.asks()
    card = await work.card(request_id, offering="jit_deny")
    await work.fault("error:expired_trigger_id", method="views.open")

    assert "Please try again" in await work.refused("@ben", card, "jit_deny")


def submission(work, view, answers, user="U0ANA"):
    """A submission with any values."""
    values = {
        block: {block.partition(":")[0]: {"type": "plain_text_input", "value": v}}
        for block, v in answers.items()
    }
    return {
        "type": "view_submission",
        "team": {"id": "T0DEMO", "domain": "harbour-demo"},
        "user": {"id": user, "username": "x", "name": "x", "team_id": "T0DEMO"},
        "api_app_id": work.app.app_id,
        "token": "x",
        "trigger_id": work.board.triggers.issue(work.app.app_id, user, work.board.clock()),
        "view": view | {"state": {"values": values}},
        "response_urls": [],
    }


async def test_templates_fill_the_form_in_by_one_click(work):
    """What policy gives this person at once is offered; a click fills the form in, and submitting still asks policy."""
    await work.hands.types("@dev", "/jit request")
    view = await work.view("@dev", "jit_request")
    offered = {
        each["value"]: each
        for block in view["blocks"]
        for each in block.get("elements", ())
        if "value" in each
    }
    assert "restart-container" in offered
    await work.hands.do(
        "action", user="@dev", view_id=view["id"], action_id=offered["restart-container"]["action_id"]
    )
    view = await work.view("@dev", "jit_request", with_input="reason")
    await work.hands.submits("@dev", view, {"resource": "checkout", "reason": "It hangs"})
    await work.card("It hangs", "Approved automatically", channel=STAGING)
