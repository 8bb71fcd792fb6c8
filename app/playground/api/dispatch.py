"""The Web API's front: reads a call, applies faults, token and scope, and answers in Slack's envelope.

docs: apis/web-api
"""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from app.playground.api import about, chat, conversations, files, marks, people, views
from app.playground.api.call import Call, Method, Methods
from app.playground.errors import OutageError, SlackError
from app.playground.model import Json
from app.playground.registration import App
from app.playground.switchboard import Switchboard

FAMILIES: tuple[Methods, ...] = (
    about.METHODS,
    chat.METHODS,
    conversations.METHODS,
    files.METHODS,
    marks.METHODS,
    people.METHODS,
    views.METHODS,
)
METHODS: Methods = {name: method for family in FAMILIES for name, method in family.items()}


class WebApi:
    """`GET|POST /api/<method>`."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one call, and write it into the log that tests read."""
        board, method = self._board, request.match_info["method"]
        logged: Json = {"method": method, "time": board.clock(), "args": {}, "app": None}
        lost = False
        try:
            args = await arguments(request)
            logged["args"] = {key: value for key, value in args.items() if key != "token"}
            lost = await board.faults.suffer(method, board.clock())
            answer, headers = self._answer(request, args, logged)
            status = 200
        except SlackError as error:
            answer, status, headers = error.body, error.status, error.headers
        except OutageError:
            board.note_call(logged | {"ok": False, "error": "down", "ts": None})
            return unavailable()
        board.note_call(logged | _outcome(answer))
        if lost and request.transport is not None:
            request.transport.close()
        return web.json_response(answer, status=status, headers=headers)

    def _answer(self, request: web.Request, args: Json, logged: Json) -> tuple[Json, dict[str, str]]:
        name, given_token = request.match_info["method"], token(request, args)
        method = METHODS.get(name)
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        if method.app_level:
            _strictly(request, args)
        if name == "api.test" and not given_token:
            return {"ok": True, **method.answer(Call(self._board, self._board.apps[0], name, args))}, {}
        app, app_level = self._caller(given_token)
        logged["app"] = app.app_id
        if method.app_level != app_level and not method.any_token:
            raise SlackError("not_allowed_token_type")
        call = Call(self._board, app, name, args, {"app_level": app_level})
        call.needs(*method.scopes)
        return {"ok": True, **method.answer(call)}, _scope_headers(app, method)

    def _caller(self, given_token: str) -> tuple[App, bool]:
        """Tell which app a token belongs to, and whether it is an app-level one."""
        if not given_token:
            raise SlackError("not_authed")
        for app in self._board.apps:
            if given_token == app.bot_token:
                return app, False
            if given_token == app.app_token:
                return app, True
        raise SlackError("invalid_auth")


def unavailable() -> web.Response:
    """Answer as Slack's load balancers do when nothing is behind them."""
    page = "<html><body>Service Unavailable</body></html>"
    return web.Response(status=503, text=page, content_type="text/html")


def token(request: web.Request, args: Mapping[str, Any]) -> str:
    """Read the token: a bearer header, or a field of a form; in an address or in JSON it does not count.

    docs: apis/web-api (authentication), changelog/2020-11-no-more-tokens-in-querystrings
    """
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip()
    is_form = request.method == "POST" and request.content_type != "application/json"
    return str(args.get("token", "")) if is_form and "token" not in request.query else ""


def _strictly(request: web.Request, args: Mapping[str, Any]) -> None:
    """Refuse to open a socket by GET or by a token in the body. docs: methods/apps.connections.open."""
    if request.method != "POST":
        raise SlackError("insecure_request")
    if "Authorization" not in request.headers and args.get("token"):
        raise SlackError("missing_args")


async def arguments(request: web.Request) -> Json:
    """Read a call's arguments from the query and from a form or JSON body.

    Raises `SlackError`: invalid_json, json_not_object, invalid_post_type.
    """
    args: Json = dict(request.query)
    if request.method == "GET" or not request.can_read_body:
        return args
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        return args | body
    if request.content_type not in {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}:
        if request.content_type == "application/octet-stream":
            return args
        raise SlackError("invalid_post_type")
    return args | {key: value for key, value in (await request.post()).items() if isinstance(value, str)}


def _scope_headers(app: App, method: Method) -> dict[str, str]:
    return {"X-OAuth-Scopes": app.scopes, "X-Accepted-OAuth-Scopes": ",".join(method.scopes)}


def _outcome(answer: Json) -> Json:
    ts = answer.get("ts") or answer.get("message_ts")
    return {"ok": answer["ok"], "error": answer.get("error"), "ts": ts}
