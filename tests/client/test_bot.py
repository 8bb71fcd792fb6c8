"""Contract: what a service hears from the bot is a plain yes or no, in time; everything else lets nobody through.

A redirect, a page, a failure, a drip, a flood, half an answer and none at all are the same to it: CannotTell. So is a
token that is refused: that the service may not ask is no answer about a person.
"""

import asyncio
import gzip
import os
from datetime import UTC, datetime

import pytest

from app.client import BotGrants, CannotTell, Held, Need
from tests.client.away import http, within
from tests.client.conftest import NEED

TOKEN = f"jit_{'a' * 10}_{'b' * 32}"
ENDS = "2026-03-02T10:00:00Z"
YES = {"allowed": True, "grant": "R07-4KX9TQZ", "ends_at": ENDS, "single_use": False}
USED = {
    "consumed": True, "grant": "R07-4KX9TQZ", "subject": {"id": "ana", "name": "Ana"},
    "action": "prod-db-debug", "resource": "orders-db", "used_by": "checkout-gateway",
}  # fmt: skip
ONCE = Held("R07-4KX9TQZ", datetime(2026, 3, 2, 10, tzinfo=UTC), single_use=True)
GARBAGE = {
    "server error": http(500, {"detail": "bug"}),
    "bad gateway, as a page": http(502, b"<html>", "text/html"),
    "yes with a failure": http(500, YES),
    "yes with a no": http(403, YES),
    "yes of a strange status": http(299, YES),
    "redirect to a yes": http(307, YES, Location="/v1/grants/check"),
    "token refused": http(401, {"code": "token_refused"}, "application/problem+json"),
    "scope missing": http(403, {"code": "scope_missing"}, "application/problem+json"),
    "too many": http(429, {"code": "too_many"}, "application/problem+json"),
    "text": http(200, b"allowed: true", "text/plain"),
    "yes as a page": http(200, YES, "text/html"),
    "half a document": http(200, b'{"allowed": tr'),
    "a list": http(200, [YES]),
    "deep": http(200, b'{"a":' + b"[" * 30_000),
    "truthy": http(200, YES | {"allowed": "true"}),
    "one": http(200, YES | {"allowed": 1}),
    "no answer in it": http(200, {}),
    "falsy": http(200, {"allowed": None}),
    "no grant": http(200, YES | {"grant": None}),
    "another grant's form": http(200, YES | {"grant": "../requests"}),
    "no end": http(200, YES | {"ends_at": None}),
    "no zone": http(200, YES | {"ends_at": "2026-03-02T10:00:00"}),
    "unsure of its use": http(200, YES | {"single_use": None}),
    "flood": http(200, b" " * 70_000),
    "packed": http(200, gzip.compress(b'{"allowed": false}'), Content_Encoding="gzip"),
    "redirect to nowhere": http(307, YES, Location="https://[x"),
    "no HTTP": b"SSH-2.0-OpenSSH\r\n\r\n",
    "hangs up": b"close",
    "hangs up at once": None,
    "hangs up within": b'HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"close"',
    "two lengths": b"HTTP/1.1 200 X\r\nContent-Length: 2\r\nContent-Length: 80\r\n\r\n{}",
}


def asking(url, timeout=20.0):
    return BotGrants(url, TOKEN, timeout=timeout)


@pytest.mark.parametrize("what", GARBAGE)
async def test_what_is_no_answer(misbehaving, what):
    """It is neither yes nor no, whichever way it is waited for."""
    server = misbehaving(GARBAGE[what])
    with pytest.raises(CannotTell):
        await asyncio.to_thread(asking(server.url).check, NEED)
    with pytest.raises(CannotTell):
        await asking(server.url).check_async(NEED)
    assert all(call.startswith(b"GET /v1/grants/check?subject=ana&") for call in server.calls)


async def test_a_plain_answer(misbehaving):
    """Yes is yes, with the grant; no is no. The same connection is used again."""
    server = misbehaving(http(200, YES), http(200, {"allowed": False}))
    bot = asking(server.url)
    held = Held("R07-4KX9TQZ", datetime(2026, 3, 2, 10, tzinfo=UTC))
    assert [held, None] == [await bot.check_async(NEED) for _ in range(2)]
    assert [None, None] == [await asyncio.to_thread(bot.check, NEED) for _ in range(2)]
    await bot.aclose()


