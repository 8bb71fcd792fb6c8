"""Contract: what `@requires_grant` stands above runs only for somebody who has a grant for it, whoever says what.

Who calls is what the service's own callable says, never what a header does. Values that no grant can be for are refused
before they are looked up, and not repeated; what is repeated is safe to paste. When nobody knows, nothing runs.
"""

import asyncio
import functools
import json
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.client import (
    Asking,
    CannotTell,
    Held,
    NobodysNeed,
    NotGranted,
    RedisGrants,
    Refused,
    RequiresGrant,
)
from app.client.asking import PLAIN
from app.slack.listeners.commands import _duration
from tests.web.callers import at_once

ACTION = "prod-db-debug"
HOSTILE = {
    "nobody": None,
    "empty": "",
    "bytes": b"ana",
    "a number": 1,
    "everybody": "*",
    "another key": "ana:prod-db-debug",
    "another slot": "}ana{",
    "a header": "ana\r\nX-Evil: 1",
    "a line": "ana\n",
    "long": "a" * 65,
    "very long": "a" * 1_000_000,
    "upper case": "ANA",
    "Cyrillic": "аna",
    "full width": "ａｎａ",
    "combined": "ana\u0301",
    "NUL": "ana\x00",
    "a space": "ana ",
    "half a character": "ana\ud800",
    "a list": ["ana"],
}
STRANGE_RESOURCES = {
    "nothing": None,
    "empty": "",
    "bytes": b"orders-db",
    "long": "x" * 129,
    "very long": "x" * 1_000_000,
    "a header": "orders-db\r\nX-Evil: 1",
    "NUL": "orders-db\x00",
    "half a character": "orders-db\ud800",
    "turned around": "\u202eorders-db",
    "unseen": "orders\u200b-db",
    "a list": ["orders-db"],
}


class Away:
    """Grants that nobody can look at."""

    def check(self, need):
        raise CannotTell("away, at 10.0.0.7")

    async def check_async(self, need):
        raise CannotTell("away, at 10.0.0.7")


class Asked:
    """Grants of Ana's for everything; notes what is looked up."""

    def __init__(self):
        self.needs = []

    def check(self, need):
        self.needs.append(need)
        return Held("R07-4KX9TQZ", datetime.now(UTC)) if need.subject == "ana" else None

    async def check_async(self, need):
        return self.check(need)


def the_user(call):
    """Who calls, as a service has authenticated them."""
    return call["user"]


def guarded(grants, **how):
    """A sync and an async function that need a grant, and what ran."""
    ran = []
    requires_grant = RequiresGrant(grants, subject=the_user, **how)

    @requires_grant(ACTION, resource="database")
    def dump(user, database="orders-db", *rest, **more):
        ran.append((user, database))
        return "dumped"

    @requires_grant(ACTION, resource="database")
    async def dump_async(user, database="orders-db", *rest, **more):
        ran.append((user, database))
        return "dumped"

    return dump, dump_async, ran


async def each_way(grants, *args, **kwargs):
    """Call both functions; gives what each gave or raised."""
    dump, dump_async, ran = guarded(grants)
    said = []
    for call in (functools.partial(asyncio.to_thread, dump), dump_async):
        try:
            said.append(await call(*args, **kwargs))
        except Refused as refused:
            said.append(refused)
    assert ran or "dumped" not in said
    return said


async def test_with_a_grant_and_without(live):
    """Whoever has the grant is let through, by Redis and by the bot; nobody else, and nothing else."""
    for grants in (live.in_redis, live.bot):
        assert ["dumped"] * 2 == await each_way(grants, "ana")
        assert ["dumped"] * 2 == await each_way(grants, user="ana", database="orders-db", more=1)
        for args in (("ben",), ("ana", "users-db")):
            assert [NotGranted] * 2 == [type(each) for each in await each_way(grants, *args)]


async def test_one_use(one_use):
    """A grant that is good for one use lets one of twenty calls through, whichever way they come."""
    dump, dump_async, ran = guarded(one_use.in_redis)

    async def tried(call):
        try:
            return await call
        except Refused as refused:
            return refused.document["detail"].split(" Ask")[0]

    calls = [dump_async("ana") for _ in range(10)] + [asyncio.to_thread(dump, "ana") for _ in range(10)]
    said = await at_once(tried(call) for call in calls)
    assert (1, 1) == (said.count("dumped"), len(ran))
    over = {"The grant was good for one use, and has been used.", "There is no live grant for this."}
    assert set(said) - {"dumped"} <= over


