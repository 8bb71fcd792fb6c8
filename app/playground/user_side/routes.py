"""`/workspace/…`: from HTTP to what people do, and back."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from aiohttp import web

from app.playground.model import Json
from app.playground.switchboard import Switchboard
from app.playground.user_side import actions, commands, people, settings, submissions, weather
from app.playground.user_side.names import Asked, RefusedError
from app.playground.user_side.state import state

Verb: TypeAlias = Callable[[Asked], Json] | Callable[[Asked], Awaitable[Json]]
VERBS: Mapping[str, Verb] = {
    "command": commands.run_command,
    "message": commands.post,
    "action": actions.act,
    "suggest": actions.suggest,
    "submit": submissions.submit,
    "close": submissions.close,
    "home": people.open_home,
    "user": people.change,
    "invite": people.invite,
    "reaction": people.react,
    "request-url": settings.set_request_url,
    "fault": weather.bring_about,
}
HEARTBEAT = 15.0


class UserSide:
    """The JSON calls of the page and the tests, and the stream that says when something changed."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._closing = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/workspace/state", self.state),
            web.get("/workspace/calls", self.calls),
            web.get("/workspace/events", self.events),
            web.post("/workspace/{verb}", self.verb),
        ]

    def stop(self) -> None:
        """End every stream."""
        self._closing.set()

    async def state(self, _: web.Request) -> web.Response:
        """Answer with the whole workspace."""
        return web.json_response(state(self._board))

    async def calls(self, request: web.Request) -> web.Response:
        """Answer with the log of the apps' calls."""
        return web.json_response(weather.calls(Asked(self._board, dict(request.query))))

    async def verb(self, request: web.Request) -> web.Response:
        """Do what somebody does. A refusal is `{error: sentence}` with a 4xx status."""
        try:
            verb = _verb(request.match_info["verb"])
            result = verb(Asked(self._board, await _body(request)))
            return web.json_response(result if isinstance(result, dict) else await result)
        except RefusedError as refused:
            return web.json_response(refused.body, status=refused.status)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Stream `{version}` whenever the workspace changed. docs: HTML, server-sent events."""
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        stream = web.StreamResponse(headers=headers)
        await stream.prepare(request)
        version = -1
        with contextlib.suppress(ConnectionError):
            while not self._closing.is_set():
                newer = await self._newer(version)
                if newer is None:
                    await stream.write(b": still here\n\n")
                else:
                    version = newer
                    await stream.write(f"data: {json.dumps({'version': version})}\n\n".encode())
        return stream

    async def _newer(self, version: int) -> int | None:
        """Wait for the next version; None when it is time for a sign of life, or to close."""
        change = asyncio.create_task(self._board.workspace.change_after(version))
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({change, closing}, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
            return change.result() if change.done() else None
        finally:
            change.cancel()
            closing.cancel()


def _verb(name: str) -> Verb:
    if name not in VERBS:
        raise RefusedError(404, f"There is no call {name!r}; there are {', '.join(VERBS)}.")
    return VERBS[name]


async def _body(request: web.Request) -> Json:
    try:
        body = await request.json()
    except ValueError as error:
        raise RefusedError(400, f"The body is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise RefusedError(400, "The body must be a JSON object.")
    return body
