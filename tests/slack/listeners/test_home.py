"""Contract of App Home: it shows what is true of a person, its buttons do what they do elsewhere, and no more.

It is published to those who look, anew when something changes for them; a refusal of a click in it comes by
direct message. Nobody reaches through it what they could not reach without.
"""

import asyncio

import pytest

from app.domain.request import State
from app.playground.hands import offers, readable, told_directly
from app.store import keys
from app.workflow import Wish
from tests.slack.homes import clicks, forges, home, open_home, stays
from tests.workplace import PROD, at_work


async def test_what_i_hold(work):
    """Opened before anything happened, it follows: asked, live with its end, done, and then past."""
    await open_home(work, "@ana", "Nothing, at the moment", offering="jit_new")
    request_id = await work.asks()
    await home(work, "@ana", "What you asked for (1)", request_id, offering="jit_cancel")
    await work.clicks("@ben", await work.card(request_id, offering="jit_approve"), "jit_approve")
    view = await home(work, "@ana", "What you hold (1)", "29 min left", offering="jit_done")
    await clicks(work, "@ana", view, "jit_done", request_id)
    await work.reaches(request_id, State.COMPLETED)
    await home(work, "@ana", "Completed", "checkout is slow", offering="jit_again", without="jit_done")


async def test_what_waits_for_me(work):
    """An approver sees who asks what and why, and decides there; the requester's Home has no such buttons."""
    await open_home(work, "@ben")
    request_id = await work.asks()
    view = await home(
        work, "@ben", "Waiting for you (1)", "Ana Ruiz", "checkout is slow", offering="jit_deny"
    )
    await open_home(work, "@ana", request_id, without="jit_approve")
    await clicks(work, "@ben", view, "jit_approve", request_id)
    await work.reaches(request_id, State.ACTIVE)
    await home(work, "@ben", without="jit_approve")


async def test_deny_in_home_asks_why(work):
    """The form opens from Home, and its refusals come by direct message: there is nowhere else to tell them."""
    request_id = await work.asks()
    view = await open_home(work, "@ben", request_id, offering="jit_deny")
    await clicks(work, "@ben", view, "jit_deny", request_id)
    form = await work.view("@ben", "jit_deny_reason")
    await work.types("@ana", f"/jit cancel {request_id}")
    await work.hands.submits("@ben", form, {"comment": "not now"})
    await work.told("@ben", "was cancelled by Ana Ruiz")


async def test_more_time_in_home(work):
    """Asked for with the button of what one holds, decided with the button of what waits."""
    request_id = await work.goes_live()
    view = await open_home(work, "@ana", request_id, offering="jit_extend")
    await open_home(work, "@ben")
    await clicks(work, "@ana", view, "jit_extend", request_id)
    form = await work.view("@ana", "jit_extend_form")
    await work.hands.submits("@ana", form, {"duration": "30 min", "reason": "one more query"})
    await work.told("@ana", "Asked: more time")
    view = await home(work, "@ben", "30 min more", "one more query", offering="jit_approve_more")
    await home(work, "@ana", "more time is asked for", without="jit_extend")
    await clicks(work, "@ben", view, "jit_approve_more", request_id)
    await home(work, "@ben", without="jit_approve_more")
    assert 3600 == (await work.request(request_id)).seconds


async def test_a_template(work):
    """One click opens the form filled in; submitted as it is, it is approved at once."""
    view = await open_home(
        work, "@ana", "Yours at once", "Restart a staging container", offering="jit_template"
    )
    await clicks(work, "@ana", view, "jit_template", "restart-container")
    form = await work.view("@ana", "jit_request", with_input="reason")
    await work.hands.submits("@ana", form, {"resource": "checkout", "reason": "It hangs"})
    await home(work, "@ana", "What you hold (1)")
    view = await open_home(work, "@sam", "Nothing, at the moment")
    assert "jit_template" not in offers(view)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("prod-db-debug", "not approved at once for you"),
        ("no-such-thing", "is not an action"),
        ("", "No action is named"),
        ("<!channel>", "is not an action"),
    ],
)
async def test_forged_templates(work, value, why):
    """A template that is none opens nothing, and the clicker is told."""
    view = await open_home(work, "@ana")
    await forges(work, "@ana", view, "jit_template", value)
    await work.told("@ana", why)
    assert not (await work.hands.look())["views"].get("U0ANA")