@pytest.mark.parametrize("who", HOSTILE)
async def test_who_is_nobody(who):
    """Whom policy cannot name is not looked up, has no grant, and is not repeated."""
    asked = Asked()
    for refused in await each_way(asked, HOSTILE[who]):
        assert (NobodysNeed, 403) == (type(refused), refused.status)
        assert "The caller is nobody whom policy can name." in refused.detail
        assert len(refused.body) < 1000
        assert "subject" not in refused.document
    assert [] == asked.needs


@pytest.mark.parametrize("what", STRANGE_RESOURCES)
async def test_what_is_nothing(what):
    """What no grant can be for is not looked up, and not repeated."""
    asked = Asked()
    for refused in await each_way(asked, "ana", STRANGE_RESOURCES[what]):
        assert (NobodysNeed, 403) == (type(refused), refused.status)
        assert len(refused.body) < 1000
    assert [] == asked.needs


async def test_nobody_knows(caplog):
    """When the grants are away the call does not run, and why is told to the log alone."""
    said = await each_way(Away(), "ana")
    assert [(CannotTell, 503)] * 2 == [(type(each), each.status) for each in said]
    assert all("10.0.0.7" not in str(each.document) for each in said)
    assert 2 == caplog.text.count("no call is let through: away, at 10.0.0.7")


async def test_nothing_is_kept(live):
    """A grant that is given back lets nobody through a moment later."""
    dump, _, _ = guarded(live.in_redis)
    assert "dumped" == await asyncio.to_thread(dump, "ana")
    await live.ana.verb(live.grant, "done")
    with pytest.raises(NotGranted):
        await asyncio.to_thread(dump, "ana")


async def test_how_to_ask():
    """The answer says what to type, which the bot understands, and where to read more."""
    asking = Asking(lasts="15m", link="https://wiki.example.com/jit?a={action}&r={resource}")
    dump, _, _ = guarded(Asked(), asking=asking)
    with pytest.raises(NotGranted) as told:
        dump("ben", "orders-db")
    refused = told.value
    assert {
        "type": "urn:jit-approval:problem:grant_needed",
        "title": "This takes a grant",
        "status": 403,
        "code": "grant_needed",
        "detail": "There is no live grant for this. Ask for one: `/jit request prod-db-debug orders-db 15m REASON` in "
        "Slack, or `jit request prod-db-debug orders-db 15m REASON --wait`; more at "
        "https://wiki.example.com/jit?a=prod-db-debug&r=orders-db.",
        "subject": "ben",
        "action": "prod-db-debug",
        "resource": "orders-db",
        "request": {
            "slack": "/jit request prod-db-debug orders-db 15m REASON",
            "command": "jit request prod-db-debug orders-db 15m REASON --wait",
            "link": "https://wiki.example.com/jit?a=prod-db-debug&r=orders-db",
        },
    } == json.loads(refused.body)
    link = '<https://wiki.example.com/jit?a=prod-db-debug&r=orders-db>; rel="help"'
    assert link == dict(refused.headers)["Link"]
    assert 15 * 60 == _duration("15m").total_seconds()


@given(resource=st.text(min_size=1, max_size=128).filter(str.isprintable))
def test_whatever_the_resource_is(resource):
    """A header holds visible ASCII alone, one link has one address, and what is to be pasted is plain words."""
    asking = Asking(link="https://wiki.example.com/jit?a={action}&r={resource}")
    dump, _, _ = guarded(Asked(), asking=asking)
    with pytest.raises(NotGranted) as told:
        dump("ben", resource)
    refused = told.value
    for name, value in refused.headers:
        assert (name + value).isascii()
        assert (name + value).isprintable()
    link = dict(refused.headers)["Link"]
    address = link.removeprefix("<").removesuffix('>; rel="help"')
    assert resource == unquote(address.partition("&r=")[2])
    assert not set("<>\"' ") & set(address)
    told = refused.document["request"]
    assert bool(PLAIN.fullmatch(resource)) == ("command" in told)
    words = told.get("command", "").split()
    assert words == [] or (resource, 7) == (words[3], len(words))
    assert resource == json.loads(refused.body)["resource"]


@pytest.mark.parametrize(
    "resource",
    [
        "$(id)",
        "x;id",
        "x y",
        "`id`",
        "-rf",
        "--wait",
        "a,b",
        "x\\",
        "x'",
        "é",
        "<@U1>",
        "x|y",
        "x&y",
        "~",
        "#c",
        "*",
    ],
)
def test_what_is_not_plain_is_typed_in_the_form(resource):
    """Nothing that a shell, the command or Slack reads otherwise is offered to be pasted."""
    assert {"slack": "/jit request"} == Asking().told(ACTION, resource)


