"""manifest.yml declares exactly the commands, scopes and events that the code uses: no fewer, and no more.

Every behaviour is played, in public and private channels and in direct messages; the workspace's log tells
which methods were called, and its table of methods which scopes they take.
"""

import inspect

from app.playground.api.dispatch import METHODS
from app.playground.registration import Manifest
from app.shipped import shipped
from app.store.messages import IN_DOUBT
from tests.workplace import PROD, at_work

HISTORY = {"channel": "channels:history", "group": "groups:history", "im": "im:history"}
LISTING = {"public_channel": "channels:read", "private_channel": "groups:read"}
DECLARED = Manifest.read(shipped("manifest.yml"))


async def play(work):
    """Everything that makes the bot call Slack, the recovery of messages in doubt included."""
    live = await work.goes_live()
    told = await work.told("@ana", "You have access", offering="jit_done")
    await work.clicks("@ana", told, "jit_done")
    await work.hands.types("@dev", "/jit request")
    view = await work.view("@dev", "jit_request")
    await work.hands.chooses("@dev", view, "action", "prod-config-change")
    await work.view("@dev", "jit_request", with_input="reason")
    asked = await work.asks("@ana", "/jit request prod-db-debug users-db 30m INC-8")
    await work.clicks("@ben", await work.card(asked, offering="jit_deny"), "jit_deny")
    await work.hands.submits("@ben", await work.view("@ben", "jit_deny_reason"), {"comment": "no"})
    await work.card(asked, "Denied")
    await work.types("@sam", "/jit digest")
    await work.types("@ana", f"/jit list {live}")
    await work.settled()


async def looks_for_what_is_in_doubt(work):
    """Make each kind of conversation be looked through, as after a crash while posting."""
    channel = work.workspace.channel_named(PROD)
    for kind in ("channel", "group"):
        channel.kind = kind
        request_id = await work.asks("@ana", f"/jit request prod-db-debug orders-db 30m in a {kind}")
        await work.card(request_id)
        await work.settled()
        messages = work.bot.announcer._messages
        for role in ("card", "direct:status"):
            await messages.put(request_id, role, IN_DOUBT)
        await work.types("@ana", f"/jit cancel {request_id}")
        await work.card(request_id, "Cancelled")
        await work.settled(20)


def used_scopes(work):
    """The scopes that the calls took: of a method that takes one of several, that of the conversation's kind."""
    used = {"commands"}
    for call in work.board.calls:
        method = METHODS[call["method"]]
        if method.app_level or not method.scopes:
            continue
        if len(method.scopes) == 1:
            used |= set(method.scopes)
        elif call["method"].endswith((".history", ".replies")):
            used.add(HISTORY[call["kind"]])
        elif call["method"] == "conversations.list":
            kinds = call["args"]["types"].split(",")
            used |= {LISTING[kind] for kind in kinds}
        elif call["method"] == "conversations.open":
            used.add("im:write")
        else:
            used.add(next(scope for scope in method.scopes if scope in DECLARED.scopes))
    return used


def with_a_user_group(whole):
    """One of the groups is a Slack user group."""
    whole["groups"]["security"] = {"people": ["sam"], "slack": "S0APPROVERS"}


async def test_scopes(workplace):
    """Each declared scope is used by some call, and no call takes another: the workspace would refuse it."""
    async with at_work(workplace(with_a_user_group)) as work:
        kinds = note_kinds(work)
        await play(work)
        await looks_for_what_is_in_doubt(work)
        for call, kind in zip(work.board.calls, kinds, strict=True):
            call["kind"] = kind

    assert [] == [call for call in work.board.calls if call["error"] == "missing_scope"]
    assert DECLARED.scopes == used_scopes(work)


def note_kinds(work):
    """Note the kind of conversation of each call as it is made: the test changes a channel's kind meanwhile."""
    kinds, note = [], work.board.note_call
    kinds.extend(_kind(work, call) for call in work.board.calls)

    def noting(call):
        kinds.append(_kind(work, call))
        note(call)

    work.board.note_call = noting
    return kinds


def _kind(work, call):
    channel = work.workspace.channels.get(str(call["args"].get("channel", "")))
    return channel.kind if channel else ""


async def test_commands_and_events(work):
    """Each declared command and event has its listener, and no listener waits for another."""
    heard = {"command": set(), "event": set()}
    for listener in work.bot.slack._async_listeners:
        for matcher in listener.matchers:
            for name, value in _constraints(matcher):
                heard[name].add(value)

    assert {command.command for command in DECLARED.commands} == heard["command"]
    assert set(DECLARED.events) == heard["event"]


def _constraints(matcher):
    """What a listener waits for, from what Bolt's matcher holds on to."""
    held = inspect.getclosurevars(inspect.getclosurevars(matcher.func).nonlocals["func"]).nonlocals
    if "command" in held:
        yield "command", held["command"]
    if "event_type" in held:
        yield "event", held["event_type"]
    if isinstance(held.get("constraints"), dict) and "type" in held["constraints"]:
        yield "event", held["constraints"]["type"]