async def test_everything_live_for_security(work):
    """Those whom policy lets revoke see all that is live, and end it there; others do not."""
    request_id = await work.goes_live()
    view = await open_home(work, "@sam", "Everything live (1)", "Ana Ruiz", offering="jit_revoke")
    assert "jit_revoke" not in offers(await open_home(work, "@ben"))
    await clicks(work, "@sam", view, "jit_revoke", request_id)
    await work.reaches(request_id, State.REVOKED)
    await home(work, "@sam", "Nothing is live", without="jit_revoke")


async def test_pages_of_everything_live(work):
    """More than a page is turned over; the page stays while things happen, and both ends are ends."""
    ids = [await live_one(work, f"sandbox-{n}") for n in range(17)]
    view = await open_home(work, "@sam", "1 to 15 of 17", ids[0])
    assert "jit_home_page:1" not in offers(view)
    await clicks(work, "@sam", view, "jit_home_page:0", ids[15])
    view = await home(work, "@sam", "16 to 17 of 17", ids[16])
    await work.types("@ana", f"/jit done {ids[16]}")
    view = await home(work, "@sam", "16 to 16 of 16")
    await work.types("@ana", f"/jit done {ids[15]}")
    view = await home(work, "@sam", "15 to 15 of 15")
    await clicks(work, "@sam", view, "jit_home_page:0", ids[0])
    await home(work, "@sam", "Everything live (15)", ids[0], ids[14], without="jit_home_page:0")


async def live_one(work, sandbox):
    request_id = await work.asks("@ana", f"/jit request sandbox-admin {sandbox} 1h")
    await work.reaches(request_id, State.ACTIVE)
    return request_id


@pytest.mark.parametrize("value", ["", "R07-0000000", "nonsense", "<!here>", "R99-0000000"])
async def test_forged_pages(work, value):
    """A page that begins nowhere is the first, or is told to be nonsense; nothing breaks."""
    request_id = await live_one(work, "sandbox-1")
    view = await open_home(work, "@sam", request_id)
    await forges(work, "@sam", view, "jit_home_page:0", value)
    await open_home(work, "@sam", "Everything live (1)", request_id)


async def test_turning_pages_shows_nothing_to_others(work):
    """A forged turn by somebody who may not revoke gives their own Home."""
    request_id = await live_one(work, "sandbox-1")
    view = await open_home(work, "@dev", "Nothing, at the moment")
    await forges(work, "@dev", view, "jit_home_page:1", request_id)
    await asyncio.sleep(0.5)
    view = await open_home(work, "@dev", "Nothing, at the moment")
    assert request_id not in readable(view)


@pytest.mark.parametrize(
    ("user", "action", "why"),
    [
        ("@dev", "jit_approve", "not an approver"),
        ("@ana", "jit_approve", "your own request"),
        ("@ana", "jit_deny", "your own request"),
        ("@dev", "jit_cancel", "not your request"),
        ("@dev", "jit_done", "not your grant"),
        ("@dev", "jit_revoke", "may not revoke"),
        ("@dev", "jit_extend", "not your grant"),
        ("@dev", "jit_again", "no request"),
        ("@dev", "jit_why", "no request"),
        ("@dev", "jit_approve_more", "not an approver"),
    ],
)
async def test_forged_clicks_from_home(work, user, action, why):
    """Whatever a forged Home sends is refused as it is elsewhere, told by direct message, and changes nothing."""
    request_id = await work.asks()
    view = await open_home(work, user)
    before = await work.request(request_id)
    await forges(work, user, view, action, request_id)
    await work.told(user, why)
    assert before.state == (await work.request(request_id)).state
    assert () == (await work.request(request_id)).decisions


@pytest.mark.parametrize("action", ["jit_approve", "jit_why", "jit_again", "jit_revoke"])
async def test_values_that_are_no_request(work, action):
    """Anything else than an id is answered as a mistyped one."""
    view = await open_home(work, "@ben")
    await forges(work, "@ben", view, action, '{"id": "R07-4KX9TQZ", "approved": true}')
    await work.told("@ben", "is not a request id")


