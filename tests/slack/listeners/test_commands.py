"""`/jit …`: every word that is typed gets an answer that says what was wrong and what would be right.

Nothing that is typed renders or pings, whatever it holds, and who may not see a request is told of it as of
one that does not exist.
"""

import pytest

from app.domain.request import State
from app.playground.hands import readable, told_directly, whispered
from tests.workplace import ASK, PROD, STAGING, at_work, cards, id_in, live_markup

ORDER = "The order is `/jit request ACTION RESOURCE 30m why`."
EVERY_ACTION = (
    "The actions are: enrol-factor, prod-config-change, prod-db-debug, prod-db-migration, prod-debug-session, "
    "prod-restart-container, prod-secrets-read, restart-container, sandbox-admin, sandbox-db-reset, "
    "staging-db-debug."
)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("nope orders-db 30m why", f"“nope” is not an action. {EVERY_ACTION}"),
        ("prod-db-debg orders-db 30m why", "“prod-db-debg” is not an action. Did you mean prod-db-debug?"),
        ("prod-db-debg", "“prod-db-debg” is not an action. Did you mean prod-db-debug?"),
        (
            "prod-db-debug ordersdb 30m why",
            "“ordersdb” is not a resource of prod-db-debug. Did you mean orders-db?",
        ),
        (
            "prod-db-debug nope 30m why",
            "“nope” is not a resource of prod-db-debug. It can be done to: orders-db, payments-db, users-db.",
        ),
        ("prod-db-debug orders-db 0 why", f"“0” is not a duration: write it like 30m, 2h or 1h30m. {ORDER}"),
        (
            "prod-db-debug orders-db 0m why",
            f"“0m” is no time at all: write a duration like 30m, 2h or 1h30m. {ORDER}",
        ),
        (
            "prod-db-debug orders-db -5m why",
            f"“-5m” is not a duration: write it like 30m, 2h or 1h30m. {ORDER}",
        ),
        (
            "prod-db-debug orders-db banana why",
            f"“banana” is not a duration: write it like 30m, 2h or 1h30m. {ORDER}",
        ),
        (
            "prod-db-debug orders-db 99d why",
            "99 days is too long: prod-db-debug is given for at most 4 h.",
        ),
        ("prod-db-debug orders-db 5h why", "5 h is too long: prod-db-debug is given for at most 4 h."),
        (
            "prod-db-debug orders-db 999999999d why",
            f"“999999999d” is more than a year: write a duration like 30m, 2h or 1h30m. {ORDER}",
        ),
        (
            "prod-config-change routing 5s why",
            "5 s is too short: prod-config-change is given for at least 1 min.",
        ),
        (
            "prod-db-debug orders-db 30m",
            "prod-db-debug needs a reason: say what you need it for, such as a ticket and a few words.",
        ),
        (
            "prod-db-debug orders-db 30m \u200b\n ",
            "prod-db-debug needs a reason: say what you need it for, such as a ticket and a few words.",
        ),
        (
            f"prod-db-debug orders-db 30m {'x' * 10_000}",
            "The reason has 10,000 characters, and 2,000 is the most: shorten it, and link to the rest.",
        ),
    ],
    ids=lambda text: text[:40],
)
async def test_what_cannot_be_asked(work, typed, said):
    """Each thing that cannot be asked is told by what is wrong and what would be right; nothing is created."""
    assert f"🚫 {said}" == await work.types("@ana", f"/jit request {typed}")
    assert [] == cards(await work.settled())


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("frobnicate", "I do not know “frobnicate”. `/jit help` lists what I do."),
        ("reqest", "I do not know “reqest”. Did you mean `/jit request`? `/jit help` lists what I do."),
        ("<@U0BEN>", "I do not know “&lt;@U0BEN&gt;”. `/jit help` lists what I do."),
        (
            "approve R02-4KX9TQZ",
            "`/jit approve` is not typed: use the buttons on the request's card, in its channel.",
        ),
        ("status", "Which request? Type `/jit status R07-4KX9TQZ`; `/jit list` shows the ids."),
        ("cancel", "Which request? Type `/jit cancel R07-4KX9TQZ`; `/jit list` shows the ids."),
        ("done", "Which request? Type `/jit done R07-4KX9TQZ`; `/jit list` shows the ids."),
        ("revoke", "Which request? Type `/jit revoke R07-4KX9TQZ`; `/jit list` shows the ids."),
        ("audit", "Which request? Type `/jit audit R07-4KX9TQZ`; `/jit list` shows the ids."),
        ("status <@U0BEN>", "“&lt;@U0BEN&gt;” is not a request id: they look like R07-4KX9TQZ."),
        ("done R99-4KX9TQZ", "“R99-4KX9TQZ” is not a request id: they look like R07-4KX9TQZ."),
        ("cancel R02-4KX9TQZ", "There is no request R02-4KX9TQZ that you may see. `/jit list` shows yours."),
        ("done r02-4kx9tqz", "There is no request R02-4KX9TQZ that you may see. `/jit list` shows yours."),
        (
            "revoke `R02-4KX9TQZ`",
            "There is no request R02-4KX9TQZ that you may see. `/jit list` shows yours.",
        ),
    ],
    ids=lambda text: text[:30],
)
async def test_mistyped(work, typed, said):
    """Unknown verbs, missing ids and ids that nobody has."""
    assert f"🚫 {said}" == await work.types("@ana", f"/jit {typed}")


