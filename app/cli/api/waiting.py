"""Waiting for access: until it is settled, a signal comes, or time is up; what nobody waits for is taken back."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from typing import Any

from app.cli.api.client import Api, Refusal
from app.cli.api.telling import plain

Json = dict[str, Any]
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
ENDING = FORWARDED[:4]


@contextlib.contextmanager
def caught(numbers: tuple[signal.Signals, ...] = FORWARDED) -> Iterator["asyncio.Queue[int]"]:
    """Catch signals into a queue, so that none of them keeps what was asked for from being taken back."""
    queue: asyncio.Queue[int] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in numbers:
        loop.add_signal_handler(number, queue.put_nowait, number)
    try:
        yield queue
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def wait_for_it(
    api: Api, asked: Json, stopped: "asyncio.Queue[int]", within: float | None = None
) -> Json | None:
    """Wait until it is settled; None when a signal, which is left in the queue, or so many seconds came first."""
    settled = asyncio.create_task(api.settled(asked["id"]))
    signalled = asyncio.create_task(stopped.get())
    try:
        await asyncio.wait({settled, signalled}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        if settled.done():
            return settled.result()
        if signalled.done():
            stopped.put_nowait(signalled.result())
        return None
    finally:
        settled.cancel()
        signalled.cancel()


async def take_back(api: Api, request_id: str) -> None:
    """Cancel what nobody waits for any more; access that came in the same moment is given back."""
    try:
        await api.post(f"/v1/requests/{request_id}/cancel")
    except Refusal:
        with contextlib.suppress(Refusal):
            await api.post(f"/v1/requests/{request_id}/done")
    say(f"{request_id}: cancelled")


def say(text: str) -> None:
    """Tell how it goes, on stderr: stdout is for what was asked to be shown, or the command's."""
    print(f"jit: {plain(text)}", file=sys.stderr, flush=True)  # noqa: T201