@pytest.mark.parametrize("how", [{"pause": 60}, {"drip": 0.2}], ids=["silent", "dripping"])
async def test_a_slow_bot(misbehaving, how):
    """A call ends when its time is up, whether nothing comes or the answer byte for byte."""
    server = misbehaving(http(200, YES), **how)
    is_in_time = within(15)
    with pytest.raises(CannotTell):
        await asyncio.to_thread(asking(server.url, 0.5).check, NEED)
    with pytest.raises(CannotTell):
        await asking(server.url, 0.5).check_async(NEED)
    assert is_in_time()


async def test_a_head_that_drips(misbehaving):
    """Beside other things a call ends in time then too."""
    server = misbehaving(b"\r\n\r\n" + http(200, YES), drip=0.2)
    is_in_time = within(15)
    with pytest.raises(CannotTell):
        await asking(server.url, 0.5).check_async(NEED)
    assert is_in_time()


def test_one_event_loop_after_another(misbehaving):
    """Connections of a loop that is over are no other loop's, and nothing of it is kept."""
    server = misbehaving(http(200, {"allowed": False}))
    bot = asking(server.url)
    assert [None] * 3 == [asyncio.run(bot.check_async(NEED)) for _ in range(3)]
    assert 1 == len(bot._http._beside)


def test_a_child_of_this_process(misbehaving):
    """A connection that is kept open is not the child's too: each would read the other's answers."""
    server = misbehaving(http(200, {"allowed": False}))
    bot = asking(server.url)
    assert bot.check(NEED) is None
    used = server.connections
    assert bot.check(NEED) is None
    assert used == server.connections
    child = os.fork()
    if child == 0:  # nothing of the test runner's may run here
        try:
            os._exit(0 if bot.check(NEED) is None else 1)
        finally:
            os._exit(2)
    assert (child, 0) == os.waitpid(child, 0)
    assert used + 1 == server.connections
    assert bot.check(NEED) is None
    assert used + 1 == server.connections
    bot.close()


async def test_one_that_is_closed(misbehaving):
    """Whoever asks with what was closed hears that nobody knows."""
    bot = asking(misbehaving(http(200, YES)).url)
    bot.close()
    with pytest.raises(CannotTell):
        await asyncio.to_thread(bot.check, NEED)


async def test_nobody_there():
    """A closed port is no answer."""
    bot = asking("http://127.0.0.1:1")
    for ask in (asyncio.to_thread(bot.check, NEED), bot.check_async(NEED)):
        with pytest.raises(CannotTell):
            await ask


async def test_a_connection_that_was_closed(misbehaving):
    """One that was kept open and is closed meanwhile is opened anew; a use is never sent twice."""
    server = misbehaving(http(200, YES, Connection="keep-alive"), None, http(200, YES), None)
    bot = asking(server.url)
    for _ in range(2):
        assert "R07-4KX9TQZ" == (await bot.check_async(NEED)).grant
    with pytest.raises(CannotTell):
        await bot.consume_async(ONCE, NEED)
    assert [b"GET", b"GET", b"GET", b"POST"] == [call[:4].strip() for call in server.calls]
    await bot.aclose()


async def test_a_connection_that_was_closed_in_a_thread(misbehaving):
    """The same, waiting in a thread."""
    server = misbehaving(http(200, YES), None, http(200, YES), None)
    bot = asking(server.url)
    for _ in range(2):
        assert "R07-4KX9TQZ" == (await asyncio.to_thread(bot.check, NEED)).grant
    with pytest.raises(CannotTell):
        await asyncio.to_thread(bot.consume, ONCE, NEED)
    assert 4 == len(server.calls)
    await bot.aclose()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (http(200, USED), True),
        (http(409, {"code": "already_used"}, "application/problem+json"), False),
        (http(409, {"code": "wrong_state"}, "application/problem+json"), False),
        (http(404, {"code": "unknown_request"}, "application/problem+json"), False),
        (http(404, {"code": "unknown_path"}, "application/problem+json"), None),
        (http(404, {"code": "unknown_request"}), None),
        (http(409, {"code": "not_single_use"}, "application/problem+json"), None),
        (http(503, {"code": "busy"}, "application/problem+json"), None),
        (http(200, USED | {"consumed": 1}), None),
        (http(200, USED | {"grant": "R07-4KX9TQ0"}), None),
        (http(200, USED | {"subject": {"id": "ben"}}), None),
        (http(200, USED | {"subject": "ana"}), None),
        (http(200, USED | {"action": "prod-db-drop"}), None),
        (http(200, USED | {"resource": "users-db"}), None),
        (http(200, {}), None),
    ],
    ids=lambda value: str(value)[:60] if not isinstance(value, bytes) else value[-60:].decode(),
)
async def test_a_use(misbehaving, answer, expected):
    """It is a use of this grant, by this person, for this; or somebody was quicker; or nobody knows."""
    bot = asking(misbehaving(answer).url)
    for use in (asyncio.to_thread(bot.consume, ONCE, NEED), bot.consume_async(ONCE, NEED)):
        if expected is None:
            with pytest.raises(CannotTell):
                await use
        else:
            assert expected is await use