@pytest.mark.parametrize("typed", ["", "help", "HELP", "  help  "])
async def test_help(work, typed):
    """`/jit` alone helps: every verb, and what can be asked for."""
    said = await work.types("@ana", f"/jit {typed}")

    for part in (
        "/jit request ACTION RESOURCE 30m why",
        "/jit list",
        "/jit digest",
        "prod-db-debug",
        "sandbox-",
    ):
        assert part in said


NASTY = (
    "<!channel> <!here> <@U0BEN> <#C0PROD> <https://example.com|orders> https://example.com *bold* _it_ ~no~ "
    "`code` a < b && c > d &lt;!channel&gt; @channel @ben :tada:"
)


async def test_markup_in_a_reason(work):
    """A reason is shown as it was typed, pings nobody and renders nothing: on the card, in the list, anywhere."""
    request_id = await work.asks(command=f"/jit request prod-db-debug orders-db 30m {NASTY}")

    assert NASTY == (await work.request(request_id)).reason
    card = await work.card(request_id)
    assert NASTY in readable(card)
    allowed = {"<@U0ANA>", "<@U0BEN>", "<@U0CHLOE>"}
    assert set(live_markup(card)) <= allowed
    assert "<@U0BEN> <#C0PROD>" not in card["text"]
    await work.types("@ana", f"/jit status {request_id}")
    await work.types("@ana", "/jit list")
    state = await work.settled()
    for message in [*whispered(state, "@ana"), *told_directly(state, "@ana")]:
        assert [] == live_markup(message)


async def test_a_reason_that_fakes_a_card(work):
    """Lines that look like a card's stay within the quotation of what the person wrote."""
    fake = "x\n*Approved by Ben Okafor.* Access is live.\n*Risk*\n🟢 low"
    request_id = await work.asks(command=f"/jit request prod-db-debug orders-db 30m {fake}")

    card = await work.card(request_id)
    holding = [block["type"] for block in card["blocks"] if "Approved by Ben" in str(block)]
    assert ["rich_text"] == holding
    quoted = next(block for block in card["blocks"] if block["type"] == "rich_text")
    assert ["rich_text_quote"] == [element["type"] for element in quoted["elements"]]


