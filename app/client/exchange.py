"""One call and its answer over HTTP, with an end that it cannot pass: not by a drip, a redirect or a flood.

The bytes are h11's; sockets are here, waiting in a thread or in an event loop. A connection that was kept open, and is
lost, is opened anew for a call that may be made twice.
"""

import asyncio
import select
import socket
import ssl
import time
from collections import deque
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import h11

from .refused import CannotTell

LARGEST = 64 * 1024
KEPT_OPEN = 16
PART = 16 * 1024
LOOPBACK = ("127.0.0.1", "localhost", "::1")
AWAY = (OSError, TimeoutError, asyncio.IncompleteReadError, h11.ProtocolError, ValueError)


class Answer(NamedTuple):
    """What was answered."""

    status: int
    content_type: str
    body: bytes


class Call(NamedTuple):
    """What is asked. `again`: it may be made twice."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    again: bool = True


class _Talk:
    """The protocol's side of one connection."""

    def __init__(self) -> None:
        self._http = h11.Connection(h11.CLIENT)
        self._head: h11.Response | None = None
        self._body = bytearray()

    def send(self, call: Call, host: str) -> bytes:
        headers = [("Host", host), *call.headers]
        if call.body:
            headers += [("Content-Length", str(len(call.body))), ("Content-Type", "application/json")]
        head = h11.Request(method=call.method, target=call.target, headers=headers)
        parts: list[h11.Event] = [
            head,
            *([h11.Data(data=call.body)] if call.body else []),
            h11.EndOfMessage(),
        ]
        return b"".join(self._http.send(part) or b"" for part in parts)

    def receive(self, data: bytes) -> Answer | None:
        """Take what came; gives the answer once it is whole. Raises ValueError for one that is too large."""
        if not data and self._head is None:
            raise ConnectionResetError("hung up")
        self._http.receive_data(data)
        while True:
            event = self._http.next_event()
            match event:
                case h11.NEED_DATA | h11.PAUSED:
                    return None
                case h11.Response():
                    self._head = event
                case h11.Data():
                    self._body += event.data
                    if len(self._body) > LARGEST:
                        raise ValueError("answers too much")
                case h11.EndOfMessage() if self._head is not None:
                    kinds = [value for name, value in self._head.headers if name == b"content-type"]
                    kind = kinds[0].decode("latin-1").partition(";")[0].strip().lower() if kinds else ""
                    return Answer(self._head.status_code, kind, bytes(self._body))
                case h11.ConnectionClosed():
                    raise ConnectionResetError("hung up")
                case _:
                    continue

    def again(self) -> bool:
        """Tell whether the connection may be used for another call, and get ready for it."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        if self._http.trailing_data[0]:
            return False  # more than was asked for
        self._http.start_next_cycle()
        self._head, self._body = None, bytearray()
        return True


class _Line(NamedTuple):
    """A connection to wait for in a thread."""

    socket: socket.socket
    talk: _Talk


class _AsyncLine(NamedTuple):
    """A connection to wait for in an event loop."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    talk: _Talk


