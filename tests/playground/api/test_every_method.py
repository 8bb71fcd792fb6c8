"""Contract of the Web API as a whole: every method on offer is called through the unmodified SDK.

Each works with exactly the scope that Slack's reference names for it, and is refused without, by
`missing_scope` with what is needed and what was provided. docs: reference/methods
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.web.async_client import AsyncWebClient

from app.playground import AppRegistration, Playground
from app.playground.api.dispatch import METHODS
from tests.playground.stage import home, modal, refusal_of, web_client, workspace_with


@dataclass
class Facts:
    """What a call may name: a message, a reply's thread, a fresh trigger, an open view, a file."""

    ts: str
    trigger: str
    view_trigger: str
    view_id: str
    file_id: str


Use = Callable[[AsyncWebClient, Facts], Awaitable[Any]]
GENERAL = "C0GENERAL"
USES: dict[str, tuple[str, Use]] = {
    "api.test": ("", lambda c, f: c.api_test()),
    "auth.test": ("", lambda c, f: c.auth_test()),
    "team.info": ("team:read", lambda c, f: c.team_info()),
    "bots.info": ("users:read", lambda c, f: c.bots_info(bot="B0JIT")),
    "chat.postMessage": ("chat:write", lambda c, f: c.chat_postMessage(channel=GENERAL, text="hi")),
    "chat.update": ("chat:write", lambda c, f: c.chat_update(channel=GENERAL, ts=f.ts, text="new")),
    "chat.delete": ("chat:write", lambda c, f: c.chat_delete(channel=GENERAL, ts=f.ts)),
    "chat.postEphemeral": (
        "chat:write",
        lambda c, f: c.chat_postEphemeral(channel=GENERAL, user="U0ANA", text="psst"),
    ),
    "chat.getPermalink": ("", lambda c, f: c.chat_getPermalink(channel=GENERAL, message_ts=f.ts)),
    "conversations.list": ("channels:read", lambda c, f: c.conversations_list()),
    "conversations.info": ("channels:read", lambda c, f: c.conversations_info(channel=GENERAL)),
    "conversations.history": ("channels:history", lambda c, f: c.conversations_history(channel=GENERAL)),
    "conversations.replies": (
        "channels:history",
        lambda c, f: c.conversations_replies(channel=GENERAL, ts=f.ts),
    ),
    "conversations.open": ("im:write", lambda c, f: c.conversations_open(users="U0ANA")),
    "conversations.members": ("channels:read", lambda c, f: c.conversations_members(channel=GENERAL)),
    "conversations.join": ("channels:join", lambda c, f: c.conversations_join(channel=GENERAL)),
    "conversations.invite": (
        "channels:manage",
        lambda c, f: c.conversations_invite(channel="C0SECURITY", users="U0ANA"),
    ),
    "conversations.create": ("channels:manage", lambda c, f: c.conversations_create(name="new-one")),
    "conversations.leave": ("channels:manage", lambda c, f: c.conversations_leave(channel=GENERAL)),
    "conversations.archive": ("channels:manage", lambda c, f: c.conversations_archive(channel="C0SECURITY")),
    "users.conversations": ("channels:read", lambda c, f: c.users_conversations()),
    "users.info": ("users:read", lambda c, f: c.users_info(user="U0ANA")),
    "users.list": ("users:read", lambda c, f: c.users_list()),
    "users.lookupByEmail": ("users:read.email", lambda c, f: c.users_lookupByEmail(email="ana@example.com")),
    "users.getPresence": ("users:read", lambda c, f: c.users_getPresence(user="U0ANA")),
    "usergroups.list": ("usergroups:read", lambda c, f: c.usergroups_list(include_users=True)),
    "usergroups.users.list": (
        "usergroups:read",
        lambda c, f: c.usergroups_users_list(usergroup="S0APPROVERS"),
    ),
    "reactions.add": (
        "reactions:write",
        lambda c, f: c.reactions_add(channel=GENERAL, timestamp=f.ts, name="eyes"),
    ),
    "reactions.remove": (
        "reactions:write",
        lambda c, f: c.reactions_remove(channel=GENERAL, timestamp=f.ts, name="tada"),
    ),
    "reactions.get": ("reactions:read", lambda c, f: c.reactions_get(channel=GENERAL, timestamp=f.ts)),
    "pins.add": ("pins:write", lambda c, f: c.pins_add(channel=GENERAL, timestamp=f.ts)),
    "pins.remove": ("pins:write", lambda c, f: c.pins_remove(channel=GENERAL, timestamp=f.ts)),
    "files.getUploadURLExternal": (
        "files:write",
        lambda c, f: c.files_getUploadURLExternal(filename="a.txt", length=3),
    ),
    "files.completeUploadExternal": (
        "files:write",
        lambda c, f: c.files_completeUploadExternal(files=[{"id": f.file_id}], channel_id=GENERAL),
    ),
    "files.info": ("files:read", lambda c, f: c.files_info(file=f.file_id)),
    "views.open": ("", lambda c, f: c.views_open(trigger_id=f.trigger, view=modal())),
    "views.push": ("", lambda c, f: c.views_push(trigger_id=f.view_trigger, view=modal())),
    "views.update": ("", lambda c, f: c.views_update(view_id=f.view_id, view=modal())),
    "views.publish": ("", lambda c, f: c.views_publish(user_id="U0ANA", view=home())),
}