async def test_markup_in_comments(work):
    """What is said when denying and when revoking pings nobody and stays on one line."""
    said = "no <!channel>\n*Approved by Ben*"
    request_id = await work.asks()
    await work.clicks("@ben", await work.card(request_id, offering="jit_deny"), "jit_deny")
    await work.hands.submits("@ben", await work.view("@ben", "jit_deny_reason"), {"comment": said})
    await work.card(request_id, "Denied by Ben Okafor")
    live = await work.goes_live("/jit request prod-db-debug users-db 10m again")
    await work.types("@chloe", f"/jit revoke {live} {said}")
    await work.card(live, "Revoked by Chloe Martin", "Access is gone")

    state = await work.settled()
    for channel in state["channels"]:
        for message in channel["messages"]:
            assert set(live_markup(message)) <= {"<@U0ANA>"}
    for message in told_directly(state, "@ana"):
        assert [] == live_markup(message)
        assert "\n*Approved by Ben*" not in readable(message)


async def test_nobody_in_the_policies(work):
    """A member whom policy does not name is told by which id to be added, before a form is filled in vain."""
    await work.hands.do("user", user="@eve", real_name="Eve Stone")
    await work.hands.do("invite", user="@eve", channel="#general")
    told = "🚫 Policy does not know you (Slack user U0EVE). Ask security to add you to the people in the policies."

    for typed in (ASK, "/jit request", "/jit list", "/jit status R02-4KX9TQZ", "/jit digest"):
        assert told == await work.types("@eve", typed)
    assert [] == cards(await work.settled())


@pytest.mark.parametrize("verb", ["status", "audit"])
async def test_a_stranger_sees_nothing(work, verb):
    """Of somebody else's request a stranger is told no more than of one that does not exist."""
    request_id = await work.asks()

    of_this = await work.types("@dev", f"/jit {verb} {request_id}")
    of_none = await work.types("@dev", f"/jit {verb} R02-4KX9TQZ")

    assert of_none == of_this.replace(request_id, "R02-4KX9TQZ")
    assert "🚫" in of_this


async def test_who_sees_a_status(work):
    """Requester, approvers and security see it in full."""
    request_id = await work.asks()

    for user in ("@ana", "@ben", "@chloe", "@sam"):
        said = await work.types(user, f"/jit status {request_id.lower()}")
        for part in (request_id, "Waiting for approval", "INC-7", "prod-db-debug", "30 min"):
            assert part in said


async def test_list(work):
    """The list holds what is mine and what waits for me, and nothing of others."""
    assert "You have asked for nothing yet" in await work.types("@ana", "/jit list")
    request_id = await work.asks()

    assert request_id in await work.types("@ana", "/jit list")
    waiting = await work.types("@ben", "/jit list")
    assert "Waiting for your decision" in waiting
    assert request_id in waiting
    for stranger in ("@dev", "@sam"):
        assert request_id not in await work.types(stranger, "/jit list")


async def test_cancel(work):
    """The requester takes it back; the card loses its buttons, and a second time is told so."""
    request_id = await work.asks()

    assert f"↩️ `{request_id}` is cancelled." == await work.types("@ana", f"/jit cancel {request_id}")
    await work.card(request_id, "Cancelled by Ana Ruiz", without="jit_approve")
    again = await work.types("@ana", f"/jit cancel {request_id}")
    assert f"🚫 {request_id} was cancelled by Ana Ruiz, so there is nothing to cancel any more." == again


async def test_done(work):
    """Done by command ends it as the button does."""
    request_id = await work.goes_live()

    assert f"`{request_id}`" in await work.types("@ana", f"/jit done {request_id}")
    await work.reaches(request_id, State.COMPLETED)
    again = await work.types("@ana", f"/jit done {request_id}")
    assert (
        f"🚫 The access of {request_id} is over: Ana Ruiz gave it back, so there is nothing to give back any more."
        == again
    )


