"""One WebSocket of an app, and what Slack says on it of its own accord.

docs: apis/events-api/using-socket-mode (hello, disconnect)
"""

import asyncio
import contextlib
from dataclasses import dataclass, field

from aiohttp import WSCloseCode, web

from app.playground.model import Json

CLOSE_WITHIN = 0.3


@dataclass(eq=False)
class Connection:
    """An open socket: when `aged` is set it is to be refreshed, and others are preferred to it."""

    socket: web.WebSocketResponse
    app_id: str
    aged: asyncio.Event = field(default_factory=asyncio.Event)
    carried: set[str] = field(default_factory=set)

    async def say(self, message: Json) -> bool:
        """Send; false when the socket is gone."""
        try:
            await self.socket.send_json(message)
        except (ConnectionError, RuntimeError):
            return False
        return not self.socket.closed

    async def close(self) -> None:
        """Close, without waiting long for the other side's farewell."""
        with contextlib.suppress(ConnectionError, RuntimeError, TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN):
                await self.socket.close(code=WSCloseCode.GOING_AWAY)


def hello(app_id: str, number: int, seconds: float) -> Json:
    """Greet a new connection: the `number`th of its app, to last about so many seconds."""
    return {
        "type": "hello",
        "num_connections": number,
        "connection_info": {"app_id": app_id},
        "debug_info": {"host": "playground", "build_number": 1, "approximate_connection_time": int(seconds)},
    }


def disconnect(reason: str) -> Json:
    """Announce an end: `warning`, `refresh_requested` or `too_many_websockets`."""
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "playground"}}
