"""What an app reaches outside `/api`: response_url, upload URLs and private file URLs."""

from typing import Any

from aiohttp import web

from app.playground import posting
from app.playground.api.dispatch import unavailable
from app.playground.errors import OutageError, SlackError
from app.playground.model import Channel, Json, Message
from app.playground.registration import App
from app.playground.response_urls import ResponseUrl
from app.playground.switchboard import Switchboard

SAFE = {
    "text/plain",
    "text/csv",
    "image/png",
    "image/jpeg",
    "image/gif",
    "application/pdf",
    "application/json",
}


class SideDoors:
    """`/response/…`, `/upload/…` and `/files-pri/…`."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """Take an answer to a command or click. docs: interactivity/handling-user-interaction."""
        board = self._board
        try:
            await board.faults.suffer("response_url", board.clock())
            body = await request.json()
        except OutageError:
            return unavailable()
        except SlackError as error:
            return web.json_response(error.body, status=max(error.status, 400), headers=error.headers)
        except ValueError:
            return _refused("invalid_json", 400)
        if not isinstance(body, dict):
            return _refused("invalid_payload", 400)
        url = board.responses.look_up(request.match_info["token"], board.clock())
        if isinstance(url, str):
            return _refused(url, 404)
        app, channel = board.app(url.app_id), board.workspace.channels.get(url.channel)
        if app is None or channel is None:
            return _refused("invalid_url", 404)
        try:
            answer(board, app, channel, url.user, body, url)
        except SlackError as error:
            return web.json_response(error.body, status=max(error.status, 400))
        return web.json_response({"ok": True})

    async def upload(self, request: web.Request) -> web.Response:
        """Take a file's bytes, raw or as the one part of a form."""
        file = self._board.workspace.files.get(request.match_info["file_id"])
        if file is None or file.uploaded:
            return web.Response(status=404, text="not found")
        file.content = await _bytes(request)
        file.uploaded = True
        return web.Response(text=f"OK - {len(file.content)}")

    async def download(self, request: web.Request) -> web.Response:
        """Give a file's bytes, as a download and never as a page of this origin."""
        file = self._board.workspace.files.get(request.match_info["file_id"])
        if file is None or not file.uploaded:
            return web.Response(status=404, text="not found")
        content_type = file.mimetype if file.mimetype in SAFE else "application/octet-stream"
        inline = "inline" if content_type.startswith("image/") else "attachment"
        headers = {
            "Content-Disposition": f'{inline}; filename="{file.id}"',
            "X-Content-Type-Options": "nosniff",
        }
        headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return web.Response(body=file.content, content_type=content_type, headers=headers)


def answer(
    board: Switchboard, app: App, channel: Channel, user_id: str, body: Json, url: ResponseUrl | None = None
) -> None:
    """Do what a response asks: replace or delete the message it came from, or say something new.

    A message that answers a click in an ephemeral message replaces it unless told not to; any other is new
    unless `replace_original` is true. After a slash command there is no original. Raises `SlackError`.
    """
    source = url.source if url else None
    if source is not None and _true(body.get("delete_original")):
        posting.delete(board, channel, _still_there(board, source))
        return
    said = _content(board, body)
    replace = body.get(
        "replace_original", bool(source and source.ephemeral_for) and "response_type" not in body
    )
    if source is not None and _true(replace):
        posting.edit(board, channel, _still_there(board, source), said, app.bot_user_id)
        return
    public = body.get("response_type") == "in_channel"
    thread_ts = str(body["thread_ts"]) if body.get("thread_ts") else _thread(source)
    for_whom = "" if public else user_id
    posting.post_as_app(board, app, channel, said, thread_ts=thread_ts, ephemeral_for=for_whom)


def _still_there(board: Switchboard, source: Message) -> Message:
    if not board.workspace.shows(source) or source.subtype == "tombstone":
        raise SlackError("message_not_found", status=404)
    return source


def _thread(source: Message | None) -> str | None:
    return source.thread_ts if source else None


def _content(board: Switchboard, body: Json) -> Json:
    text, blocks, attachments = body.get("text") or "", body.get("blocks"), body.get("attachments")
    if not (str(text).strip() or blocks or attachments):
        raise SlackError("no_text")
    return {
        "text": str(text)[: posting.TEXT_MAX],
        "blocks": posting.checked_blocks(board, blocks) if blocks else [],
        "attachments": posting.checked_attachments(board, attachments) if attachments else [],
    }


def _true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


async def _bytes(request: web.Request) -> bytes:
    if request.content_type != "multipart/form-data":
        return await request.read()
    for part in (await request.post()).values():
        if isinstance(part, web.FileField):
            return part.file.read()
    return b""


def _refused(code: str, status: int) -> web.Response:
    return web.json_response({"ok": False, "error": code}, status=status)