async def test_two_who_approve_at_once(work):
    """Of two clicks in the same instant one counts; the other is told, and no Home offers it any more."""
    request_id = await work.asks()
    views = {
        user: await open_home(work, user, request_id, offering="jit_approve") for user in ("@ben", "@chloe")
    }
    await asyncio.gather(
        *(clicks(work, user, view, "jit_approve", request_id) for user, view in views.items())
    )
    await work.reaches(request_id, State.ACTIVE)
    for user in views:
        await home(work, user, without="jit_approve")
    assert 1 == len((await work.request(request_id)).decisions)
    state = await work.settled()
    told = [readable(m) for user in views for m in told_directly(state, user)]
    assert ["approved" in text for text in told] == [True]


async def test_nobody_who_does_not_look_is_published_to(work):
    """Without an open Home there is no call; one that was opened over an hour ago is forgotten."""
    await work.settled()
    request_id = await work.goes_live()
    await work.settled()
    assert [] == [call for call in work.board.calls if call["method"] == "views.publish"]
    view = await open_home(work, "@ana", request_id)
    redis = work.bot.connection.calls
    assert 0 < await redis.ttl(keys.HOMES) <= 3600
    await redis.zadd(keys.HOMES, {"U0ANA": 1})
    await work.types("@ana", f"/jit done {request_id}")
    await work.reaches(request_id, State.COMPLETED)
    await stays(work, "@ana", view)


async def test_the_messages_tab_is_not_home(work):
    """Slack tells of both tabs."""
    await work.hands.do("home", user="@ana", tab="messages")
    await asyncio.sleep(0.3)
    assert {} == (await work.hands.look())["homes"]


async def test_somebody_whom_policy_does_not_know(work):
    """They are told, and see nothing of others."""
    await work.asks()
    await work.hands.do("user", user="@eve", real_name="Eve")
    view = await open_home(work, "@eve", "Policy does not know you")
    assert [] == offers(view)


@pytest.mark.parametrize("fault", ["error:ratelimited", "error:internal_error", "down"])
async def test_opened_on_a_bad_day(work, fault):
    """A Home that Slack does not take as it is opened comes by itself once Slack does."""
    await work.fault(fault, method="views.publish", seconds=0.7)
    await open_home(work, "@ben", "Nothing, at the moment")


async def test_slack_has_a_bad_day(work):
    """A Home that Slack does not take now is published when it does; cards are not held up by it."""
    await open_home(work, "@ben", "Nothing, at the moment")
    await work.fault("error:ratelimited", method="views.publish", count=3)
    request_id = await work.asks()
    await work.card(request_id)
    await home(work, "@ben", request_id, offering="jit_approve")


async def test_hundreds_of_pending_requests(workplace):
    """Somebody for whom 120 requests wait gets a valid Home that says how many more there are."""

    def eager(policy):
        policy["actions"]["prod-db-debug"]["resources"] = ["db-*"]

    async with at_work(workplace(eager)) as work:
        by = work.bot.policy().people["ana"]
        for number in range(120):
            wish = Wish(
                action="prod-db-debug", resource=f"db-{number}", reason="INC-7", delivery=f"d{number}"
            )
            await work.bot.workflow.request(wish, by)
        await open_home(
            work, "@ben", "Waiting for you (120)", "*110 more* wait for you", offering="jit_approve"
        )
        await open_home(work, "@ana", "What you asked for (120)", "*115 more*")


async def test_two_stages(work):
    """A request waits in the Home of those whose turn it is, and of nobody else."""
    request_id = await work.asks("@ana", "/jit request prod-db-migration orders-db 1h INC-9")
    await work.card(request_id, channel=PROD)
    assert "jit_approve" in offers(await open_home(work, "@chloe", request_id))
    assert "jit_approve" not in offers(await open_home(work, "@sam"))
    view = await home(work, "@chloe", offering="jit_approve")
    await clicks(work, "@chloe", view, "jit_approve", request_id)
    await home(work, "@sam", request_id, offering="jit_approve")
    await home(work, "@chloe", without="jit_approve")
