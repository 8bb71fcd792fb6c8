"""Socket Mode: up to ten WebSocket connections an app, served in turn.

docs: apis/events-api/using-socket-mode
"""

import asyncio
import contextlib
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from app.playground.delivery.envelope import ACK_WITHIN, Ack, Envelope
from app.playground.model import Json
from app.playground.registration import App

CONNECTIONS_MAX = 10
PING_EVERY = 5.0
WARN_BEFORE = 10.0
CONNECTION_SECONDS = 5 * 3600.0


@dataclass(eq=False)
class Connection:
    """One open socket and the envelopes on it that wait for an acknowledgement."""

    socket: web.WebSocketResponse
    app_id: str
    waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)

    async def say(self, message: Json) -> bool:
        """Send; false when the socket is gone."""
        try:
            await self.socket.send_json(message)
        except (ConnectionError, RuntimeError):
            return False
        return True

    def acknowledged(self, message: Json) -> None:
        waiter = self.waiting.pop(str(message.get("envelope_id", "")), None)
        if waiter is not None and not waiter.done():
            waiter.set_result(message.get("payload"))

    def gone(self) -> None:
        for waiter in self.waiting.values():
            if not waiter.done():
                waiter.set_exception(ConnectionError("the socket closed before it acknowledged"))
        self.waiting.clear()


class Sockets:
    """Every app's connections."""

    def __init__(self, connection_seconds: float = CONNECTION_SECONDS) -> None:
        self._connection_seconds = connection_seconds
        self._tickets: dict[str, App] = {}
        self._connections: dict[str, list[Connection]] = {}
        self._arrived = asyncio.Event()

    def ticket(self, app: App) -> str:
        """Make the secret part of a WebSocket URL, good for one connection."""
        ticket = uuid.uuid4().hex
        self._tickets[ticket] = app
        return ticket

    def connected(self, app: App) -> int:
        """Count the app's connections."""
        return len(self._connections.get(app.app_id, ()))

    def ever(self, app: App) -> bool:
        """Tell whether the app has ever been connected: an app that never came misses nothing."""
        return app.app_id in self._connections

    async def until_connected(self, app: App) -> None:
        """Wait until the app has a connection."""
        while not self.connected(app):
            await self._arrived.wait()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one connection for as long as it lasts."""
        app = self._tickets.pop(request.query.get("ticket", ""), None)
        if app is None:
            return web.json_response({"ok": False, "error": "invalid_ticket"}, status=403)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        connection = Connection(socket, app.app_id)
        peers = self._connections.setdefault(app.app_id, [])
        if len(peers) >= CONNECTIONS_MAX:
            await connection.say(_disconnect("too_many_websockets"))
            await socket.close()
            return socket
        await connection.say(_hello(app, len(peers) + 1, self._connection_seconds))
        peers.append(connection)
        self._arrived.set()
        self._arrived = asyncio.Event()
        keeper = asyncio.create_task(self._keep_alive(connection))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    with contextlib.suppress(ValueError, AttributeError):
                        connection.acknowledged(json.loads(message.data))
        finally:
            keeper.cancel()
            if connection in peers:
                peers.remove(connection)
            connection.gone()
        return socket

    async def deliver(self, app: App, envelope: Envelope) -> Ack:
        """Send an envelope on the next connection in turn, and wait up to 3 s for its acknowledgement.

        Where there is no connection just now, one that arrives within those 3 s serves.
        """
        began = time.perf_counter()
        try:
            async with asyncio.timeout(ACK_WITHIN):
                await self.until_connected(app)
                response = await self._send(self._next(app), envelope)
        except TimeoutError:
            return Ack(acked=False, ms=_since(began), reason="timeout")
        except ConnectionError as error:
            return Ack(acked=False, ms=_since(began), reason=str(error))
        return Ack(acked=True, ms=_since(began), response=response)

    async def drop(self, *, politely: bool = False) -> int:
        """Close every connection: at once, or with Slack's warnings first. Returns how many there were."""
        connections = [each for peers in self._connections.values() for each in peers]
        for connection in connections:
            if politely:
                await connection.say(_disconnect("warning"))
                await connection.say(_disconnect("refresh_requested"))
            else:
                self._connections[connection.app_id].remove(connection)
        await asyncio.gather(*(_close(connection) for connection in connections))
        return len(connections)

    def _next(self, app: App) -> Connection:
        peers = self._connections[app.app_id]
        peers.append(peers.pop(0))
        return peers[-1]

    async def _send(self, connection: Connection, envelope: Envelope) -> Any:
        envelope_id = str(uuid.uuid4())
        waiter: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        connection.waiting[envelope_id] = waiter
        message: Json = {
            "envelope_id": envelope_id,
            "type": envelope.kind,
            "accepts_response_payload": envelope.accepts_response,
            "payload": envelope.payload,
        }
        if envelope.kind == "events_api":
            message |= {"retry_attempt": envelope.retry_attempt, "retry_reason": envelope.retry_reason}
        try:
            if not await connection.say(message):
                raise ConnectionError("the socket was gone")
            return await waiter
        finally:
            connection.waiting.pop(envelope_id, None)

    async def _keep_alive(self, connection: Connection) -> None:
        """Ping as Slack does; near the end of a connection's life warn, then ask for a refresh and close."""
        ends = time.monotonic() + self._connection_seconds
        warned = False
        with contextlib.suppress(ConnectionError, RuntimeError):
            while (left := ends - time.monotonic()) > 0:
                await connection.socket.ping(f"Ping from playground {time.time():.3f}".encode())
                if left <= WARN_BEFORE and not warned:
                    warned = await connection.say(_disconnect("warning"))
                await asyncio.sleep(min(PING_EVERY, left))
            await connection.say(_disconnect("refresh_requested"))
            await connection.socket.close()


async def _close(connection: Connection) -> None:
    with contextlib.suppress(Exception):
        async with asyncio.timeout(0.3):
            await connection.socket.close(code=1001, message=b"going away")
    connection.gone()


def _hello(app: App, number: int, seconds: float) -> Json:
    return {
        "type": "hello",
        "num_connections": number,
        "connection_info": {"app_id": app.app_id},
        "debug_info": {"host": "playground", "build_number": 1, "approximate_connection_time": int(seconds)},
    }


def _disconnect(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "playground"}}


def _since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)
