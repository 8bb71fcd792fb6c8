"""What an app's developer sets on the app's own page: where requests go."""

from dataclasses import replace

from app.playground.model import Json
from app.playground.user_side.names import Asked, RefusedError


async def set_request_url(asked: Asked) -> Json:
    """Deliver to `url` from now on, once it has echoed a challenge; an empty one means Socket Mode again.

    The first app's, unless `app` names another by id or name. docs: apis/events-api (url_verification)
    """
    board, url = asked.board, asked.text("url")
    app = asked.app()
    if url and not await board.deliveries.verify_url(replace(app, request_url=url)):
        raise RefusedError(409, f"{url} did not answer the challenge with its value; nothing was changed.")
    app.request_url = url or None
    board.workspace.touch()
    return {"ok": True}
