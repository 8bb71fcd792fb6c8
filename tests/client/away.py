"""Servers on loopback that answer as a bot should not: canned bytes, drips (of the body), and nothing at all."""

import contextlib
import json
import re
import socket
import threading
import time


class Behaving:
    """Answers each call with the next of its answers, the last one again and again."""

    def __init__(self, answers, pause, drip):
        self._answers = answers
        self._pause = pause
        self._drip = drip
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._closing = threading.Event()
        self.calls = []
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def _serve(self):
        while not self._closing.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with contextlib.suppress(OSError), connection:
            while head := _head(connection):
                self.calls.append(head)
                answer = self._answers[min(len(self.calls), len(self._answers)) - 1]
                if answer is None:
                    return
                self._closing.wait(self._pause)
                for part in _dripping(answer) if self._drip else [answer]:
                    connection.sendall(part)
                    if self._drip and self._closing.wait(self._drip):
                        return
                if b"close" in answer:
                    return

    def close(self):
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)


def behaving(*answers, pause=0.0, drip=0.0):
    return Behaving(answers, pause, drip)


def http(status, body, kind="application/json", **headers):
    """Make an answer; a body that is not bytes is written as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n{more}\r\n"
    return head.encode() + content


def within(seconds):
    """Tell whether what is done until it is asked again took no longer."""
    began = time.monotonic()
    return lambda: time.monotonic() - began < seconds


def _dripping(answer):
    head, end, body = answer.partition(b"\r\n\r\n")
    return [head + end, *(body[n : n + 1] for n in range(len(body)))]


def _head(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(4096)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]) and (part := connection.recv(4096)):
        body += part
    return head + b"\r\n\r\n" + body
