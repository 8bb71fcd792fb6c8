"""api.test, auth.test, apps.connections.open, team.info, bots.info. docs: reference/methods."""

from app.playground.api.call import Call, Method, Methods
from app.playground.errors import SlackError
from app.playground.model import Json


def api_test(call: Call) -> Json:
    if error := call.text("error"):
        raise SlackError(error, args=dict(call.args))
    return {"args": {key: value for key, value in call.args.items() if key != "token"}}


def auth_test(call: Call) -> Json:
    """docs: methods/auth.test. An app-level token is answered with the app's name and id alone."""
    if call.notes.get("app_level"):
        return {"app_name": call.app.name, "app_id": call.app.app_id}
    bot = call.workspace.users[call.app.bot_user_id]
    return {
        "url": call.board.base_url + "/",
        "team": call.workspace.team_name,
        "user": bot.name,
        "team_id": call.workspace.team_id,
        "user_id": bot.id,
        "bot_id": call.app.bot_id,
        "is_enterprise_install": False,
    }


def connections_open(call: Call) -> Json:
    ticket = call.board.deliveries.sockets.ticket(call.app)
    base = call.board.base_url.replace("http", "ws", 1)
    return {"url": f"{base}/link/?ticket={ticket}&app_id={call.app.app_id}"}


def team_info(call: Call) -> Json:
    workspace = call.workspace
    return {
        "team": {
            "id": workspace.team_id,
            "name": workspace.team_name,
            "domain": workspace.team_domain,
            "url": call.board.base_url + "/",
            "email_domain": "example.com",
            "icon": {"image_default": True},
        }
    }


def bots_info(call: Call) -> Json:
    wanted = call.text("bot", call.app.bot_id)
    app = next((app for app in call.board.apps if app.bot_id == wanted), None)
    if app is None:
        raise SlackError("bot_not_found")
    return {
        "bot": {
            "id": app.bot_id,
            "deleted": False,
            "name": app.name,
            "updated": 1_700_000_000,
            "app_id": app.app_id,
            "user_id": app.bot_user_id,
            "icons": {},
        }
    }


METHODS: Methods = {
    "api.test": Method(api_test, any_token=True),
    "auth.test": Method(auth_test, any_token=True),
    "apps.connections.open": Method(connections_open, app_level=True),
    "team.info": Method(team_info, ("team:read",)),
    "bots.info": Method(bots_info, ("users:read",)),
}
