"""Payloads with every field that Slack documents.

docs: interactivity/implementing-slash-commands, reference/interaction-payloads, apis/events-api
"""

from app.playground.model import Channel, Json, Message, User, View
from app.playground.registration import App
from app.playground.shown import message_json
from app.playground.switchboard import Switchboard


def channel_name(channel: Channel) -> str:
    """Name a channel as payloads do: `directmessage`, `privategroup`, or its own name."""
    return {"im": "directmessage", "group": "privategroup"}.get(channel.kind, channel.name)


def command(board: Switchboard, app: App, user: User, channel: Channel, name: str, text: str) -> Json:
    """A slash command."""
    now = board.clock()
    return {
        "token": app.verification_token,
        "team_id": board.workspace.team_id,
        "team_domain": board.workspace.team_domain,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": name,
        "text": text,
        "api_app_id": app.app_id,
        "is_enterprise_install": "false",
        "response_url": board.responses.issue(board.base_url, app.app_id, channel.id, user.id, now),
        "trigger_id": board.triggers.issue(app.app_id, user.id, now),
    }


def message_action(
    board: Switchboard, app: App, user: User, channel: Channel, message: Message, action: Json
) -> Json:
    """A click or choice in a message. docs: interaction-payloads/block_actions-payload."""
    now = board.clock()
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": bool(message.ephemeral_for),
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    shown = message_json(board, message)
    return _block_actions(board, app, user, action) | {
        "container": container,
        "trigger_id": board.triggers.issue(app.app_id, user.id, now),
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "message": shown | {"app_id": app.app_id},
        "state": {"values": message.state},
        "response_url": board.responses.issue(board.base_url, app.app_id, channel.id, user.id, now, message),
    }


def view_action(board: Switchboard, app: App, user: User, view: View, action: Json) -> Json:
    """A click or choice in a modal or a home."""
    return _block_actions(board, app, user, action) | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": board.triggers.issue(app.app_id, user.id, board.clock(), _modal_id(view)),
        "view": view.to_slack(),
    }


def suggestion(board: Switchboard, app: App, user: User, found: Json) -> Json:
    """Somebody types into an external select. docs: interaction-payloads/block_suggestion-payload."""
    return {
        "type": "block_suggestion",
        "user": who(user),
        "team": team(board),
        "api_app_id": app.app_id,
        "token": app.verification_token,
        "enterprise": None,
        "is_enterprise_install": False,
        **found,
    }


def view_submission(board: Switchboard, app: App, user: User, view: View, response_urls: list[Json]) -> Json:
    """A modal is submitted. docs: interaction-payloads/view-interactions-payload."""
    return {
        "type": "view_submission",
        "team": team(board),
        "user": who(user),
        "api_app_id": app.app_id,
        "token": app.verification_token,
        "trigger_id": board.triggers.issue(app.app_id, user.id, board.clock(), view.id),
        "view": view.to_slack(),
        "response_urls": response_urls,
        "is_enterprise_install": False,
        "enterprise": None,
    }


def view_closed(board: Switchboard, app: App, user: User, view: View, *, cleared: bool) -> Json:
    """A modal is closed. docs: interaction-payloads/view-interactions-payload."""
    return {
        "type": "view_closed",
        "team": team(board),
        "user": who(user),
        "api_app_id": app.app_id,
        "token": app.verification_token,
        "view": view.to_slack(),
        "is_cleared": cleared,
        "is_enterprise_install": False,
        "enterprise": None,
    }


def event_callback(board: Switchboard, app: App, event: Json) -> Json:
    """Wrap an event. docs: apis/events-api (callback field overview)."""
    return {
        "token": app.verification_token,
        "team_id": board.workspace.team_id,
        "context_team_id": board.workspace.team_id,
        "context_enterprise_id": None,
        "api_app_id": app.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": board.workspace.new_id("Ev"),
        "event_time": int(board.clock()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": board.workspace.team_id,
                "user_id": app.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{board.workspace.version}",
    }


def team(board: Switchboard) -> Json:
    return {"id": board.workspace.team_id, "domain": board.workspace.team_domain}


def who(user: User) -> Json:
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id}


def _block_actions(board: Switchboard, app: App, user: User, action: Json) -> Json:
    return {
        "type": "block_actions",
        "user": who(user),
        "api_app_id": app.app_id,
        "token": app.verification_token,
        "team": team(board),
        "enterprise": None,
        "is_enterprise_install": False,
        "actions": [action],
    }


def _modal_id(view: View) -> str | None:
    return view.id if view.definition["type"] == "modal" else None
