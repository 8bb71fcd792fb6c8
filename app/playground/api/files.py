"""files.*: upload by URL, then share. docs: messaging/working-with-files (uploading files)."""

import mimetypes

from app.playground import happenings, posting
from app.playground.api.call import Call, Method, Methods
from app.playground.errors import SlackError, invalid_arguments
from app.playground.model import Channel, File, Json


def get_upload_url(call: Call) -> Json:
    call.required("filename", "length")
    name, length = call.text("filename"), call.number("length", 0)
    if length <= 0:
        raise invalid_arguments("must be greater than 0 [json-pointer:/length]")
    file = File(
        id=call.workspace.new_id("F"),
        name=name.replace("/", "_"),
        title=name,
        mimetype=mimetypes.guess_type(name)[0] or "text/plain",
        user=call.app.bot_user_id,
        created=int(call.board.clock()),
        length=length,
    )
    call.workspace.files[file.id] = file
    return {"upload_url": f"{call.board.base_url}/upload/{file.id}", "file_id": file.id}


def complete_upload(call: Call) -> Json:
    """Share uploaded files, as one message of them all."""
    given = call.structure("files")
    if not isinstance(given, list) or not given:
        raise invalid_arguments("missing required field: files")
    files = [_uploaded(call, each) for each in given]
    names = [call.text("channel_id")] if call.args.get("channel_id") else call.names("channels")
    channels = [_member_of(call, name) for name in names]
    blocks = call.structure("blocks", "invalid_blocks_format")
    checked = posting.checked_blocks(call.board, blocks) if blocks else []
    for file in files:
        file.shared = True
        file.channels += [channel.id for channel in channels]
    for channel in channels:
        said = {"text": call.text("initial_comment"), "blocks": checked}
        thread_ts = call.text("thread_ts") or None
        if thread_ts and channel.message(thread_ts) is None:
            raise SlackError("thread_not_found")
        posting.post_as_app(call.board, call.app, channel, said, files=files, thread_ts=thread_ts)
    for file in files:
        _tell_shared(call, file, channels)
    return {"files": [file.to_slack(call.board.base_url) for file in files]}


def _uploaded(call: Call, given: object) -> File:
    file = call.workspace.files.get(given.get("id", "")) if isinstance(given, dict) else None
    if file is None or not isinstance(given, dict):
        raise SlackError("file_not_found")
    if not file.uploaded or file.shared:
        raise SlackError("file_update_failed" if file.shared else "file_not_found")
    file.title = given.get("title") or file.name
    return file


def _member_of(call: Call, channel_id: str) -> Channel:
    channel = call.workspace.channels.get(channel_id)
    if channel is None:
        raise SlackError("channel_not_found")
    if call.app.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _tell_shared(call: Call, file: File, channels: list[Channel]) -> None:
    for channel in channels:
        event = {"type": "file_shared", "file_id": file.id, "file": {"id": file.id}, "channel_id": channel.id}
        happenings.tell(
            call.board, "file_shared", event | {"user_id": file.user, "event_ts": call.workspace.new_ts()}
        )


def info(call: Call) -> Json:
    (file_id,) = call.required("file")
    file = call.workspace.files.get(file_id)
    if file is None or not file.uploaded:
        raise SlackError("file_not_found")
    return {"file": file.to_slack(call.board.base_url)}


METHODS: Methods = {
    "files.getUploadURLExternal": Method(get_upload_url, ("files:write",)),
    "files.completeUploadExternal": Method(complete_upload, ("files:write",)),
    "files.info": Method(info, ("files:read",)),
}
