"""The receiver of docs/webhook.md as a process of its own, and a service on loopback that behaves as a test says."""

import asyncio
import base64
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from aiohttp import web

from app.child import DIES_WITH_PARENT
from app.connectors.webhook.signing import signed

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
DOCS = Path(__file__).parents[2] / "docs/webhook.md"
Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextmanager
def documented_receiver(folder: Path) -> Iterator[int]:
    """Run the example of the docs, word for word; gives its port."""
    found = re.search(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert found
    file = folder / "receiver.py"
    file.write_text(found[1])
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    environment = {"PATH": os.environ["PATH"], "WEBHOOK_KEY": KEY, "PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, str(file)],
        env=environment,
        stderr=subprocess.DEVNULL,
        preexec_fn=DIES_WITH_PARENT,  # noqa: PLW1509  it calls prctl alone
    )
    try:
        _wait(process, port)
        yield port
    finally:
        process.kill()
        process.wait(10)


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    ends = time.monotonic() + 20
    while True:
        assert process.poll() is None
        assert time.monotonic() < ends
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


def asked_of_receiver(port: int) -> list[str]:
    """Ask a documented receiver, as the tests' own, for the keys of what stands."""
    body = json.dumps({"call": "list"}).encode()
    headers = signed([base64.b64decode(KEY.removeprefix("whsec_"))], body, datetime.now(UTC))
    with urlopen(Request(f"http://127.0.0.1:{port}/", body, headers), timeout=20) as answer:
        return [each["key"] for each in json.load(answer)["grants"]]


@asynccontextmanager
async def service(behave: Behaviour, host: str = "127.0.0.1", **site: Any) -> AsyncIterator[int]:
    """Serve on loopback; gives the port."""
    app = web.Application(client_max_size=20 * 1024 * 1024)
    app.router.add_route("*", "/{rest:.*}", behave)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    listener = web.TCPSite(runner, host, 0, **site)
    await listener.start()
    try:
        yield listener._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    finally:
        await asyncio.wait_for(runner.cleanup(), 5)