def manifest(*scopes: str) -> dict[str, Any]:
    return {
        "display_information": {"name": "JIT"},
        "features": {"app_home": {"home_tab_enabled": True}},
        "oauth_config": {"scopes": {"bot": [scope for scope in scopes if scope]}},
    }


async def facts(playground: Playground, method: str) -> Facts:
    """Put what a call may name into the workspace, without the Web API."""
    from app.playground import modals, posting
    from app.playground.model import File

    board, app = playground.board, playground.apps[0]
    channel = board.workspace.channels[GENERAL]
    message = posting.post_as_app(board, app, channel, {"text": "first"})
    message.reactions["tada"] = [app.bot_user_id]
    if method == "pins.remove":
        channel.pins.append(message.ts)
    if method == "conversations.join":
        channel.members.remove(app.bot_user_id)
    file = File("F0ONE", "a.txt", "a", "text/plain", app.bot_user_id, 1, b"abc", 3, uploaded=True)
    board.workspace.files[file.id] = file
    view = modals.open_modal(board, app, "U0ANA", modal())
    now = board.clock()
    trigger = board.triggers.issue(app.app_id, "U0BEN", now)
    return Facts(
        message.ts, trigger, board.triggers.issue(app.app_id, "U0ANA", now, view.id), view.id, file.id
    )


def test_every_method_is_here():
    """No method is offered that this table does not call, and the table calls no other."""
    assert {*USES, "apps.connections.open"} == set(METHODS)


@pytest.mark.parametrize("method", USES)
async def test_a_method_works_with_its_documented_scope_alone(method):
    """The scope that the reference names is enough."""
    scope, use = USES[method]
    async with workspace_with(AppRegistration(manifest=manifest(scope))) as playground:
        answer = await use(web_client(playground), await facts(playground, method))
        assert answer["ok"] is True


@pytest.mark.parametrize("method", [method for method, (scope, _) in USES.items() if scope])
async def test_a_method_without_its_scope_is_refused_with_what_it_needs(method):
    """`missing_scope` says which scope would do and which the app has."""
    scope, use = USES[method]
    async with workspace_with(AppRegistration(manifest=manifest("commands"))) as playground:
        body = await refusal_of(use(web_client(playground), await facts(playground, method)))
        assert "missing_scope" == body["error"]
        assert scope in body["needed"].split(",")
        assert "commands" == body["provided"]


def test_the_synchronous_client_does_as_well():
    """The same calls through the blocking `WebClient`, from a thread of its own."""
    import asyncio

    async def run() -> dict[str, Any]:
        async with workspace_with() as playground:
            blocking = WebClient(token=playground.apps[0].bot_token, base_url=playground.api_url)

            def talk() -> dict[str, Any]:
                posted = blocking.chat_postMessage(channel="#general", text="hi", blocks=[])
                blocking.chat_update(channel=posted["channel"], ts=posted["ts"], text="new")
                return blocking.conversations_history(channel=posted["channel"], limit=1).data

            return await asyncio.to_thread(talk)

    assert ["new"] == [message["text"] for message in asyncio.run(run())["messages"]]
