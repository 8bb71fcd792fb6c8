"""Waiting for access: until it is settled, a signal comes, or time is up; what nobody waits for is taken back."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from typing import Any

from app.cli.api.client import LONGEST_WAIT, Api, Refusal
from app.cli.api.telling import plain

Json = dict[str, Any]
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
ENDING = FORWARDED[:4]
ASKS_AGAIN_AFTER = 2.0


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
    """Wait until it is settled; None when a signal, which is left in the queue, or so many seconds came first.

    What is not waited for to its end, also because the server refuses to tell of it, is taken back. Raises Refusal.
    """
    settled = asyncio.create_task(_settled(api, asked["id"]))
    signalled = asyncio.create_task(stopped.get())
    try:
        await asyncio.wait({settled, signalled}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        told = settled.done()
        if told and not settled.exception():
            return settled.result()
        settled.cancel()  # it would be told of what is done now
        if signalled.done():
            stopped.put_nowait(signalled.result())
        await _take_back(api, asked["id"])
        return settled.result() if told else None
    finally:
        settled.cancel()
        signalled.cancel()


async def _settled(api: Api, request_id: str) -> Json:
    """Wait until a request is settled, past a server that is away for a while. Raises Refusal."""
    is_told = False
    while True:
        try:
            found = await api.get(f"/v1/requests/{request_id}", wait=LONGEST_WAIT)
        except Refusal as refusal:
            if not refusal.may_pass:
                raise
            if not is_told:
                say(f"{request_id}: it is not known how it stands ({refusal}); it is asked on and on")
            is_told = True
            await asyncio.sleep(ASKS_AGAIN_AFTER)
            continue
        is_told = False
        if found["settled"]:
            return found


async def _take_back(api: Api, request_id: str) -> None:
    """Cancel what nobody waits for any more; access that came in the same moment is given back. Tells what is so."""
    try:
        if await _could(api, request_id, "cancel"):
            say(f"{request_id}: cancelled")
        elif await _could(api, request_id, "done"):
            say(f"{request_id}: access had come, and is given back")
        else:
            found = await api.get(f"/v1/requests/{request_id}")
            say(f"{request_id}: {found['state'].replace('_', ' ')}")
    except Refusal as refusal:
        say(
            f"{request_id}: not known to be taken back ({refusal}); `jit cancel {request_id}` takes it back, and "
            f"`jit done {request_id}` the access if that has come"
        )


async def _could(api: Api, request_id: str, verb: str) -> bool:
    """Do something, and tell whether it was in a state for it. Raises Refusal for anything else."""
    try:
        await api.post(f"/v1/requests/{request_id}/{verb}")
    except Refusal as refusal:
        if refusal.code != "wrong_state":
            raise
        return False
    return True


def say(text: str) -> None:
    """Tell how it goes, on stderr: stdout is for what was asked to be shown, or the command's.

    Where nobody reads it any more, as the terminal is gone, what is to be done is done nonetheless.
    """
    with contextlib.suppress(OSError):
        print(f"jit: {plain(text)}", file=sys.stderr, flush=True)  # noqa: T201