@pytest.mark.parametrize(
    "link",
    ["http://wiki.example.com", "javascript:alert(1)", "https://x\r\nX: y", "https://x>y", "https://x y", "https://é",
     "https://{subject}.example.com"],
)  # fmt: skip
def test_links_that_are_not_safe(link):
    """A link is checked where it is written."""
    with pytest.raises(ValueError, match=r"wiki\.example\.com"):
        Asking(link=link)


@pytest.mark.parametrize("lasts", ["", "30", "0m", "30m; id", "m", "１m"])
def test_times_that_are_none(lasts):
    """So is the time that is proposed."""
    with pytest.raises(ValueError, match="30m"):
        Asking(lasts=lasts)


# -- where it is written ---------------------------------------------------------------------------------


def test_who_calls_has_to_be_said():
    """There is no default for who calls."""
    with pytest.raises(TypeError):
        RequiresGrant(Asked())
    with pytest.raises(TypeError, match="callable"):
        RequiresGrant(Asked(), subject="ana")


@pytest.mark.parametrize("action", ["", "Prod", "a:b", None, "x" * 65, "a\n"], ids=repr)
def test_actions_that_are_none(action):
    """A mistyped action is told where it stands."""
    with pytest.raises(ValueError, match="no action's name"):
        RequiresGrant(Asked(), subject=the_user)(action, resource="database")


def test_arguments_that_are_none():
    """So is a name that is no argument's."""
    requires_grant = RequiresGrant(Asked(), subject=the_user)
    for how in ({"resource": "db"}, {"resource": "rest"}, {"resource": "database", "subject": "who"}):
        with pytest.raises(TypeError, match="the function's arguments are: user, database"):
            requires_grant(ACTION, **how)(lambda user, database, **rest: None)
    with pytest.raises(TypeError, match="offline"):
        requires_grant(ACTION, resource="database", token=the_user)


def test_what_is_no_function():
    """What would run before it is checked, or not be checked at all, is refused."""
    requires_grant = RequiresGrant(Asked(), subject=the_user)

    async def rows(user, database):
        yield 1

    class Job:
        def __init__(self, user, database): ...

    for thing in (rows, Job, staticmethod(lambda user, database: None), property(lambda user: None)):
        with pytest.raises(TypeError, match="functions"):
            requires_grant(ACTION, resource="database")(thing)


async def test_callables_and_names():
    """Subject and resource are found by names, by callables, and by async callables above async functions."""
    asked = Asked()
    requires_grant = RequiresGrant(asked, subject=lambda call: "nobody")

    async def later(call):
        await asyncio.sleep(0)
        return "users-db"

    @requires_grant(ACTION, resource=lambda call: f"{call['database']}/t", subject="who")
    def named(database, who="ana"): ...

    @requires_grant(ACTION, resource=later, subject="who")
    async def waited(who): ...

    @requires_grant(ACTION, resource=later, subject="who")
    def not_waited(who): ...

    class Service:
        @requires_grant(ACTION, resource="database", subject=lambda call: call["self"].user)
        def dump(self, database): ...

        user = "ana"

    named("orders-db")
    await waited("ana")
    Service().dump("orders-db")
    with pytest.raises(TypeError, match="above async functions"):
        not_waited("ana")
    assert ["orders-db/t", "users-db", "orders-db"] == [need.resource for need in asked.needs]


async def test_a_callable_that_fails():
    """When who calls cannot be found, nothing runs."""
    with pytest.raises(KeyError):
        RequiresGrant(Asked(), subject=lambda call: call["session"])(ACTION, resource="user")(
            lambda user: None
        )("ana")


async def test_arguments_that_do_not_fit():
    """A call that the function would not take is a TypeError as ever, and nothing is looked up."""
    asked = Asked()
    dump, dump_async, _ = guarded(asked)
    with pytest.raises(TypeError):
        dump()
    with pytest.raises(TypeError):
        await dump_async()
    assert [] == asked.needs


def test_no_more_is_taken_for_a_name():
    """An argument by position cannot be overridden by one of the same name among the rest."""
    asked = Asked()

    @RequiresGrant(asked, subject=the_user)(ACTION, resource="database")
    def dump(user, database, /, **more):
        return more

    assert {"user": "ben", "database": "x"} == dump("ana", "orders-db", user="ben", database="x")
    assert ["ana"] == [need.subject for need in asked.needs]


async def test_a_store_that_is_gone_at_the_call(tmp_path):
    """The decorator may stand above a function while Redis is away; its calls are refused until it is back."""
    dump, dump_async, ran = guarded(RedisGrants(f"unix://{tmp_path / 'none.sock'}"))
    with pytest.raises(CannotTell):
        dump("ana")
    with pytest.raises(CannotTell):
        await dump_async("ana")
    assert [] == ran