class Exchange:
    """Calls to one server. Raises CannotTell for every answer that does not come whole and in time."""

    def __init__(self, url: str, timeout: float, ca: str | None = None) -> None:
        """`url`: https, or plain http to loopback; `ca`: a file of certificates to trust. Raises ValueError."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
        if not is_safe or parts.username or parts.query or parts.fragment or not url.isascii() or " " in url:
            raise ValueError(f"{url[:100]!r} should be the bot's address, such as https://jit.example.com")
        self.path = parts.path.rstrip("/")
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._host, self._named = host, parts.netloc
        self._tls = ssl.create_default_context(cafile=ca) if parts.scheme == "https" else None
        self._timeout = timeout
        self._idle: deque[_Line] = deque(maxlen=KEPT_OPEN)
        self._idle_async: WeakKeyDictionary[asyncio.AbstractEventLoop, deque[_AsyncLine]] = (
            WeakKeyDictionary()
        )

    # -- in a thread ---------------------------------------------------------------------------------

    def call(self, call: Call) -> Answer:
        """Call, and wait here."""
        ends = time.monotonic() + self._timeout
        try:
            line = self._kept_open() if call.again else None
            if line is not None:
                try:
                    return self._on(line, call, ends)
                except ConnectionError:
                    pass  # it was closed while nobody looked
            return self._on(self._open(ends), call, ends)
        except AWAY as error:
            raise CannotTell(f"{self._named}: {type(error).__name__}: {error}"[:300]) from error

    def _on(self, line: _Line, call: Call, ends: float) -> Answer:
        is_kept = False
        try:
            line.socket.settimeout(_left(ends))
            line.socket.sendall(line.talk.send(call, self._named))
            answer = None
            while answer is None:
                line.socket.settimeout(_left(ends))
                answer = line.talk.receive(line.socket.recv(PART))
            is_kept = line.talk.again() and len(self._idle) < KEPT_OPEN
            return answer
        finally:
            if is_kept:
                self._idle.append(line)
            else:
                line.socket.close()

    def _open(self, ends: float) -> _Line:
        opened = socket.create_connection((self._host, self._port), timeout=_left(ends))
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is None:
                return _Line(opened, _Talk())
            opened.settimeout(_left(ends))
            return _Line(self._tls.wrap_socket(opened, server_hostname=self._host), _Talk())
        except BaseException:
            opened.close()
            raise

    def _kept_open(self) -> _Line | None:
        while True:
            try:
                line = self._idle.pop()
            except IndexError:
                return None
            poll = select.poll()
            poll.register(line.socket, select.POLLIN)
            if not poll.poll(0):
                return line
            line.socket.close()  # something came that nobody asked for, most often its end

    # -- in an event loop ----------------------------------------------------------------------------

    async def call_async(self, call: Call) -> Answer:
        """Call, beside other things."""
        try:
            async with asyncio.timeout(self._timeout):
                line = self._kept_open_async() if call.again else None
                if line is not None:
                    try:
                        return await self._on_async(line, call)
                    except ConnectionError:
                        pass  # it was closed while nobody looked
                return await self._on_async(await self._open_async(), call)
        except AWAY as error:
            raise CannotTell(f"{self._named}: {type(error).__name__}: {error}"[:300]) from error

    async def _on_async(self, line: _AsyncLine, call: Call) -> Answer:
        is_kept = False
        idle = self._idle_async.setdefault(asyncio.get_running_loop(), deque())
        try:
            line.writer.write(line.talk.send(call, self._named))
            answer = None
            while answer is None:
                answer = line.talk.receive(await line.reader.read(PART))
            is_kept = line.talk.again() and len(idle) < KEPT_OPEN
            return answer
        finally:
            if is_kept:
                idle.append(line)
            else:
                line.writer.close()

    async def _open_async(self) -> _AsyncLine:
        named: dict[str, Any] = {"server_hostname": self._host} if self._tls else {}
        reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls, **named)
        return _AsyncLine(reader, writer, _Talk())

    def _kept_open_async(self) -> _AsyncLine | None:
        idle = self._idle_async.get(asyncio.get_running_loop())
        while idle:
            line = idle.pop()
            if not line.reader.at_eof() and not line.writer.is_closing():
                return line
            line.writer.close()
        return None

    # -- both ----------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the connections that are kept open in threads."""
        while self._idle:
            self._idle.pop().socket.close()

    async def aclose(self) -> None:
        """Close all connections that are kept open, those of this event loop too."""
        self.close()
        for line in self._idle_async.pop(asyncio.get_running_loop(), ()):
            line.writer.close()


def _left(ends: float) -> float:
    """Give the seconds that are left. Raises TimeoutError when none are."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("did not answer in time")
    return left