async def test_what_people_chose_stays_in_its_place(misbehaving):
    """A resource cannot add a parameter, end the path, or add a header."""
    server = misbehaving(http(200, {"allowed": False}))
    await asking(server.url).check_async(Need("ana", "a", "x&subject=ben#/ %0d%0aé"))
    line, *headers = server.calls[0].decode("ascii").split("\r\n")
    wanted = "subject=ana&action=a&resource=x%26subject%3Dben%23%2F%20%250d%250a%C3%A9"
    assert f"GET /v1/grants/check?{wanted} HTTP/1.1" == line
    named = {"Host", "Connection", "User-Agent", "Accept", "Accept-Encoding", "Authorization"}
    assert named == {header.partition(":")[0] for header in headers if header}


@pytest.mark.parametrize(
    "url",
    ["http://jit.example.com", "ftp://127.0.0.1", "https://u:p@jit.example.com", "https://jit.example.com?a=b", "jit",
     "https://jit.example.com/\r\nX: y", "https://jit.example.com/\r\nX:y", "http://127.0.0.1.example.com", "https://",
     "http://127.0.0.1\\@jit.example.com", "https://[::1", "https://jit.example.com:x", ""],
)  # fmt: skip
def test_addresses_that_are_not_safe(url):
    """A token is sent by TLS, or to this machine."""
    with pytest.raises(ValueError, match="bot's address"):
        BotGrants(url, TOKEN)


@pytest.mark.parametrize("token", ["", "secret", f"{TOKEN}\r\nX: y", f" {TOKEN}", "xoxb-1"])
def test_tokens_that_are_none(token):
    """What is no token of the bot's is sent to nobody, and not repeated."""
    with pytest.raises(ValueError, match="jit token create") as told:
        BotGrants("https://jit.example.com", token)
    assert not token or token not in str(told.value)


# -- the real bot ----------------------------------------------------------------------------------------


async def test_the_bot_itself(live):
    """What the real bot says of a live grant and of everything near it."""
    for check in (live.bot.check_async, lambda need: asyncio.to_thread(live.bot.check, need)):
        held = await check(NEED)
        assert (live.grant, False, False) == (held.grant, held.single_use, held.offline)
        assert [None] * 3 == [
            await check(Need(*near))
            for near in (("ben", "prod-db-debug", "orders-db"), ("ana", "prod-db-migration", "orders-db"),
                         ("ana", "prod-db-debug", "orders-db "))
        ]  # fmt: skip
    await live.ana.verb(live.grant, "done")
    assert await live.bot.check_async(NEED) is None


async def test_one_use(one_use):
    """Of twenty who use it at once through the client, one does."""
    held = await one_use.bot.check_async(NEED)
    assert held.single_use
    uses = [one_use.bot.consume_async(held, NEED) for _ in range(10)]
    uses += [asyncio.to_thread(one_use.bot.consume, held, NEED) for _ in range(10)]
    assert [True] == [used for used in await asyncio.gather(*uses) if used]


async def test_a_token_that_is_revoked(live):
    """A service whose token has ended knows nothing of anybody."""
    [token] = await live.api.work.bot.tokens.of("checkout-gateway")
    await live.api.work.bot.tokens.end(token, "sam")
    with pytest.raises(CannotTell) as told:
        await live.bot.check_async(NEED)
    assert "the bot answered with HTTP 401 token_refused" == told.value.why
