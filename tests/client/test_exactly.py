"""Contract: what a service is about to do has the digest that the bot has made of it, or is refused as the bot would.

A call that does one exact thing is let through by a grant for that, or for all; never by one for something else, by an
offline token, or because its parameters were not found. Who is not let through reads what to send to ask for just that.
"""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.client import (
    Asking,
    CannotTell,
    GrantMiddleware,
    Held,
    NobodysNeed,
    NotGranted,
    OfflineTokens,
    RequiresGrant,
    TokenRefused,
)
from app.client import WsgiGrantMiddleware as ForWsgi
from app.client.exactly import exactly_command, exactly_parameters
from app.client.need import Need, NoNeed
from app.domain.binding import bind_command, bind_parameters
from app.domain.refusals import BadInput
from app.web.api.models import Ask
from tests.client.away import http
from tests.client.test_bot import ONCE, USED, asking
from tests.client.test_guard import Asked
from tests.web.callers import at_once

ACTION = "prod-db-debug"
PAYOUT = {"order": "A-17", "amount": 120}
COMMAND = ["psql", "orders", "-c", "REINDEX TABLE carts"]
DIGEST = bind_parameters(PAYOUT).digest
TEXTS = st.text(max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.characters(categories=["Cs"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def digest_by(bind, what):
    try:
        return bind(what).digest
    except (BadInput, NoNeed):
        return None


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
@example({})
@example({"a": 2**53})
@example({"a": json.loads("[" * 40 + "]" * 40)})
@example({"a": "x" * 9000})
@example({"\ud800": 1})
def test_parameters_are_what_they_are_to_the_bot(parameters):
    """The same digest, or none on both sides."""
    assert digest_by(bind_parameters, parameters) == digest_by(exactly_parameters, parameters)


@given(st.lists(TEXTS, max_size=6))
@example(["x"] * 257)
@example(["\ud800"])
@example(["", "x"])
def test_commands_too(words):
    """The same for the words of a command."""
    assert digest_by(bind_command, words) == digest_by(exactly_command, words)


@pytest.mark.parametrize(
    "what",
    [None, [], "order=1", {"a": Decimal(1)}, {"a": datetime(2026, 3, 2, tzinfo=UTC)}, {"a": b"x"}, {1: 2},
     {"a": {1: 2}}, {"a": [{1}]}],
    ids=["none", "list", "text", "decimal", "moment", "bytes", "key", "inner-key", "set"],
)  # fmt: skip
def test_what_json_has_not(what):
    """A service that gives it is told where it has to be made text: it is no mistake of the caller's."""
    with pytest.raises(TypeError, match="parameters"):
        exactly_parameters(what)
    for words in ("psql orders", [1], [None], {"a": 1}, None):
        with pytest.raises(TypeError, match="command"):
            exactly_command(words)


def payouts(grants, **how):
    """A sync and an async function that take a grant for exact parameters."""
    requires_grant = RequiresGrant(grants, subject=lambda call: call["user"], **how)

    @requires_grant(ACTION, resource=lambda call: "orders-db", parameters=["order", "amount"])
    def pay(user, order, amount=120):
        return "paid"

    @requires_grant(
        ACTION,
        resource=lambda call: "orders-db",
        parameters=lambda call: {"order": call["order"], "amount": call["amount"]},
    )
    async def pay_async(user, order, amount=120):
        return "paid"

    return pay, pay_async


async def each_way(grants, *args):
    """Call both; gives what each gave or raised."""
    pay, pay_async = payouts(grants)
    return await asyncio.gather(asyncio.to_thread(pay, *args), pay_async(*args), return_exceptions=True)


async def test_by_the_bot_and_in_its_redis(live):
    """Approved parameters are let through, others are not, and those approved for others permit nobody."""
    await live.ana.verb(live.grant, "done")
    await live.api.live(live.ana, live.ben, parameters=PAYOUT)
    for grants in (live.bot, live.in_redis):
        assert ["paid"] * 2 == await each_way(grants, "ana", "A-17")
        for args in (("ana", "A-17", 121), ("ana", "A-17", "120"), ("ana", "A-18"), ("ben", "A-17")):
            assert [NotGranted] * 2 == [type(each) for each in await each_way(grants, *args)]
    free = await live.api.live(live.ana, live.ben)
    for grants in (live.bot, live.in_redis):
        assert ["paid"] * 2 == await each_way(grants, "ana", "A-18")
    await live.ana.verb(free, "done")
    assert [NotGranted] * 2 == [type(each) for each in await each_way(live.in_redis, "ana", "A-18")]


async def test_what_is_told(live):
    """That there is a grant for something else, and what to send for this; sent as it stands, it is one for this."""
    await live.ana.verb(live.grant, "done")
    await live.api.live(live.ana, live.ben, parameters=PAYOUT)
    for refused in await each_way(live.bot, "ana", "A-18"):
        document = json.loads(refused.body)
        assert (403, "grant_needed") == (refused.status, document["code"])
        assert document["detail"].startswith(
            "There is a grant, but for another command or other parameters than these (`command` or `parameters` of "
            "POST /v1/requests). Ask for one: `/jit request prod-db-debug orders-db 30m REASON` in Slack"
        )
        assert document["detail"].endswith(
            "For these parameters alone send `request.api` to the bot: POST /v1/requests."
        )
        wanted = document["request"]["api"]
        assert {
            "action": ACTION, "resource": "orders-db", "duration": "30m", "reason": "REASON",
            "parameters": {"order": "A-18", "amount": 120},
        } == wanted  # fmt: skip
    await live.api.live(live.ana, live.ben, **wanted)
    assert ["paid"] * 2 == await each_way(live.bot, "ana", "A-18")
    for refused in await each_way(live.in_redis, "ana", "A-19"):
        assert refused.detail.startswith("There is no live grant for this. Ask")
        assert "A-19" == refused.document["request"]["api"]["parameters"]["order"]


async def test_a_call_that_names_none(live):
    """Where a grant is for one exact command, a call that says none is told so, and has no body to send."""
    await live.ana.verb(live.grant, "done")
    await live.api.live(live.ana, live.ben, command=COMMAND)
    guard = RequiresGrant(live.bot, subject=lambda call: "ana")
    for let in (
        asyncio.to_thread(guard.let, ACTION, "ana", "orders-db"),
        guard.let_async(ACTION, "ana", "orders-db"),
    ):
        with pytest.raises(
            NotGranted, match=r"for one exact command or parameters alone .* this call names none"
        ) as told:
            await let
        assert {"slack", "command"} == set(told.value.document["request"])
    assert (await guard.let_async(ACTION, "ana", "orders-db", command=tuple(COMMAND))).grant


async def test_one_use(one_use):
    """Of twenty calls that race for a use of exact parameters one runs; others use nothing up."""
    await one_use.ana.verb(one_use.grant, "done")
    await one_use.api.live(one_use.ana, one_use.ben, parameters=PAYOUT)
    for grants in (one_use.bot, one_use.in_redis):
        assert [NotGranted] * 2 == [type(each) for each in await each_way(grants, "ana", "A-18")]
    pay, pay_async = payouts(one_use.in_redis)

    async def tried(call):
        try:
            return await call
        except NotGranted:
            return None

    calls = [pay_async("ana", "A-17") for _ in range(10)]
    calls += [asyncio.to_thread(pay, "ana", "A-17") for _ in range(10)]
    assert ["paid"] == [said for said in await at_once(tried(call) for call in calls) if said]


async def test_what_the_bot_is_sent(misbehaving):
    """The digest stands in the question and in the body of a use; without one neither is said."""
    server = misbehaving(http(200, {"allowed": False}), http(200, USED), http(200, USED))
    bot, need = asking(server.url), Need("ana", ACTION, "orders-db", DIGEST)
    await bot.check_async(need)
    await bot.consume_async(ONCE, need)
    await bot.consume_async(ONCE, Need("ana", ACTION, "orders-db"))
    asked, used, without = (call.decode() for call in server.calls)
    assert f"&digest={DIGEST} HTTP/1.1" in asked
    assert f'{{"digest": "{DIGEST}"}}' == used.partition("\r\n\r\n")[2]
    assert ("Content-Length: 0" in without, "Content-Type" in without) == (True, False)
    await bot.aclose()


@pytest.mark.parametrize("code", ["digest_needed", "digest_mismatch"])
async def test_a_use_for_something_else(misbehaving, code):
    """A use that the bot refuses so is not granted; as anything but a problem of its own it is no answer."""
    said = http(403, {"code": code}, "application/problem+json")
    for use in (
        asyncio.to_thread(asking(misbehaving(said).url).consume, ONCE, Need("ana", ACTION, "orders-db")),
    ):
        with pytest.raises(NotGranted, match="There is a grant, but for"):
            await use
    for no_answer in (http(403, {"code": code}), http(200, {"code": code}, "application/problem+json")):
        with pytest.raises(CannotTell):
            await asking(misbehaving(no_answer).url).check_async(Need("ana", ACTION, "orders-db"))


@pytest.mark.parametrize("digest", ["0" * 64, [DIGEST], 0, "", DIGEST[:-1]], ids=str)
async def test_a_yes_to_something_else(misbehaving, digest):
    """A yes with another digest than was asked for is no answer."""
    yes = {"allowed": True, "grant": "R07-4KX9TQZ", "ends_at": "2026-03-02T10:00:00Z", "single_use": False}
    for asked in (DIGEST, ""):
        bot = asking(misbehaving(http(200, yes | {"digest": digest})).url)
        with pytest.raises(CannotTell):
            await bot.check_async(Need("ana", ACTION, "orders-db", asked))


async def test_no_token_will_do():
    """An offline token says nothing of parameters, so that a call that takes exact ones is not let through by it."""
    offline = OfflineTokens("https://jit.example.com", "billing-api")
    guard = RequiresGrant(Asked(), subject=lambda call: "ana", offline=offline)
    with pytest.raises(TokenRefused, match="does not say for which parameters"):
        guard.let(ACTION, "ana", "orders-db", "a.b.c", parameters=PAYOUT)
    with pytest.raises(TokenRefused, match="does not say for which command"):
        await guard.let_async(ACTION, "ana", "orders-db", "a.b.c", command=COMMAND)
    assert guard.let(ACTION, "ana", "orders-db", None, parameters=PAYOUT)


async def test_what_no_grant_can_be_for():
    """It is refused before it is looked up, and not repeated."""
    asked = Asked()
    for order in ("x" * 9000, "half a \ud800", 2**60, json.loads("[" * 40 + "]" * 40)):
        for refused in await each_way(asked, "ana", order):
            assert (NobodysNeed, 403) == (type(refused), refused.status)
            assert "The parameters are none that a grant can be for." in refused.detail
            assert len(refused.body) < 1000
    assert [] == asked.needs


async def test_parameters_that_are_not_found():
    """A callable that gives none lets nobody through: a call without is another one than is guarded."""
    asked = Asked()
    requires_grant = RequiresGrant(asked, subject=lambda call: "ana")
    for gives, raised in ((None, TypeError), ({}, NobodysNeed), ("order", TypeError)):
        how = {"resource": lambda call: "x", "parameters": lambda call, gives=gives: gives}
        with pytest.raises(raised):
            requires_grant(ACTION, **how)(lambda: "ran")()
    for gives, raised in ((None, TypeError), ([], NobodysNeed), ([""], NobodysNeed), ("psql", TypeError)):
        with pytest.raises(raised):
            requires_grant(ACTION, resource=lambda call: "x", command="words")(lambda words: "ran")(gives)
    assert [] == asked.needs


async def test_async_callables():
    """Parameters may be waited for above async functions alone."""
    asked = Asked()

    async def later(call):
        await asyncio.sleep(0)
        return PAYOUT

    def above(function):
        return RequiresGrant(asked, subject=lambda call: "ana")(
            ACTION, resource=lambda call: "x", parameters=later
        )(function)

    async def paid():
        return "paid"

    assert "paid" == await above(paid)()
    with pytest.raises(TypeError, match="above async functions"):
        above(lambda: "paid")()
    assert [DIGEST] == [need.digest for need in asked.needs]


def test_where_it_is_written():
    """Names that are no argument's, a text in place of names, and both at once are told there."""
    requires_grant = RequiresGrant(Asked(), subject=lambda call: call["user"])
    for how, why in (
        ({"parameters": ["order", "total"]}, "arguments are: user, order"),
        ({"parameters": "order"}, "names of arguments"),
        ({"parameters": []}, "names of arguments"),
        ({"command": "words"}, "arguments are: user, order"),
        ({"command": "order", "parameters": ["order"]}, "give one of both"),
    ):
        with pytest.raises(TypeError, match=why):
            requires_grant(ACTION, resource="order", **how)(lambda user, order: None)
    guard = requires_grant
    with pytest.raises(TypeError, match="give one of both"):
        guard.let(ACTION, "ana", "x", command=COMMAND, parameters=PAYOUT)
    for middleware in (GrantMiddleware, ForWsgi):
        for how in ({"parameters": ["order"]}, {"command": COMMAND}, {"parameters": print, "command": print}):
            with pytest.raises(TypeError):
                middleware(None, guard, action=ACTION, resource=lambda scope: "x", **how)
        with pytest.raises(TypeError):
            middleware(None, parameters=lambda scope: PAYOUT)
    for digest in ("x", DIGEST.upper(), DIGEST[:-1], DIGEST + "\n", None, 1):
        with pytest.raises(NoNeed):
            Need("ana", ACTION, "x", digest)


class ForOne:
    """Grants of Ana's for one exact thing."""

    def __init__(self, digest):
        self.digest = digest

    def check(self, need):
        is_right = (need.subject, need.digest) == ("ana", self.digest)
        return Held("R07-4KX9TQZ", datetime.now(UTC) + timedelta(hours=1)) if is_right else None

    async def check_async(self, need):
        return self.check(need)


async def test_the_middlewares():
    """Both ask for what their callables give of each call."""
    guard = RequiresGrant(ForOne(DIGEST), subject=lambda call: "ana")
    how = {
        "action": ACTION,
        "resource": lambda call: "x",
        "parameters": lambda call: json.loads(call["said"]),
    }

    async def page(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def by_asgi(said):
        sent = []

        async def send(message):
            sent.append(message)

        await GrantMiddleware(page, guard, **how)({"type": "http", "said": said}, None, send)
        return sent[0]["status"], sent[-1].get("body", b"")

    def by_wsgi(said):
        sent = []
        web = ForWsgi(lambda environ, start: start("200 OK", []) or [b""], guard, **how)
        body = web({"said": said}, lambda line, headers: sent.append(int(line[:3])))
        return sent[0], b"".join(body)

    for status, said in (
        (200, '{"amount": 120, "order": "A-17"}'),
        (403, '{"amount": 121, "order": "A-17"}'),
    ):
        for got, body in (await by_asgi(said), by_wsgi(said)):
            assert status == got
            assert status == 200 or json.loads(said) == json.loads(body)["request"]["api"]["parameters"]
    by_command = {"action": ACTION, "resource": lambda call: "x", "command": lambda call: call["said"]}
    guard = RequiresGrant(ForOne(bind_command(COMMAND).digest), subject=lambda call: "ana")
    web = ForWsgi(lambda environ, start: start("200 OK", []) or [b""], guard, **by_command)
    for said, wanted in ((COMMAND, "200"), (COMMAND[:-1], "403")):
        lines = []
        web({"said": said}, lambda line, headers, lines=lines: lines.append(line))
        assert wanted == lines[0][:3]


def test_it_can_be_asked_for():
    """The body that is told is one that the bot's API takes."""
    Ask.model_validate(Asking().sent(ACTION, "orders-db") | {"parameters": PAYOUT})
