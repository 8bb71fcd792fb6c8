"""Socket Mode: up to ten WebSocket connections an app, served in turn.

An envelope may be acknowledged on any of its app's connections, as by an app that has just changed from one
to another. docs: apis/events-api/using-socket-mode
"""

import asyncio
import contextlib
import json
import time
import uuid
from typing import Any

from aiohttp import WSMsgType, web

from app.playground.delivery.connection import Connection, disconnect, hello
from app.playground.delivery.envelope import ACK_WITHIN, Ack, Envelope
from app.playground.model import Json
from app.playground.registration import App

CONNECTIONS_MAX = 10
PING_EVERY = 5.0
WARN_BEFORE = 10.0
CONNECTION_SECONDS = 5 * 3600.0
MOVE_WITHIN = 0.5


class Sockets:
    """Every app's connections, and the envelopes that wait for an acknowledgement."""

    def __init__(
        self, connection_seconds: float = CONNECTION_SECONDS, ack_within: float | None = None
    ) -> None:
        self._connection_seconds = connection_seconds
        self._ack_within = ack_within
        self._tickets: dict[str, App] = {}
        self._connections: dict[str, list[Connection]] = {}
        self._waiting: dict[str, asyncio.Future[Any]] = {}
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
        with contextlib.suppress(ConnectionError):
            await socket.prepare(request)
            await self._hold(Connection(socket, app.app_id))
        return socket

    async def deliver(self, app: App, envelope: Envelope) -> Ack:
        """Send an envelope on the next connection in turn, and wait up to 3 s for its acknowledgement.

        Where there is no connection just now, one that arrives within that time serves.
        """
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self._ack_within or ACK_WITHIN):
                response = await self._send(await self._next(app), envelope)
        except TimeoutError:
            reason = "timeout" if self.connected(app) else "no connection"
            return Ack(acked=False, ms=_since(began), reason=reason)
        except ConnectionError as error:
            return Ack(acked=False, ms=_since(began), reason=str(error))
        return Ack(acked=True, ms=_since(began), response=response)

    def refresh(self) -> int:
        """Let every connection grow old: warned now, asked to refresh and closed a little later."""
        connections = self._all()
        for connection in connections:
            connection.aged.set()
        return len(connections)

    async def drop(self) -> int:
        """Close every connection at once, without a word."""
        connections = self._all()
        for peers in self._connections.values():
            peers.clear()
        await asyncio.gather(*(connection.close() for connection in connections))
        return len(connections)

    def _all(self) -> list[Connection]:
        return [each for peers in self._connections.values() for each in peers]

    async def _hold(self, connection: Connection) -> None:
        peers = self._connections.setdefault(connection.app_id, [])
        if len(peers) >= CONNECTIONS_MAX:
            await connection.say(disconnect("too_many_websockets"))
            await connection.close()
            return
        await connection.say(hello(connection.app_id, len(peers) + 1, self._connection_seconds))
        peers.append(connection)
        self._arrived.set()
        self._arrived = asyncio.Event()
        keeper = asyncio.create_task(self._keep(connection))
        try:
            async for message in connection.socket:
                if message.type is WSMsgType.TEXT:
                    self._acknowledge(message.data)
        finally:
            keeper.cancel()
            if connection in peers:
                peers.remove(connection)
            asyncio.get_running_loop().call_later(MOVE_WITHIN, self._abandon, connection.carried)

    def _acknowledge(self, text: str) -> None:
        with contextlib.suppress(ValueError, AttributeError):
            message = json.loads(text)
            waiter = self._waiting.get(str(message.get("envelope_id", "")))
            if waiter is not None and not waiter.done():
                waiter.set_result(message.get("payload"))

    def _abandon(self, envelope_ids: set[str]) -> None:
        """Give up on what a closed connection carried, and its app has acknowledged nowhere else."""
        for waiter in (self._waiting.get(envelope_id) for envelope_id in envelope_ids):
            if waiter is not None and not waiter.done():
                waiter.set_exception(ConnectionError("the socket closed before it acknowledged"))

    async def _next(self, app: App) -> Connection:
        """Wait for a connection; one that was warned serves only if no newer one comes soon."""
        await self.until_connected(app)
        if all(each.aged.is_set() for each in self._connections[app.app_id]):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), MOVE_WITHIN)
            await self.until_connected(app)
        peers = self._connections[app.app_id]
        chosen = next((each for each in peers if not each.aged.is_set()), peers[0])
        peers.remove(chosen)
        peers.append(chosen)
        return chosen

    async def _send(self, connection: Connection, envelope: Envelope) -> Any:
        envelope_id = str(uuid.uuid4())
        waiter: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = waiter
        connection.carried.add(envelope_id)
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
            del self._waiting[envelope_id]
            connection.carried.discard(envelope_id)

    async def _keep(self, connection: Connection) -> None:
        """Ping as Slack does; near the end of a connection's life warn, later ask for a refresh and close."""
        notice = min(WARN_BEFORE, self._connection_seconds)
        ends = time.monotonic() + self._connection_seconds - notice
        with contextlib.suppress(ConnectionError, RuntimeError):
            while (left := ends - time.monotonic()) > 0 and not connection.aged.is_set():
                await connection.socket.ping(f"Ping from playground {time.time():.3f}".encode())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(PING_EVERY, left)):
                        await connection.aged.wait()
            connection.aged.set()
            await connection.say(disconnect("warning"))
            await asyncio.sleep(notice)
            await connection.say(disconnect("refresh_requested"))
            under_way = [self._waiting[each] for each in connection.carried if each in self._waiting]
            if under_way:
                await asyncio.wait(under_way, timeout=self._ack_within or ACK_WITHIN)
            await connection.close()


def _since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)