async def test_revoke(work):
    """An approver revokes by command and says why; the requester reads it."""
    request_id = await work.goes_live()

    await work.types("@chloe", f"/jit revoke {request_id} wrong database & too long")

    await work.card(request_id, "Revoked by Chloe Martin", "wrong database &amp; too long", "Access is gone")
    await work.told("@ana", "has ended", "Revoked by Chloe Martin", "wrong database")
    assert not await work.bot.store.has_grant(request_id)


async def test_permissions(work):
    """Audit and digest are for those whom policy names; the others are told which permission it takes."""
    for verb in ("audit R02-4KX9TQZ", "digest"):
        said = await work.types("@ben", f"/jit {verb}")
        name = verb.split()[0]
        assert (
            f"🚫 Policy does not let you do this: it takes the permission “{name}”. "
            "Ask security, or whoever reviews the policies, if you need it."
        ) == said
    assert "The audit log has no request R02-4KX9TQZ." in await work.types("@sam", "/jit audit R02-4KX9TQZ")


async def test_audit_of_a_factor_and_a_delegation(work):
    """Ids of factors and delegations have stories too, by their letter; what is none is told apart."""
    for letter, word in {"F": "second factor", "D": "delegation"}.items():
        said = await work.types("@sam", f"/jit audit {letter}02-4kx9tqz")
        assert f"The audit log has no {word} {letter}02-4KX9TQZ." in said
    await work.types("@ben", "/jit delegate @chloe for 3d")
    await work.settled()
    entry = next(each for each in work.bot.audit_log.latest(50) if each.event.kind == "delegated")
    assert "decide for them" in await work.types("@sam", f"/jit audit {entry.event.request_id}")
    assert "Policy does not let you" in await work.types("@ana", f"/jit audit {entry.event.request_id}")
    assert "is not an id" in await work.types("@sam", "/jit audit X02-4KX9TQZ")


async def test_audit(work):
    """Security reads the whole story: who asked, why, which rule, who decided, what was given and taken back."""
    request_id = await work.goes_live()
    await work.types("@ana", f"/jit done {request_id}")
    await work.reaches(request_id, State.COMPLETED)
    await work.settled()

    said = await work.types("@sam", f"/jit audit {request_id}")

    for part in ("Ana Ruiz", "INC-7", "prod-db-debug", "Ben Okafor"):
        assert part in said


async def test_auto_approved(work):
    """A template is answered at once, and is as visible to security as what was asked."""
    said = await work.types("@dev", "/jit request restart-container checkout 10m It hangs")

    assert "✅ Approved at once" in said
    card = await work.card(id_in(said), "Approved automatically", "Access is live", channel=STAGING)
    assert "staging-restart" in readable(card)


async def test_denied_by_policy(work):
    """Who is denied by policy reads which rule says what, and no card troubles anybody."""
    said = await work.types("@ana", "/jit request prod-db-debug payments-db 2h INC-9")

    assert said.startswith(
        f"❌ Policy denies *prod-db-debug* on `payments-db` for 2 h (`{id_in(said)}`): Nobody works on payments-db"
    )
    assert "Ask for 1 h or less" in said
    assert [] == cards(await work.settled(), PROD)
    assert ["requested"] == await work.events(id_in(said))


async def test_no_rule(work):
    """Where nothing allows it, that is what is said."""
    said = await work.types("@sam", "/jit request prod-db-debug orders-db 30m curious")

    denied = (
        f"❌ Policy denies *prod-db-debug* on `orders-db` for 30 min (`{id_in(said)}`): no rule allows it"
    )
    assert said.startswith(denied)


async def test_long_names_fit(workplace):
    """The longest policy that is allowed still gives help that Slack takes."""

    def many(policy):
        for number in range(60):
            policy["actions"][f"action-{number}"] = {
                "title": f"{'W' * 70} {number}",
                "environment": "sandbox",
                "resources": [f"{'r' * 120}-{n}" for n in range(6)],
                "default": "30m",
                "longest": "1h",
            }

    async with at_work(workplace(many)) as work:
        said = await work.types("@ana", "/jit help")
        assert "/jit request" in said
